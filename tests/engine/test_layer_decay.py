import logging

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import LinearLR, build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch import nn

from mmgreen import config_file

CONSTRUCTOR = 'mmgreen.LayerDecayOptimWrapperConstructor'
TINY = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])


def optimizer_of(model, lr=1.0, weight_decay=0.05, constructor=CONSTRUCTOR, **paramwise):
    optimizer = dict(type='AdamW', lr=lr, weight_decay=weight_decay)
    wrapper = dict(optimizer=optimizer, constructor=constructor, paramwise_cfg=paramwise)
    return build_optim_wrapper(model, wrapper).optimizer


def by_parameter(model, optimizer):
    """Rate and decay of each parameter that the optimizer has, by name."""
    settings = {
        id(each): (group['lr'], group['weight_decay'])
        for group in optimizer.param_groups
        for each in group['params']
    }
    return {
        name: settings[id(each)] for name, each in model.named_parameters() if id(each) in settings
    }


def swin_classifier(arch='base'):
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        return MODELS.build(
            dict(
                type='ImageClassifier',
                backbone=dict(type='mmgreen.GreenSwin', arch=arch),
                neck=dict(type='GlobalAveragePooling'),
                head=dict(type='LinearClsHead', num_classes=10, in_channels=1024),
            )
        )


def detector(**changes):
    init_default_scope('mmdet')
    config = Config.fromfile(config_file('demo/swin_mask_rcnn.py'))
    config.merge_from_dict(changes)
    return MODELS.build(config.model)


def test_a_fine_tuned_swin_b_has_the_rates_that_its_recipe_implies():
    # GreenMIM: layer decay 0.9 over 24 blocks, the embedding below them and the head above.
    model = swin_classifier()
    found = by_parameter(model, optimizer_of(model, lr=1.25e-3, layer_decay_rate=0.9))
    blocks = 'backbone.stages'
    expected = {
        'backbone.patch_embed.projection.weight': (1.25e-3 * 0.9**25, 0.05),
        'backbone.patch_embed.projection.bias': (1.25e-3 * 0.9**25, 0),
        'backbone.patch_embed.norm.weight': (1.25e-3 * 0.9**25, 0),
        f'{blocks}.0.blocks.0.attn.w_msa.qkv.weight': (1.25e-3 * 0.9**24, 0.05),
        f'{blocks}.0.blocks.0.attn.w_msa.qkv.bias': (1.25e-3 * 0.9**24, 0),
        f'{blocks}.0.blocks.0.attn.w_msa.relative_position_bias_table': (1.25e-3 * 0.9**24, 0),
        f'{blocks}.0.blocks.1.norm2.bias': (1.25e-3 * 0.9**23, 0),
        f'{blocks}.0.downsample.reduction.weight': (1.25e-3 * 0.9**23, 0.05),
        f'{blocks}.2.blocks.0.ffn.layers.1.weight': (1.25e-3 * 0.9**20, 0.05),
        f'{blocks}.2.blocks.17.ffn.layers.1.weight': (1.25e-3 * 0.9**3, 0.05),
        f'{blocks}.3.blocks.1.attn.w_msa.proj.weight': (1.25e-3 * 0.9, 0.05),
        'backbone.norm3.weight': (1.25e-3, 0),
        'head.fc.weight': (1.25e-3, 0.05),
        'head.fc.bias': (1.25e-3, 0),
    }
    for name, setting in expected.items():
        assert found[name] == pytest.approx(setting), name
    assert len(found) == len(list(model.parameters()))


def test_in_a_detector_all_but_the_backbone_has_the_full_rate():
    model = detector()
    found = by_parameter(model, optimizer_of(model, layer_decay_rate=0.5))
    assert found['backbone.patch_embed.projection.weight'] == (0.5**9, 0.05)
    assert found['backbone.stages.1.blocks.0.ffn.layers.1.weight'] == (0.5**6, 0.05)
    assert found['backbone.norm0.weight'] == (1.0, 0)
    for name, setting in found.items():
        if not name.startswith('backbone.'):
            assert setting == (1.0, 0 if name.endswith('bias') else 0.05), name


def test_equal_settings_make_one_group_and_equal_rates_two():
    model = detector()
    assert len(optimizer_of(model, layer_decay_rate=1.0).param_groups) == 2
    # Ten depths: the embedding, eight blocks and what follows, with and without decay.
    groups = optimizer_of(model, layer_decay_rate=0.5).param_groups
    assert len(groups) == 20
    assert sum(len(group['params']) for group in groups) == len(list(model.parameters()))


@pytest.mark.parametrize('rate', [1.0, 0.65])
def test_a_vit_has_the_rates_of_mmpretrains_constructor(rate):
    init_default_scope('mmpretrain')
    arch = dict(embed_dims=8, num_layers=3, num_heads=1, feedforward_channels=16)
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='VisionTransformer', arch=arch, img_size=32, patch_size=16),
            head=dict(type='VisionTransformerClsHead', num_classes=10, in_channels=8),
        )
    )
    theirs = optimizer_of(
        model,
        constructor='mmpretrain.LearningRateDecayOptimWrapperConstructor',
        layer_decay_rate=rate,
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        flat_decay_mult=0.0,
        custom_keys={'.cls_token': dict(decay_mult=0.0), '.pos_embed': dict(decay_mult=0.0)},
    )
    ours = optimizer_of(model, layer_decay_rate=rate)
    assert by_parameter(model, ours) == by_parameter(model, theirs)
    assert len(ours.param_groups) < len(theirs.param_groups)


