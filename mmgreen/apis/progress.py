"""How far a long row of things is: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import track

SECONDS_BETWEEN_LINES = 20
Item = TypeVar('Item')


def progress(items: Iterable[Item], title: str, total: int) -> Iterator[Item]:
    """The items, one by one.

    Args:
        items: what is worked on between two of them.
        title: before the bar, or in each line.
        total: how many there are.
    """
    if sys.stdout.isatty():
        yield from track(items, title, total, transient=True)
        return
    said = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - said > SECONDS_BETWEEN_LINES and done < total:
            said = time.monotonic()
            print(f'{title}: {done} of {total}', flush=True)
