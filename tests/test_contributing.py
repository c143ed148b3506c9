"""CONTRIBUTING.md's table of files against the files."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def named():
    table = (ROOT / 'CONTRIBUTING.md').read_text().split('## I want to change')[1]
    return {name for name in re.findall(r'`([\w./]+)`', table) if '/' in name}


def test_everything_that_the_table_names_exists():
    assert [name for name in named() if not (ROOT / name).exists()] == []


def test_the_table_names_every_file_of_the_package():
    files = [path.relative_to(ROOT) for path in (ROOT / 'mmgreen').rglob('*.py')]
    files = [path for path in files if path.parts[1] not in ('.mim', 'configs')]
    missing = [
        path.as_posix()
        for path in files
        if path.name != '__init__.py' and not any(path.is_relative_to(name) for name in named())
    ]
    assert missing == []
