"""Detectors of mmdet on a GreenSwin: starts, a training step, a prediction, images of any size."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.testing import demo_mm_inputs
from mmengine.config import Config
from mmengine.registry import init_default_scope
from reference_checkpoints import (
    ARCH,
    Model,
    OriginalDecoder,
    official_greenmim,
    original_swin,
    randomised,
)

from mmgreen import config_file
from mmgreen.checkpoints import convert_file

CLASSES = 4
RTMDET = """
_base_ = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmgreen.GreenSwin',
        arch='tiny',
        out_indices=(1, 2, 3),
        pad_small_map=True,
        init_cfg=dict(type='Pretrained', checkpoint=None),
    ),
    neck=dict(in_channels=[192, 384, 768]),
)
"""


def build(cfg):
    init_default_scope('mmdet')
    torch.manual_seed(0)
    return MODELS.build(cfg.model)


def inputs(sizes, num_classes, with_masks=False):
    return demo_mm_inputs(
        len(sizes),
        image_shapes=[(3, *size) for size in sizes],
        num_items=[2] * len(sizes),
        num_classes=num_classes,
        with_mask=with_masks,
    )


def train_once(model, batch):
    model.train()
    loss, logged = model.parse_losses(model(**model.data_preprocessor(batch, True), mode='loss'))
    loss.backward()
    assert torch.isfinite(loss) and loss > 0
    return logged


def predict(model, batch):
    model.eval()
    with torch.no_grad():
        return model(**model.data_preprocessor(batch, False), mode='predict')


def dino():
    cfg = Config.fromfile(config_file('greenmim/swin_t_dino_coco.py'))
    cfg.model.num_queries = 20
    cfg.model.test_cfg.max_per_img = 20
    return cfg


def rtmdet():
    return Config.fromstring(RTMDET, '.py')


@pytest.mark.parametrize('config', [dino, rtmdet])
def test_other_detectors_take_the_backbone(config):
    cfg = config()
    cfg.model.backbone.drop_path_rate = 0.0
    model = build(cfg)
    model.init_weights()  # mmdet leaves some of DINO's tables as the memory was
    logged = train_once(model, inputs([(96, 128), (128, 96)], num_classes=80))
    assert len(logged) > 2
    missed = [n for n, p in model.backbone.named_parameters() if p.grad is None or not p.grad.any()]
    assert not missed
    (found,) = predict(model, inputs([(96, 128)], num_classes=80))
    found = found.pred_instances
    assert found.bboxes.shape == (len(found.scores), 4)
    assert torch.isfinite(found.scores).all()


@pytest.fixture(scope='module')
def model():
    """The demo's Mask R-CNN, which is sure to find something."""
    model = build(Config.fromfile(config_file('demo/swin_mask_rcnn.py')))
    with torch.no_grad():
        model.roi_head.bbox_head.fc_cls.bias[:CLASSES] += 5
    return model


class TestMaskRCNN:
    @pytest.mark.parametrize('size', [(33, 33), (33, 47), (40, 5000), (5000, 33)])
    def test_images_of_odd_and_extreme_sizes(self, model, size):
        model.zero_grad()
        train_once(model, inputs([size, (65, 35)], CLASSES, with_masks=True))
        (found,) = predict(model, inputs([size], CLASSES))
        boxes, masks = found.pred_instances.bboxes, found.pred_instances.masks
        assert len(boxes) > 0 and masks.shape == (len(boxes), *size)
        assert boxes.min() >= 0
        assert (boxes <= torch.tensor([size[1], size[0]] * 2)).all()

    def test_gradients_reach_every_parameter(self, model):
        model.zero_grad()
        train_once(model, inputs([(160, 160)] * 2, CLASSES, with_masks=True))
        assert not [name for name, p in model.named_parameters() if p.grad is None]

    def test_recomputed_activations_give_the_same_gradients(self, model):
        batch = inputs([(96, 128)], CLASSES)
        images = model.data_preprocessor(batch, True)['inputs']
        gradients = {}
        for with_cp in (False, True):
            cfg = Config.fromfile(config_file('demo/swin_mask_rcnn.py')).model.backbone
            backbone = MODELS.build({**cfg, 'with_cp': with_cp})
            backbone.load_state_dict(model.backbone.state_dict())
            sum(each.square().mean() for each in backbone.train()(images)).backward()
            gradients[with_cp] = [each.grad for each in backbone.parameters()]
        assert all(map(torch.allclose, gradients[False], gradients[True]))


class TestStarts:
    """``model.backbone.init_cfg`` of a detector, with files as they come."""

    def detector(self, path, **changes):
        cfg = Config.fromfile(config_file('demo/swin_mask_rcnn.py'))
        cfg.model.backbone.arch = ARCH
        cfg.model.backbone.window_size = 7  # of the pretrainings here
        cfg.model.backbone.init_cfg.checkpoint = str(path)
        cfg.model.neck.in_channels = [16, 32, 64, 128]
        cfg.merge_from_dict({f'model.backbone.{key}': value for key, value in changes.items()})
        return build(cfg)

    def assert_started(self, path, weights):
        """All of the encoder but the norms of the first three maps, which no pretraining has."""
        model = self.detector(path)
        model.init_weights()
        started = model.backbone.state_dict()
        new = {f'norm{stage}.{kind}' for stage in range(3) for kind in ('weight', 'bias')}
        assert set(started) - set(weights) == new
        for name in set(weights) & set(started):
            assert torch.equal(started[name], weights[name]), name

    def test_our_pretraining(self, tmp_path):
        trained = randomised(Model())
        torch.save({'state_dict': trained.state_dict(), 'meta': {}}, tmp_path / 'epoch_1.pth')
        self.assert_started(tmp_path / 'epoch_1.pth', trained.backbone.state_dict())

    @pytest.fixture
    def official(self, tmp_path):
        torch.manual_seed(3)
        content = official_greenmim(original_swin(), randomised(OriginalDecoder()))
        torch.save(content, tmp_path / 'official.pth')
        return tmp_path / 'official.pth'

    def test_an_official_file_converted_and_as_it_is(self, official, tmp_path):
        convert_file(official, tmp_path / 'converted.pth')
        weights = torch.load(tmp_path / 'converted.pth', weights_only=False)['state_dict']
        weights = {
            name.removeprefix('backbone.'): tensor
            for name, tensor in weights.items()
            if not name.startswith('neck.')
        }
        for path in (tmp_path / 'converted.pth', official):
            self.assert_started(path, weights)

    def test_less_than_90_percent_is_refused_and_nothing_is_changed(self, official):
        model = self.detector(official, arch=dict(ARCH, depths=[2, 2, 6, 2]))
        before = [each.clone() for each in model.parameters()]
        with pytest.raises(ValueError, match='fills .* of the backbone'):
            model.init_weights()
        assert all(map(torch.equal, before, model.parameters()))
