"""How a tool ends: in one sentence where the user can mend something, else with its trace.

Nothing here imports torch: tools import this before they read their arguments.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmgreen.errors import InputError


class Terminated(KeyboardInterrupt):
    """SIGTERM, where it is to do what Ctrl-C does."""


@contextmanager
def ends_in_a_sentence(tool: str) -> Iterator[None]:
    """Turns what goes wrong inside into the end of a tool.

    Args:
        tool: its name, with which the sentence begins.

    Raises:
        SystemExit: for every :class:`~mmgreen.errors.InputError`, where a package cannot be
            imported and where a command that the tool ran failed, with a sentence and status 1.
        Exception: anything else, its trace behind one sentence that says so and where the log is.
    """
    try:
        yield
    except InputError as error:
        raise SystemExit(f'{tool}: {_sentence(_innermost(error))}') from error
    except subprocess.CalledProcessError as error:
        said = f': {error.stderr}' if error.stderr else ', and what it said is above.'
        sentence = f'{tool}: a command that it ran ended with {error.returncode}{said}'
        raise SystemExit(sentence) from error
    except Exception as error:
        if _is_of_the_environment(error):
            raise SystemExit(
                f'{tool}: {str(error).rstrip(".")}: a package is missing here or does not fit the '
                "others, and 'python -m mmgreen.check_env' says which and what mends it."
            ) from error
        log = _log_file()
        where = f'; the log of this run is {log}' if log else ''
        print(
            f'{tool}: {type(error).__name__}, which mmgreen did not foresee and whose trace '
            f'follows{where}.',
            file=sys.stderr,
        )
        raise


@contextmanager
def sigterm_interrupts(before: Callable[[], None] | None = None) -> Iterator[None]:
    """SIGTERM inside raises :class:`Terminated`, where it can be caught as Ctrl-C is.

    A second one ends the process at once.

    Args:
        before: called first: what passes the signal on to processes that were started.
    """

    def interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if before:
            before()
        raise Terminated

    earlier = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


@contextmanager
def goes_on_when_repeated(before: Callable[[], None] | None = None) -> Iterator[None]:
    """Ctrl-C and SIGTERM inside end a tool with a line that says how it is taken up again.

    Args:
        before: as of :func:`sigterm_interrupts`.

    Raises:
        SystemExit: with the status of the signal.
    """
    try:
        with sigterm_interrupts(before):
            yield
    except KeyboardInterrupt as interruption:
        print('Stopped; the same command goes on from here.', file=sys.stderr)
        raise SystemExit(status_of(interruption)) from interruption


def status_of(interruption: KeyboardInterrupt) -> int:
    """128 plus the number of the signal behind an interruption, the status shells know it by."""
    cause = interruption.__cause__ or interruption
    return 128 + (signal.SIGTERM if isinstance(cause, Terminated) else signal.SIGINT)


def _is_of_the_environment(error: Exception) -> bool:
    """Whether it came from packages that are missing, or of builds that do not fit one another."""
    if isinstance(error, ImportError):
        return not (error.name or '').startswith('mmgreen')
    # What torchvision of another build than torch's says when it is imported.
    return 'operator torchvision::nms does not exist' in str(error) or (
        'compiled with different CUDA' in str(error)
    )


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
    logging = sys.modules.get('mmengine.logging')  # a run that logs has imported it
    if logging is None or not logging.MMLogger._instance_dict:
        return None
    handlers = logging.MMLogger.get_current_instance().handlers
    return next((each.baseFilename for each in handlers if hasattr(each, 'baseFilename')), None)
