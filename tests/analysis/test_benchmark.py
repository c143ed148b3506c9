import multiprocessing

import pytest
import torch
from mmengine.config import Config

import mmgreen
from mmgreen.analysis.benchmark import (
    Failure,
    Setting,
    Spread,
    build_model,
    common_size,
    compare,
    make_step,
    peak_of_step,
    readable,
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


def setting(mode='train', batch=2, size=(64, 64), ratio=None):
    return Setting(mode, batch, size, CPU, torch.float32, ratio)


def test_compare_measures_every_model(tmp_path):
    configs = [write_config(tmp_path, width) for width in (8, 16)]
    figures = compare(configs, setting(), turns=2)
    assert [f.name for f in figures] == configs
    assert figures[1].ratio == Spread(1.0, 1.0, 1.0)
    assert figures[0].gigamacs_per_image < figures[1].gigamacs_per_image
    assert figures[0].megabytes_per_image < figures[1].megabytes_per_image
    assert all(f.seconds.low > 0 and f.matrix_share > 0 for f in figures)
    assert all(f.setting == setting() for f in figures)


def test_a_config_that_fails_is_reported_and_the_others_go_on(tmp_path, monkeypatch):
    good = write_config(tmp_path, 8)
    bad = tmp_path / 'bad.py'
    bad.write_text("model = dict(type='mmgreen.Nothing')")
    late = write_config(tmp_path, 16)
    calls = []

    def fail_late(model, where):
        step = make_step(model, where)

        def run(batch):
            calls.append(model)
            if model.backbone.embed_dims == 16 and len(calls) > 4:
                raise MemoryError('not enough\nof it')
            step(batch)

        return run

    monkeypatch.setattr('mmgreen.analysis.benchmark.make_step', fail_late)
    missing = str(tmp_path / 'missing.py')
    first, second, third, fourth = compare([good, str(bad), missing, late], setting(), turns=3)
    assert first.name == good and first.ratio == Spread(1.0, 1.0, 1.0)
    assert isinstance(second, Failure) and 'mmgreen.Nothing' in second.reason
    assert third.reason.startswith('FileNotFoundError') and fourth.name == late
    assert fourth.reason == 'MemoryError: not enough'


def test_a_measurement_that_is_too_large_is_left_out(tmp_path, monkeypatch):
    def too_large(*_):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    def broken(*_):
        raise RuntimeError('something else')

    config = write_config(tmp_path, 8)
    monkeypatch.setattr('mmgreen.analysis.benchmark.memory_per_image', too_large)
    (found,) = compare([config], setting(), turns=1)
    assert found.megabytes_per_image is None and found.gigamacs_per_image > 0
    monkeypatch.setattr('mmgreen.analysis.benchmark.count_macs', broken)
    (found,) = compare([config], setting(), turns=1)
    assert found.reason == 'RuntimeError: something else'


@pytest.mark.parametrize('name', ['swin', 'hiera', 'vit'])
def test_size_and_mask_ratio_are_set_in_every_method(name):
    config = mmgreen.config_file(f'demo/{name}_pretrain.py')
    at = [setting(size=(96, 96), ratio=ratio) for ratio in (0.4, 0.8)]
    few, many = (compare([config], each, turns=1)[0] for each in at)
    assert few.megabytes_per_image > many.megabytes_per_image
    assert few.gigamacs_per_image > many.gigamacs_per_image
    model = build_model(config, at[1])
    masked = model.reconstruct(torch.randn(1, 3, 96, 96)).masked
    assert 0.75 < masked.float().mean() < 0.9


def test_a_mask_ratio_of_what_has_none_is_refused():
    with pytest.raises(ValueError, match='has no model.mask_ratio'):
        build_model(mmgreen.config_file('demo/swin_mask_rcnn.py'), setting(ratio=0.5))


def test_the_size_is_that_of_the_configs():
    files = [mmgreen.config_file(f'{n}.py') for n in ('demo/vit_pretrain', 'demo/swin_pretrain')]
    assert common_size(readable([*files, 'missing.py'])) == (128, 128)
    dense = mmgreen.config_file('benchmarks/swin_b_dense.py')
    assert common_size(readable([dense])) == (224, 224)
    with pytest.raises(ValueError, match='of 128x128 px, but .* give --size'):
        common_size(readable([files[0], mmgreen.config_file('mae/vit_b_pretrain.py')]))
    with pytest.raises(ValueError, match=r'No config can be read: missing.py \(FileNotFound'):
        readable(['missing.py'])


def test_planning_takes_time_and_leaves_the_threads_as_they_were(tmp_path):
    threads = torch.get_num_threads()
    spread = time_planning(write_config(tmp_path, 8), setting(size=(64, 96)), turns=3)
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
    model = build_model(str(path), setting(mode))
    seen = []
    model.roi_head.mask_head.register_forward_hook(lambda *_: seen.append(mode))
    make_step(model, setting(mode))(1)
    assert seen


@pytest.fixture
def quick_processes(python):
    """A new process of ``multiprocessing`` has PyTorch and its like already."""
    ordinary = multiprocessing.spawn.get_executable()
    multiprocessing.set_executable(str(python))
    yield
    multiprocessing.set_executable(ordinary)


@pytest.mark.usefixtures('quick_processes')
def test_the_peak_of_a_step_grows_with_the_batch(tmp_path):
    path = write_config(tmp_path, 64)
    small, large = (peak_of_step(path, setting(batch=batch)) for batch in (1, 200))
    assert large > small + 50 * 2**20


@pytest.mark.usefixtures('quick_processes')
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
def test_peers_of_hiera_are_as_large_and_do_a_step(ours, peers, mode, without_values):
    sizes = []
    for name in (ours, *(f'benchmarks/{peer}' for peer in peers)):
        where = setting(mode, 1, (224, 224))
        model = build_model(mmgreen.config_file(f'{name}.py'), where)
        sizes.append(sum(p.numel() for p in model.parameters() if p.requires_grad))
        make_step(model, where)(1)
    assert len(set(sizes)) == 1


def test_the_official_clips_are_masked_as_ours(without_values):
    names = ('hiera_b_video_mae', 'official_hiera_b_video_mae')
    configs = [Config.fromfile(mmgreen.config_file(f'benchmarks/{name}.py')) for name in names]
    ours, official = (config.model for config in configs)
    assert official.forward.mask_ratio == ours.mask_ratio == 0.9


def test_a_net_of_another_library_is_masked_as_the_setting_says(without_values):
    where = setting('train', 1, (224, 224))._replace(mask_ratio=0.9)
    model = build_model(mmgreen.config_file('benchmarks/official_hiera_b_mae.py'), where)
    with torch.no_grad():
        _, _, _, mask = model(torch.randn(1, 3, 224, 224))
    assert mask.sum() == 4  # visible, of 49


def test_what_is_compiled_is_the_encoder_behind_its_plan_and_the_decoder(monkeypatch):
    compiled = []

    def take(function, **how):
        compiled.append((function.__qualname__, how))
        return function

    monkeypatch.setattr(torch, 'compile', take)
    build_model(
        mmgreen.config_file('demo/swin_pretrain.py'), setting()._replace(compiled='dynamic')
    )
    assert compiled == [
        ('SwinEncoder.encode_visible', dict(dynamic=True)),
        ('MaskedDecoder.forward', dict(dynamic=True)),
    ]
