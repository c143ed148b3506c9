"""How a tool ends: in one sentence where the user can mend something, else with its trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.logging import MMLogger

from mmgreen.errors import InputError


@contextmanager
def ends_in_a_sentence(tool: str) -> Iterator[None]:
    """Turns what goes wrong inside into the end of a tool.

    Args:
        tool: its name, with which the sentence begins.

    Raises:
        SystemExit: for every :class:`~mmgreen.errors.InputError`, with its sentence and status 1.
        Exception: anything else, its trace behind one sentence that says so and where the log is.
    """
    try:
        yield
    except InputError as error:
        raise SystemExit(f'{tool}: {_sentence(_innermost(error))}') from error
    except Exception as error:
        log = _log_file()
        where = f'; the log of this run is {log}' if log else ''
        print(
            f'{tool}: {type(error).__name__}, which mmgreen did not foresee and whose trace '
            f'follows{where}.',
            file=sys.stderr,
        )
        raise


def _innermost(error: Exception) -> Exception:
    """The error itself, of which mmengine's registries raise a copy behind the name of a class."""
    inner = error.__context__
    is_copy = type(inner) is type(error) and str(error).endswith(str(inner))
    return _innermost(inner) if is_copy else error


def _sentence(error: Exception) -> str:
    """The text of an error, without the trace that torch puts before it in a worker's."""
    text = str(error)
    if not text.startswith('Caught ') or 'Original Traceback' not in text:
        return text
    return text.rstrip().splitlines()[-1].partition(': ')[2]


def _log_file() -> str | None:
    """The file into which the current run logs, once there is one."""
    handlers = MMLogger.get_current_instance().handlers if MMLogger._instance_dict else ()
    return next((each.baseFilename for each in handlers if hasattr(each, 'baseFilename')), None)
