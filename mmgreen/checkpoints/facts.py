"""What a checkpoint says of the training that wrote it, as plain values that nothing executes.

They stand in ``meta['mmgreen']`` of the file. mmengine keeps the text of the config there, which is
code; what tools need to know is kept beside it as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = 'mmgreen'


def facts_in(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in the content of a checkpoint; empty where mmgreen did not write it."""
    meta = checkpoint.get('meta')
    facts = meta.get(KEY) if isinstance(meta, Mapping) else None
    return dict(facts) if isinstance(facts, Mapping) else {}


def plain(value: Any) -> Any:
    """A value of a config as lists, dicts, numbers and texts, which every reader accepts."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value if isinstance(value, int | float | bool | None) else str(value)
