"""docs/add_a_backbone.md, run: a net that the package has never seen learns, is drawn, detects."""

import re
import sys

import pytest
import torch
from mmdet.testing import demo_mm_inputs
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from PIL import Image
from reference_pictures import PIPELINE, make_folder
from repository import ROOT

import mmgreen
from mmgreen.apis.reconstruction_pictures import load_model
from mmgreen.engine.reconstruction_sheet import reconstruction_sheet

PAGE = (ROOT / 'docs/add_a_backbone.md').read_text()
NET, CONFIG = re.findall(r'```python\n(.*?)```', PAGE, re.S)


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """The page's config, with its net in ``my_net.py``; images of 96 px."""
    folder = tmp_path_factory.mktemp('page')
    (folder / 'my_net.py').write_text(NET)
    (folder / 'my_pretrain.py').write_text(CONFIG)
    sys.path.insert(0, str(folder))
    yield Config.fromfile(folder / 'my_pretrain.py')
    sys.path.remove(str(folder))


def small(config):
    model = config.model.copy()
    model.neck.update(img_size=96, embed_dim=32, num_heads=2)
    return model


def test_the_net_is_short_and_no_subclass_of_ours(config):
    lines = [line for line in NET.splitlines() if line.strip()]
    assert len(lines) <= 40
    imports = re.findall(r'from (mmgreen\.(?:nets|models)\S*) import', NET)
    assert imports == ['mmgreen.nets.contract']


@pytest.fixture(scope='module')
def trained(config):
    """The pretraining after a few steps on two images, and its losses."""
    torch.manual_seed(0)
    model = MODELS.build(small(config))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    images = torch.nn.functional.interpolate(torch.randn(2, 3, 5, 5), (96, 96), mode='bicubic')
    losses = []
    for _ in range(40):
        loss = model.loss(images)['loss']
        optimizer.zero_grad()
        loss.backward()
        assert not [name for name, x in model.named_parameters() if x.grad is None]
        optimizer.step()
        losses.append(float(loss))
    return model, losses


def test_it_learns(trained):
    losses = trained[1]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_it_is_drawn(config, trained, tmp_path):
    path = tmp_path / 'epoch_1.pth'
    torch.save({'state_dict': trained[0].state_dict()}, path)
    config = Config(dict(model=small(config)))
    model = load_model(config, str(path), 'cpu')
    files = sorted(make_folder(tmp_path).iterdir())
    sheet = reconstruction_sheet(model, PIPELINE, [str(each) for each in files])
    assert sheet.shape[2] == 3 and sheet.std() > 0
    Image.fromarray(sheet)


def test_masks_for_each_image_work_too(config):
    model = MODELS.build({**small(config), 'shared_mask': False})
    assert torch.isfinite(model.loss(torch.randn(2, 3, 96, 96))['loss'])


def test_it_starts_a_detector(trained, tmp_path):
    init_default_scope('mmdet')
    path = tmp_path / 'epoch_1.pth'
    torch.save({'state_dict': trained[0].state_dict()}, path)
    model = Config.fromfile(mmgreen.config_file('demo/swin_mask_rcnn.py')).model
    start = re.search(r"`(dict\(type='mmgreen.MyNet'.*?\))`", PAGE).group(1)
    model.backbone = eval(start, {'PATH': str(path)})
    model.neck.in_channels = [32, 64, 128]
    model.rpn_head.anchor_generator.strides = [8, 16, 32, 64, 128]
    for extractor in (model.roi_head.bbox_roi_extractor, model.roi_head.mask_roi_extractor):
        extractor.featmap_strides = [8, 16, 32]
    detector = MODELS.build(model)
    detector.init_weights()
    for got, expected in zip(
        detector.backbone.parameters(), trained[0].backbone.parameters(), strict=True
    ):
        assert torch.equal(got, expected)
    batch = demo_mm_inputs(1, (3, 128, 128), [2], num_classes=4, with_mask=True)
    losses = detector(**detector.data_preprocessor(batch, True), mode='loss')
    sum(x.sum() for x in losses['loss_rpn_bbox']).backward()
    assert detector.backbone.stages[0][0].weight.grad is not None
