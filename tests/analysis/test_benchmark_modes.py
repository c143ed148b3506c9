import pytest
import torch

from mmgreen import config_file
from mmgreen.analysis import benchmark_modes
from mmgreen.analysis.benchmark import build_model, make_step
from mmgreen.analysis.benchmark_modes import benchmark
from mmgreen.analysis.measuring import peak_bytes

CONFIG = """
model = dict(
    type='mmgreen.MaskedAutoencoder',
    backbone=dict(
        type='mmgreen.GreenSwin',
        arch=dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8]),
    ),
    neck=dict(
        type='mmgreen.MIMDecoder', in_channels=64, embed_dim=16, num_heads=2, img_size=64
    ),
    head=dict(type='mmgreen.MIMHead'),
)
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'small.py'
    path.write_text(CONFIG)
    return str(path)


def peak_in_this_process(name, setting):
    step = make_step(build_model(name, setting), setting)
    return peak_bytes(lambda: step(setting.batch), setting.device)


@pytest.mark.parametrize('mode', ['train', 'plan', 'memory'])
def test_one_that_fails_keeps_no_other_from_being_measured(config, mode, capsys, monkeypatch):
    # A process for each, which takes ten seconds, is held in test_benchmark.py.
    monkeypatch.setattr(benchmark_modes, 'peak_of_step', peak_in_this_process)
    other = config_file('demo/vit_pretrain.py') if mode == 'plan' else f'{config}.gone'
    small = dict(sizes=[(64, 64)], batches=[2], turns=2, device='cpu')
    assert benchmark([other, config], mode, **small) == [other]
    said = capsys.readouterr().out
    assert (f'{other}' in said and f'{config}: ' in said) or mode == 'train'


def test_every_setting_is_measured(config, monkeypatch):
    seen = []
    monkeypatch.setitem(
        benchmark_modes.MODES, 'plan', lambda name, setting, *_: seen.append(setting)
    )
    benchmark(
        [config],
        'plan',
        batches=[1, 2],
        sizes=[(64, 64), (32, 64)],
        mask_ratios=[0.5],
        device='cpu',
        dtype='bf16',
    )
    assert {(each.batch, each.size) for each in seen} == {
        *((1, (64, 64)), (1, (32, 64)), (2, (64, 64)), (2, (32, 64)))
    }
    assert {(each.mask_ratio, each.dtype) for each in seen} == {(0.5, torch.bfloat16)}


def test_none_that_can_be_read_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match='No config can be read'):
        benchmark([str(tmp_path / 'gone.py')], device='cpu')
