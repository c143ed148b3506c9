"""Tries statements one after another, in a process of its own; stops at the first that fails.

``python -m mmgreen.check_env.trying '[["name", "code", "facts"], …]'`` prints a line of JSON for
each: the name, the seconds it took, its error or null, and the value of ``facts``, an expression.
"""

import gc
import json
import os
import sys
import time
import traceback


def main() -> None:
    """Prints a line for each that was tried; what the code itself prints goes elsewhere."""
    gc.disable()  # imports make much and drop little: a tenth of their time would go to looking
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    names: dict = {}
    for name, code, facts in json.loads(sys.argv[1]):
        begin = time.perf_counter()
        error = _failure(code, names)
        seconds = time.perf_counter() - begin
        told = {} if error else _told(facts, names)
        print(json.dumps([name, seconds, error, told]), file=answers, flush=True)
        if error:
            return


def _failure(code: str, names: dict) -> str | None:
    try:
        exec(code, names)
    except BaseException as error:  # a broken package may raise anything, SystemExit too
        return traceback.format_exception_only(error)[-1].strip().splitlines()[-1].strip()
    return None


def _told(facts: str, names: dict) -> dict:
    """The facts, {} where they cannot be told: of a GPU whose driver does not answer, say."""
    try:
        return eval(facts, names)
    except Exception:
        return {}


if __name__ == '__main__':
    main()
    # Not by Python's own end, which takes two seconds to free a gigabyte piece by piece.
    os._exit(0)
