"""What lies beside a set that was made here: how it was made, and whose photographs it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmgreen.demo.photographs import LICENCES, PHOTOGRAPHS
from mmgreen.errors import ExistingFileError

LISTING = 'photographs.json'


def earlier_settings(root: Path, made_by: str) -> dict[str, Any] | None:
    """Settings of the set that ``made_by`` wrote into the folder, None if it did not."""
    try:
        listing = json.loads((root / LISTING).read_text(encoding='utf-8'))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    ours = isinstance(listing, dict) and listing.get('made_by') == made_by
    return listing.get('settings') if ours else None


def check_folder(
    root: Path, earlier: dict[str, Any] | None, settings: dict[str, Any], overwrite: bool
) -> None:
    """Refuses a folder that holds other things than a set with these settings.

    Args:
        root: the folder.
        earlier: of :func:`earlier_settings`.
        settings: of the set that is to be written.
        overwrite: whether one with other settings may be replaced.

    Raises:
        ExistingFileError: if it does.
    """
    if earlier is None:
        if root.exists() and not (root.is_dir() and not any(root.iterdir())):
            raise ExistingFileError(
                f'{root} is not an empty folder and holds no demo data: name another folder.'
            )
    elif earlier != settings and not overwrite:
        raise ExistingFileError(
            f'{root} holds demo data made with other settings ({earlier}): '
            f'name another folder, or replace it with overwrite=True (--overwrite).'
        )


def write_listing(
    root: Path,
    made_by: str,
    settings: dict[str, Any],
    changes: str,
    shown: dict[str, dict[str, str]],
) -> None:
    """Writes how the set was made, its photographs with their terms, and which file shows which.

    Args:
        root: the folder.
        made_by: which function writes the set.
        settings: of the set.
        changes: what was done to the photographs, as their licences want it said.
        shown: by split, then by file, the file of the photograph.
    """
    used = {file for files in shown.values() for file in files.values()}
    content = {
        'made_by': made_by,
        'settings': settings,
        'changes': changes,
        'photographs': [
            {
                'file': photograph.file,
                'package': photograph.package,
                'split': photograph.split,
                'author': photograph.author,
                'licence': photograph.licence,
                'terms': LICENCES[photograph.licence],
                'source': photograph.source,
            }
            for photograph in PHOTOGRAPHS
            if photograph.file in used
        ],
        'images': shown,
    }
    write_json(root / LISTING, content)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a file, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
