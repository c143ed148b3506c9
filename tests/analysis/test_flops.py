import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmgreen import config_file
from mmgreen.analysis.flops import as_table, count_macs, count_parts
from mmgreen.models import GreenSwin

TINY = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])


def by_name(parts):
    return {part.name: part for part in parts}


def test_macs_are_those_of_the_products_forward_and_backward():
    def step():
        first, second = nn.Linear(30, 20), nn.Linear(20, 10)
        second(first(torch.ones(1, 30)).tanh()).sum().backward()

    # forward 30 * 20 + 20 * 10; backward both weights, and the input of the second layer
    assert count_macs(step) == 2 * (30 * 20 + 20 * 10) + 20 * 10


def test_attention_is_counted():
    tokens = torch.ones(1, 2, 50, 16)
    work = lambda: nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)  # noqa: E731
    assert count_macs(work) == 2 * (2 * 50 * 50 * 16)


def test_a_swin_has_the_products_of_its_definition():
    model = GreenSwin(TINY, window_size=7)
    model.eval()
    sides, channels = (56, 28, 14, 7), (8, 16, 32, 64)
    expected = 3 * 4 * 4 * 8 * 56**2  # patch embedding
    for side, width in zip(sides, channels, strict=True):
        # Queries, keys, values and projection; an MLP four times as wide; windows of 49 tokens.
        expected += side**2 * (4 * width**2 + 8 * width**2 + 2 * 49 * width)
    for side, width in zip(sides[1:], channels[:3], strict=True):
        expected += side**2 * (4 * width) * (2 * width)  # merging of 2x2 patches
    assert count_macs(lambda: model(torch.ones(1, 3, 224, 224))) == expected


def detector(**changes):
    config = Config.fromfile(config_file('demo/swin_mask_rcnn.py'))
    config.merge_from_dict(changes)
    return config


def test_a_two_stage_detector_has_1000_proposals_and_100_detections():
    parts = by_name(count_parts(detector(), (64, 96)))
    # Two layers over 7x7 cells of 64 channels, then five scores and four boxes of four numbers.
    boxes = 64 * 49 * 256 + 256 * 256 + 256 * (5 + 16)
    assert parts['roi_head.bbox_head'].macs == 1000 * boxes
    # Two convolutions of 3x3 on 14x14, one that doubles the size by 2x2, four masks on 28x28.
    masks = 2 * 64 * 64 * 9 * 196 + 64 * 64 * 4 * 196 + 64 * 4 * 784
    assert parts['roi_head.mask_head'].macs == 100 * masks
    parts = list(parts.values())
    assert parts[-1].name == 'all'
    assert parts[-1].macs == pytest.approx(sum(part.macs for part in parts[:-1]))
    assert parts[-1].num_parameters == sum(part.num_parameters for part in parts[:-1])


def test_without_masks_there_is_no_mask_head():
    names = by_name(count_parts(detector(**{'model.roi_head.mask_head': None}), (64, 64)))
    assert 'roi_head.mask_head' not in names and 'roi_head.bbox_head' in names


def test_a_cascade_has_three_heads_for_boxes(tmp_path):
    (tmp_path / 'cascade.py').write_text(
        "_base_ = ['mmdet::_base_/models/cascade-mask-rcnn_r50_fpn.py',"
        "'mmdet::_base_/default_runtime.py']\n"
        f"model = dict(backbone=dict(_delete_=True, type='mmgreen.GreenSwin', arch={TINY},"
        'out_indices=(0, 1, 2, 3)), neck=dict(in_channels=[8, 16, 32, 64]))\n'
    )
    parts = by_name(count_parts(Config.fromfile(tmp_path / 'cascade.py'), (64, 64)))
    # Boxes without a class: four numbers.
    boxes = 256 * 49 * 1024 + 1024 * 1024 + 1024 * (81 + 4)
    assert parts['roi_head.bbox_head'].macs == 3 * 1000 * boxes


def test_the_heads_of_vitdet_cost_what_is_published():
    config = Config.fromfile(config_file('greenmim/swin_b_lsj_mask_rcnn_coco.py'))
    parts = by_name(count_parts(config, (256, 256)))
    dense = 16 * (parts['neck'].macs + parts['rpn_head'].macs)  # of 1,024 px
    regions = parts['roi_head.bbox_head'].macs + parts['roi_head.mask_head'].macs
    assert dense + regions == pytest.approx(0.34e12, rel=0.01)
    assert parts['all'].num_parameters == pytest.approx(109.2e6, rel=0.01)


def test_a_pretraining_is_counted_forward_and_its_encoder_on_the_whole_image():
    whole, step = count_parts(Config.fromfile(config_file('greenmim/swin_t_pretrain.py')))
    assert whole.macs == pytest.approx(4.49e9, rel=0.01)
    assert step.name == 'all' and step.macs < 0.35 * whole.macs


def test_a_backbone_alone_and_its_usual_size():
    config = Config(dict(model=dict(type='mmgreen.GreenSwin', arch=TINY, img_size=(64, 96))))
    (usual,), (given,) = count_parts(config), count_parts(config, (64, 96))
    assert usual == given and usual.name == 'all'


def test_the_table_has_a_line_for_each_part():
    lines = as_table(count_parts(detector(), (64, 64))).splitlines()
    assert lines[0].split() == ['multiply-adds', 'parameters']
    assert [line.split()[0] for line in lines[1:]] == [
        'backbone', 'neck', 'rpn_head', 'roi_head.bbox_head', 'roi_head.mask_head', 'all',
    ]  # fmt: skip
