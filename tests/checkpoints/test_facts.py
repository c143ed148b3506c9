from pathlib import Path

import torch
from mmengine.config import ConfigDict

from mmgreen.checkpoints.facts import facts_in, plain


def test_plain_values_need_no_trust_to_be_read(tmp_path):
    config = ConfigDict(model=dict(type=dict, sizes=(1, (2, 3.5))), on=True, off=None)
    torch.save(dict(meta=dict(mmgreen=plain(config))), tmp_path / 'made.pth')
    read = torch.load(tmp_path / 'made.pth', weights_only=True)
    facts = {'model': {'type': "<class 'dict'>", 'sizes': [1, [2, 3.5]]}, 'on': True, 'off': None}
    assert facts_in(read) == facts


def test_what_is_not_plain_becomes_a_text():
    assert plain({1: Path('a'), 'b': torch.float32}) == {'1': 'a', 'b': 'torch.float32'}


def test_files_of_others_have_no_facts():
    for content in ({}, dict(meta=None), dict(meta=dict(mmgreen=3)), dict(meta=dict(epoch=1))):
        assert facts_in(content) == {}
