"""A small detector with random weights, made to find several classes in any image."""

from itertools import count

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint
from mmpretrain.registry import MODELS

from mmgreen import config_file
from mmgreen.apis.detector import Detector

CLASSES = ('apple', 'pear', 'plum', 'fig')  # not those of the config
SMALL = f"""
_base_ = [{config_file('demo/swin_mask_rcnn.py')!r}]
test_dataloader = _base_.test_dataloader
test_dataloader.dataset.pipeline[1].scale = (160, 160)
model = dict(
    backbone=dict(
        window_size=7,
        mask_padding=True,
        arch=dict(_delete_=True, embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]),
        init_cfg=dict(checkpoint='no/such/file.pth'),
    ),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=16),
    rpn_head=dict(in_channels=16, feat_channels=16),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=16),
        bbox_head=dict(in_channels=16, fc_out_channels=32),
        mask_roi_extractor=dict(out_channels=16),
        mask_head=dict(num_convs=1, in_channels=16, conv_out_channels=16),
    ),
    test_cfg=dict(rcnn=dict(max_per_img=10)),
)
"""


def make_detector(folder):
    """Writes ``small.py``, and ``small.pth`` with classes of its own; returns the folder."""
    (folder / 'small.py').write_text(SMALL)
    cfg = Config.fromfile(folder / 'small.py')
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
        model.roi_head.bbox_head.fc_cls.weight.normal_(std=0.004)  # no class is certain
    checkpoint = dict(meta=dict(dataset_meta=dict(classes=CLASSES)), state_dict=model.state_dict())
    save_checkpoint(checkpoint, str(folder / 'small.pth'))
    return folder


HEIC = b'\0\0\0\x18ftypheic' + bytes(200)


def fail_at(monkeypatch, place, error):
    """Lets the detector fail on one picture of the row."""
    calls = count(1)
    forward = Detector.forward

    def fails(self, *arguments, **options):
        if next(calls) == place:
            raise error
        return forward(self, *arguments, **options)

    monkeypatch.setattr(Detector, 'forward', fails)
