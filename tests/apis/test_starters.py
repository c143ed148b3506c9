import re

import pytest
from mmengine.config import Config
from repository import ROOT

import mmgreen.registry  # noqa: F401
from mmgreen import config_file, config_names
from mmgreen.apis.starters import copy_config

RUNNABLE = [name for name in config_names() if not name.startswith('_base_')]
STARTERS = [name for name in RUNNABLE if 'own_' in name]
RELATIVE = 'greenmim/swin_t_mask_rcnn_coco.py'


@pytest.mark.parametrize('name', [*STARTERS, RELATIVE, 'hiera/hiera_t_finetune.py'])
def test_a_copy_is_the_same_config(name, tmp_path):
    written = copy_config(name, tmp_path / 'my.py')
    assert written == tmp_path / 'my.py'
    assert Config.fromfile(written).to_dict() == Config.fromfile(config_file(name)).to_dict()


def test_no_copy_looks_beside_itself(tmp_path):
    changed = 0
    for name in RUNNABLE:
        text = copy_config(name, tmp_path / name.replace('/', '_')).read_text()
        bases = re.findall(r'^_base_ = .*?(?=^\S|\Z)', text, re.M | re.S)
        for base in re.findall(r"'([^']*\.py)'(?!\))", ''.join(bases)):
            assert base.startswith(('mmdet::', 'mmpretrain::')), (name, base)
        changed += text != (ROOT / 'configs' / name).read_text()
    assert changed > 20


def test_starters_stay_as_they_are(tmp_path):
    assert STARTERS
    for name in STARTERS:
        assert copy_config(name, tmp_path).read_text() == (ROOT / 'configs' / name).read_text()
        assert (tmp_path / name.split('/')[1]).is_file()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / 'my.py').write_text('mine')
    with pytest.raises(FileExistsError, match=r'my\.py exists'):
        copy_config(STARTERS[0], tmp_path / 'my.py')
    assert (tmp_path / 'my.py').read_text() == 'mine'


def test_what_cannot_be_copied(tmp_path):
    with pytest.raises(FileNotFoundError, match='ships no config named'):
        copy_config('greenmim/nothing.py', tmp_path)
    with pytest.raises(FileNotFoundError, match='There is no folder'):
        copy_config(STARTERS[0], tmp_path / 'gone/my.py')
