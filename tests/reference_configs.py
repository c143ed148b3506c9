"""Starters, as a user copies them, and the metafiles beside configs."""

import re
from functools import cache

import yaml
from mmengine.config import Config


@cache
def metafile_of(folder):
    """What a method's metafile says; to read one takes as long as to read ten configs."""
    return yaml.safe_load((folder / 'metafile.yml').read_text())


def copy_starter(file, folder, **values):
    """The config of a copy of ``file`` with other values at its top."""
    text = file.read_text()
    for name, value in values.items():
        text, count = re.subn(rf'^{name} = [^#\n]*', f'{name} = {value!r}  ', text, flags=re.M)
        assert count == 1
    (folder / 'mine.py').write_text(text)
    return Config.fromfile(folder / 'mine.py')
