"""CONTRIBUTING.md against the files."""

import re

from repository import ROOT

TEXT = (ROOT / 'CONTRIBUTING.md').read_text()


def test_everything_that_the_table_names_exists():
    table = TEXT.split('## I want to change')[1]
    named = [name for name in re.findall(r'`([\w./]+)`', table) if '/' in name]
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_rooms_are_the_folders_of_the_package():
    listed = re.findall(r'^ {8}(\w+)/ ', TEXT.split('## Rooms')[1], re.M)
    folders = {path.parent.name for path in (ROOT / 'mmgreen').glob('*/__init__.py')}
    assert sorted(listed) == sorted(folders)
