import pytest
import torch

import mmgreen
from mmgreen.benchmark import (
    Setting,
    Spread,
    build_model,
    compare,
    make_step,
    peak_of_step,
    table,
    time_planning,
)

CPU = torch.device('cpu')
CONFIG = """
model = dict(
    type='mmgreen.MaskedAutoencoder',
    mask_ratio=0.5,
    backbone=dict(
        type='mmgreen.GreenSwin',
        arch=dict(embed_dims={width}, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8]),
    ),
    neck=dict(
        type='mmgreen.MIMDecoder', in_channels={width} * 8, embed_dim=16, num_heads=2, img_size=64
    ),
    head=dict(type='mmgreen.MIMHead'),
)
"""


def write_config(tmp_path, width):
    path = tmp_path / f'width_{width}.py'
    path.write_text(CONFIG.replace('{width}', str(width)))
    return str(path)


def setting(mode='train', batch=2):
    return Setting(mode, batch, (64, 64), CPU, torch.float32)


def test_compare_measures_every_model(tmp_path):
    configs = [write_config(tmp_path, width) for width in (8, 16)]
    figures = compare(configs, setting(), turns=2)
    assert [f.name for f in figures] == configs
    assert figures[1].ratio == Spread(1.0, 1.0, 1.0)
    assert figures[0].gigamacs_per_image < figures[1].gigamacs_per_image
    assert figures[0].megabytes_per_image < figures[1].megabytes_per_image
    assert all(f.seconds.low > 0 and f.matrix_share > 0 for f in figures)
    text = table(figures)
    assert text.count('\n') == 3 and configs[0] in text


def test_planning_takes_time_and_leaves_the_threads_as_they_were(tmp_path):
    threads = torch.get_num_threads()
    spread = time_planning(write_config(tmp_path, 8), (64, 96), turns=3)
    assert 0 < spread.low <= spread.median <= spread.high < 1000
    assert torch.get_num_threads() == threads


def test_spread_is_median_and_extremes():
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    with pytest.raises(Exception, match='no median'):
        Spread.of([])


DETECTOR = """
_base_ = [__import__('mmgreen').config_file('demo/swin_mask_rcnn.py')]
model = dict(test_cfg=dict(rcnn=dict(score_thr=0.0, max_per_img=3)))
"""


@pytest.mark.parametrize('mode', ['train', 'forward'])
def test_a_step_of_a_detector_reaches_the_heads(tmp_path, mode):
    path = tmp_path / 'detector.py'
    path.write_text(DETECTOR)
    model = build_model(str(path), CPU)
    seen = []
    model.roi_head.mask_head.register_forward_hook(lambda *_: seen.append(mode))
    make_step(model, setting(mode))(1)
    assert seen


def test_the_peak_of_a_step_grows_with_the_batch(tmp_path):
    path = write_config(tmp_path, 64)
    small, large = (peak_of_step(path, setting(batch=batch)) for batch in (1, 400))
    assert large > small + 50 * 2**20


def test_a_step_that_fails_in_its_process_is_named(tmp_path):
    path = tmp_path / 'no_model.py'
    path.write_text("model = dict(type='mmgreen.Nothing')")
    with pytest.raises(RuntimeError, match='no_model.py failed'):
        peak_of_step(str(path), setting())


@pytest.mark.parametrize(
    ('ours', 'peers', 'mode'),
    [
        ('benchmarks/hiera_b_mae', ('official_hiera_b_mae', 'huggingface_hiera_b_mae'), 'train'),
        (
            'hiera/hiera_b_finetune',
            ('official_hiera_b', 'timm_hiera_b', 'huggingface_hiera_b'),
            'forward',
        ),
    ],
)
def test_peers_of_hiera_are_as_large_and_do_a_step(ours, peers, mode):
    sizes = []
    for name in (ours, *(f'benchmarks/{peer}' for peer in peers)):
        model = build_model(mmgreen.config_file(f'{name}.py'), CPU)
        sizes.append(sum(p.numel() for p in model.parameters() if p.requires_grad))
        make_step(model, Setting(mode, 1, (224, 224), CPU, torch.float32))(1)
    assert len(set(sizes)) == 1
