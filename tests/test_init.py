import pytest
from repository import ROOT

import mmgreen


def test_config_file_is_the_absolute_path_of_the_real_file():
    shipped = sorted((ROOT / 'configs').rglob('*.py'))
    assert shipped
    for path in shipped:
        name = path.relative_to(ROOT / 'configs').as_posix()
        assert mmgreen.config_file(name) == str(path)


def test_config_file_names_the_nearest_configs():
    with pytest.raises(FileNotFoundError) as error:
        mmgreen.config_file('greenmim/swin_b_pretrian.py')
    sentence = str(error.value)
    assert "'greenmim/swin_b_pretrian.py'" in sentence
    assert 'greenmim/swin_b_pretrain.py' in sentence
    assert '\n' not in sentence


@pytest.mark.parametrize('name', ['', 'greenmim', '../setup.py', '/etc/hosts', 'zzzzzzzz'])
def test_config_file_refuses_what_is_no_shipped_config(name):
    with pytest.raises(FileNotFoundError, match='ships no config named'):
        mmgreen.config_file(name)
