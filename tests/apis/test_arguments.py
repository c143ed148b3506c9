import argparse
import os

import pytest

from mmgreen import config_file
from mmgreen.apis.arguments import add_cfg_options, add_config, add_launcher, config_path, parse

NAME = 'greenmim/swin_t_pretrain.py'


@pytest.mark.parametrize('text', [NAME, f'configs/{NAME}'])
def test_a_config_of_ours_is_named_in_short(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config_path(text) == config_file(NAME)


def test_a_file_that_is_there_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'greenmim').mkdir()
    (tmp_path / NAME).touch()
    assert config_path(NAME) == NAME
    assert config_path(f'configs/{NAME}') == config_file(NAME)


def test_what_is_neither_stays_as_it_was_typed():
    assert config_path('gone/nothing.py') == 'gone/nothing.py'


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser('tool')
    add_config(parser)
    add_cfg_options(parser)
    add_launcher(parser)
    return parser


def test_options_of_a_config_become_a_dict(parser):
    line = 'C --cfg-options a.b=1 c=[1,x] --cfg-options d=(1.5,None) e=a=b a.b=2'
    args = parse(parser, line.split())
    assert args.cfg_options == {'a.b': 2, 'c': [1, 'x'], 'd': (1.5, None), 'e': 'a=b'}
    assert parse(parser, ['C']).cfg_options is None


@pytest.mark.parametrize('pair', ['train_cfg.max_epochs', 'a=[1,(2]'])
def test_what_is_no_option_of_a_config_is_refused(parser, pair, capsys):
    with pytest.raises(SystemExit) as end:
        parse(parser, ['C', '--cfg-options', pair])
    assert end.value.code == 2
    assert 'argument --cfg-options' in capsys.readouterr().err


def test_the_number_of_a_process_goes_where_mmengine_looks(parser, monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    args = parse(parser, ['C', '--local-rank', '3', '--launcher', 'pytorch'])
    assert os.environ.pop('LOCAL_RANK') == '3'
    assert vars(args) == dict(config='C', cfg_options=None, launcher='pytorch')
