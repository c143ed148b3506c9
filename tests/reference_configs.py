"""Starters, as a user copies them."""

import re

from mmengine.config import Config


def copy_starter(file, folder, **values):
    """The config of a copy of ``file`` with other values at its top."""
    text = file.read_text()
    for name, value in values.items():
        text, count = re.subn(rf'^{name} = [^#\n]*', f'{name} = {value!r}  ', text, flags=re.M)
        assert count == 1
    (folder / 'mine.py').write_text(text)
    return Config.fromfile(folder / 'mine.py')