class Tables(nn.Module):
    def __init__(self):
        super().__init__()
        for name in ('pos_embed', 'pos_embed_window', 'rel_pos_h', 'cls_token', 'mask_token'):
            setattr(self, name, nn.Parameter(torch.ones(1, 2, 3)))
        self.scale = nn.Parameter(torch.ones(3))
        self.conv = nn.Conv2d(3, 3, 1)
        self.norm = nn.GroupNorm(1, 3)


def test_no_decay_of_tables_tokens_norms_and_whatever_has_one_dimension():
    model = Tables()
    found = by_parameter(model, optimizer_of(model))
    assert {name for name, (_, decay) in found.items() if decay} == {'conv.weight'}
    found = by_parameter(model, optimizer_of(model, norm_decay_mult=1.0, table_decay_mult=0.5))
    assert found['norm.weight'] == (1.0, 0.05) and found['rel_pos_h'] == (1.0, 0.025)
    assert found['conv.bias'] == (1.0, 0) and found['scale'] == (1.0, 0)


def test_a_custom_key_changes_what_it_names_and_the_longest_counts():
    model = detector()
    keys = {
        'backbone': dict(lr_mult=0.1),
        'backbone.stages.0': dict(decay_mult=2.0),
        'rpn_head': dict(lr_mult=3.0, decay_mult=0.0),
    }
    found = by_parameter(model, optimizer_of(model, layer_decay_rate=0.5, custom_keys=keys))
    assert found['backbone.stages.3.blocks.0.norm1.weight'] == pytest.approx((0.1 * 0.5**2, 0))
    assert found['backbone.stages.0.blocks.0.norm1.weight'] == pytest.approx((0.5**8, 0.1))
    assert found['rpn_head.rpn_conv.weight'] == (3.0, 0)


def test_frozen_parameters_take_no_part():
    model = detector(**{'model.backbone.frozen_stages': 2})
    names = by_parameter(model, optimizer_of(model))
    assert not any(name.startswith('backbone.stages.1') for name in names)
    assert 'backbone.stages.2.blocks.0.norm1.weight' in names


def test_a_shared_parameter_is_there_once():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    groups = optimizer_of(model).param_groups
    assert sum(len(group['params']) for group in groups) == 3


def test_a_wrapped_model_has_the_settings_of_the_model_itself():
    model = detector()
    wrapped = nn.DataParallel(model)
    settings = by_parameter(model, optimizer_of(wrapped, layer_decay_rate=0.5))
    assert settings == by_parameter(model, optimizer_of(model, layer_decay_rate=0.5))


def test_schedules_move_every_group_and_a_resumed_optimizer_goes_on():
    model = detector()
    optimizer = optimizer_of(model, layer_decay_rate=0.5)
    scheduler = LinearLR(optimizer, start_factor=0.1, end=10, by_epoch=False)
    rates = [group['lr'] for group in optimizer.param_groups]
    assert rates == pytest.approx([0.1 * 0.5**depth for depth in range(9, -1, -1) for _ in '12'])
    scheduler.step()
    again = optimizer_of(model, layer_decay_rate=0.5)
    again.load_state_dict(optimizer.state_dict())
    assert [g['lr'] for g in again.param_groups] == [g['lr'] for g in optimizer.param_groups]


def test_an_optimizer_without_decay_of_weights():
    wrapper = dict(optimizer=dict(type='SGD', lr=0.1), constructor=CONSTRUCTOR)
    optimizer = build_optim_wrapper(Tables(), wrapper).optimizer
    assert {group['weight_decay'] for group in optimizer.param_groups} == {0}


def test_the_log_has_a_line_for_each_group(caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    optimizer_of(Tables(), lr=0.25)
    logger.removeHandler(caplog.handler)
    lines = caplog.text.split('Groups of parameters:')[1].splitlines()
    assert lines[1].split() == ['rate', 'weight', 'decay', 'tensors', 'parameters']
    assert [line.split() for line in lines[2:4]] == [
        ['0.25', '0', '9', '0.00', 'M'],
        ['0.25', '0.05', '1', '0.00', 'M'],
    ]


@pytest.mark.parametrize(
    ('paramwise', 'sentence'),
    [
        (dict(layer_decay=0.9), "no 'layer_decay'; did you mean layer_decay_rate?"),
        (dict(custom_keys={'a': dict(lr_mul=1)}), "custom_keys.a has no 'lr_mul'; did you mean"),
        (dict(xyz=1), "paramwise_cfg has no 'xyz'; it has layer_decay_rate, norm_decay_mult"),
    ],
)
def test_an_unknown_option_is_refused(paramwise, sentence):
    with pytest.raises(ValueError, match=sentence.replace('?', r'\?')):
        optimizer_of(Tables(), **paramwise)


def test_layers_of_a_model_that_does_not_say_their_depth():
    with pytest.raises(ValueError, match=r'Tables has no get_layer_depth; set layer_decay_rate=1'):
        optimizer_of(Tables(), layer_decay_rate=0.9)
    optimizer_of(Tables(), layer_decay_rate=1.0)
