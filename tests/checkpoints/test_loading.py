import logging

import pytest
import torch
from mmengine.logging import MMLogger
from reference_checkpoints import ARCH, Model, official_names, original_swin, randomised, small_swin
from torch import nn

from mmgreen.checkpoints.loading import load_pretrained, warn_random_start
from mmgreen.nets.swin import SwinEncoder


@pytest.fixture
def save(tmp_path):
    """Saves weights; returns the path."""

    def save_weights(weights):
        torch.save({'state_dict': weights}, tmp_path / 'start.pth')
        return tmp_path / 'start.pth'

    return save_weights


@pytest.fixture
def log():
    """The records that mmengine's current logger gets during the test."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def snapshot(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def assert_unchanged(module, before):
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


@pytest.mark.parametrize('part', ['backbone', 'model'])
def test_our_pretraining(save, part):
    source, target = randomised(Model()), Model()
    module = target.backbone if part == 'backbone' else target
    report = load_pretrained(module, save(source.state_dict()), part)
    assert report.share == 1.0
    wanted = source.backbone if part == 'backbone' else source
    assert_unchanged(module, wanted.state_dict())
    decoder = {f'neck.{name}' for name in source.neck.state_dict()}
    assert set(report.not_needed) == (decoder if part == 'backbone' else set())
    assert ('neck.pred.bias' in report.matched) == (part == 'model')


def test_training_goes_on_from_the_values(save):
    target = small_swin()
    load_pretrained(target, save(randomised(small_swin()).state_dict()))
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in target.parameters())


def test_half_precision_is_widened(save):
    weights = {name: tensor.half() for name, tensor in small_swin().state_dict().items()}
    target = small_swin()
    load_pretrained(target, save(weights))
    assert target.norm3.weight.dtype == torch.float32


def test_one_block_is_logged(save, log):
    weights = dict(official_names(original_swin(14)))
    weights['stages.of.life'] = torch.ones(1)
    report = load_pretrained(small_swin(14, out_indices=(0, 1, 2, 3)), save(weights))
    (record,) = log
    assert record.levelname == 'INFO'
    text = record.getMessage()
    assert text == str(report)
    assert text.splitlines()[0].startswith('Loaded 100.0 % of the parameters of the backbone from ')
    assert text.splitlines()[0].endswith('start.pth (official Swin).')
    assert [line.strip().split(':')[:2] for line in text.splitlines()[1:]] == [
        ['matched', ' 117'],
        ['resized', ' 2'],
        ['missing', ' 0'],
        ['expected missing', ' 6'],
        ['other shape', ' 0'],
        ['unexpected', ' 1'],
        ['not needed', ' 3'],
    ]
    assert '[169, 8], model [729, 8]: centred' in text
    assert 'norm0.weight' in text and 'stages.of.life' in text and 'head.fc.weight' in text


def test_other_input_channels_are_said_and_the_rest_is_loaded(save, log):
    source, target = randomised(small_swin()), small_swin(in_channels=5)
    report = load_pretrained(target, save(source.state_dict()))
    assert 0.99 < report.share < 1
    assert torch.equal(target.norm3.bias, source.norm3.bias)
    assert 'the file reads 3 input channels, the model 5' in log[0].getMessage()


def test_another_size_is_refused_and_nothing_changed(save):
    target = SwinEncoder({**ARCH, 'embed_dims': 32})
    before = snapshot(target)
    message = (
        r'start\.pth \(OpenMMLab or mmgreen backbone\) fills only \d+ % of the backbone; most '
        r'often arch differs: the file holds a Swin with embed_dims 16, depths \[2, 2, 2, 2\], '
        r'window 7, the model has a Swin with embed_dims 32, depths \[2, 2, 2, 2\], window 7\.'
    )
    with pytest.raises(ValueError, match=message):
        load_pretrained(target, save(small_swin().state_dict()))
    assert_unchanged(target, before)


def test_too_few_blocks_are_refused(save):
    deep = SwinEncoder({**ARCH, 'depths': [2, 2, 18, 2]})
    with pytest.raises(ValueError, match=r'depths \[2, 2, 2, 2\].*depths \[2, 2, 18, 2\]'):
        load_pretrained(deep, save(small_swin().state_dict()))


def test_another_net_is_refused(save):
    with pytest.raises(ValueError, match=r'fills only 0 %.*has a Sequential, which is another net'):
        load_pretrained(nn.Sequential(nn.Linear(2, 2)), save(small_swin().state_dict()))


def test_a_decoder_of_another_size_is_refused_however_small_it_is(save):
    target = Model()
    target.backbone = SwinEncoder({**ARCH, 'embed_dims': 48})
    source = Model(embed_dim=16)
    source.backbone = target.backbone
    with pytest.raises(ValueError, match='of the neck, since its decoder has another size'):
        load_pretrained(target, save(source.state_dict()), 'model')


def test_a_whole_model_needs_a_decoder(save):
    target = Model()
    before = snapshot(target)
    with pytest.raises(
        ValueError, match=r'holds no decoder .*model\.backbone\.init_cfg\.checkpoint'
    ):
        load_pretrained(target, save(small_swin().state_dict()), 'model')
    assert_unchanged(target, before)


def test_errors_name_the_file(save, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        load_pretrained(small_swin(), tmp_path / 'gone.pth')
    with pytest.raises(ValueError, match=r'start\.pth holds no weights that mmgreen knows'):
        load_pretrained(small_swin(), save({'conv.weight': torch.ones(1)}))
    with pytest.raises(ValueError, match="'backbone' or 'model', not 'head'"):
        load_pretrained(small_swin(), save(small_swin().state_dict()), 'head')


@pytest.mark.parametrize(
    ('part', 'option'),
    [('backbone', 'model.backbone.init_cfg.checkpoint'), ('model', 'model.init_cfg.checkpoint')],
)
def test_random_start_is_said(log, part, option):
    warn_random_start(part)
    (record,) = log
    assert record.levelname == 'WARNING'
    assert 'random weights' in record.getMessage()
    assert f' {option}=PATH' in record.getMessage()
