import logging

import pytest
import torch
from mmengine.logging import MMLogger

from mmgreen.models import GreenSwin, MaskedAutoencoder, MIMDecoder, MIMHead

SMALL = dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8])


@pytest.fixture
def warnings_of_mmengine():
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def pretraining(backbone_init=None, init_cfg=None):
    return MaskedAutoencoder(
        GreenSwin(SMALL, init_cfg=backbone_init),
        MIMDecoder(128, embed_dim=16, num_heads=2, img_size=64),
        MIMHead(),
        init_cfg=init_cfg,
    )


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(7)
    model = pretraining()
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return str(path), model


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_an_encoder_starts_from_a_pretraining(checkpoint):
    path, trained = checkpoint
    init = dict(type='Pretrained', checkpoint=path)
    model = pretraining(backbone_init=init)
    model.init_weights()
    assert same(model.backbone, trained.backbone)
    assert not same(model.neck, trained.neck)


def test_a_whole_model_starts_from_a_pretraining_and_nothing_overwrites_it(checkpoint):
    path, trained = checkpoint
    model = pretraining(init_cfg=dict(type='Pretrained', checkpoint=path))
    model.init_weights()
    assert same(model, trained)


def test_options_of_loading_are_handed_on_and_unknown_ones_refused(checkpoint):
    path, trained = checkpoint
    init = dict(type='Pretrained', checkpoint=path, prefix='backbone.', map_location='cpu')
    net = GreenSwin(SMALL, init_cfg=init)
    net.init_weights()
    assert same(net, trained.backbone)
    with pytest.raises(TypeError, match='perfix'):
        GreenSwin(SMALL, init_cfg=dict(init, perfix='backbone.')).init_weights()


def test_without_a_checkpoint_one_warning_names_the_option(warnings_of_mmengine):
    net = GreenSwin(SMALL, init_cfg=dict(type='Pretrained', checkpoint=None))
    before = [parameter.clone() for parameter in net.parameters()]
    net.init_weights()
    assert all(map(torch.equal, before, net.parameters()))
    (warning,) = [m for m in warnings_of_mmengine if 'random' in m]
    assert 'model.backbone.init_cfg.checkpoint' in warning


def test_a_model_without_a_checkpoint_still_starts_its_encoder_from_its_own(checkpoint):
    path, trained = checkpoint
    model = pretraining(
        backbone_init=dict(type='Pretrained', checkpoint=path),
        init_cfg=dict(type='Pretrained', checkpoint=None),
    )
    model.init_weights()
    assert same(model.backbone, trained.backbone)


def test_without_init_cfg_construction_decides():
    torch.manual_seed(1)
    net = GreenSwin(SMALL)
    before = [parameter.clone() for parameter in net.parameters()]
    net.init_weights()
    assert all(map(torch.equal, before, net.parameters()))


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r'nowhere\.pth'):
        GreenSwin(SMALL, init_cfg=dict(type='Pretrained', checkpoint='nowhere.pth')).init_weights()
