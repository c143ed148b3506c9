import pytest
import torch
from reference_checkpoints import Model, official_names, official_simmim, original_swin, small_swin

from mmgreen.checkpoints.formats import convert, convert_back, counted, weights_in


def test_weights_in_a_file():
    weights = {'a': torch.ones(1), 'extra_state': {'no': 'tensor'}}
    for name in ('state_dict', 'model'):
        found, beside = weights_in({name: weights, 'epoch': 3, 'optimizer': {}})
        assert list(found) == ['a']
        assert beside == ('epoch', 'optimizer')
    assert weights_in({'a': torch.ones(1), 'epoch': 3}) == ({'a': torch.ones(1)}, ('epoch',))


def test_averaged_weights_are_taken():
    """mmengine's EMAHook swaps: ``state_dict`` has the average, ``ema_state_dict`` the raw ones."""
    content = {'state_dict': {'a': torch.ones(1)}, 'ema_state_dict': {'module.a': torch.zeros(1)}}
    weights, beside = weights_in(content)
    assert weights['a'] == 1
    assert beside == ('ema_state_dict',)


def test_a_parameter_becomes_a_tensor():
    weights, _ = weights_in({'a': torch.nn.Parameter(torch.ones(1))})
    assert not weights['a'].requires_grad


def test_every_name_is_accounted_for():
    weights = {**official_simmim(original_swin())['model'], 'encoder.strange': torch.ones(1)}
    converted = convert(weights)
    assert converted.leftover == ('encoder.strange',)
    named = len(converted.state_dict) + len(converted.dropped) + len(converted.leftover)
    assert named == len(weights)


def test_what_stands_outside_the_encoder_of_a_pretraining_file_is_not_overlooked():
    weights = {**Model().state_dict(), 'neck.second_decoder.weight': torch.ones(1)}
    assert convert(weights).leftover == ('neck.second_decoder.weight',)


def test_the_result_cannot_be_changed():
    converted = convert(small_swin().state_dict())
    with pytest.raises(TypeError):
        converted.state_dict['x'] = torch.ones(1)
    with pytest.raises(AttributeError):
        converted.format = 'other'


def test_the_source_is_not_changed():
    official = official_names(original_swin())
    before = {name: tensor.clone() for name, tensor in official.items()}
    convert_back(convert(official).state_dict, 'swin')
    assert official.keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in official.items())


def test_two_encoders():
    weights = {
        f'{who}.backbone.{name}': tensor + count
        for count, who in enumerate(('student', 'teacher'))
        for name, tensor in small_swin().state_dict().items()
    }
    message = "holds 2 encoders, under the prefixes 'student.backbone.', 'teacher.backbone.'"
    with pytest.raises(ValueError, match=message):
        convert(weights)
    with pytest.raises(ValueError, match=message):
        convert(weights, prefix='backbone.')
    converted = convert(weights, prefix='teacher.backbone.')
    assert torch.equal(
        converted.state_dict['backbone.norm3.bias'], weights['teacher.backbone.norm3.bias']
    )
    assert converted.leftover == ()
    assert set(converted.dropped) == {name for name in weights if name.startswith('student.')}


def test_a_prefix_is_not_needed_where_there_is_one_encoder():
    weights = small_swin().state_dict()
    assert (
        convert(weights, prefix='backbone.').state_dict.keys() == convert(weights).state_dict.keys()
    )


def test_unknown_weights():
    with pytest.raises(ValueError, match=r'x\.pth holds no weights that mmgreen knows .*conv1\.w'):
        convert({'conv1.weight': torch.ones(1)}, source='x.pth')
    with pytest.raises(ValueError, match='no weights that mmgreen knows'):
        convert({f'my_{name}': tensor for name, tensor in small_swin().state_dict().items()})
    with pytest.raises(ValueError, match=r'x\.pth holds no weights\.'):
        convert({}, source='x.pth')
    with pytest.raises(ValueError, match='holds Swin V2, which is another net'):
        convert({'layers.0.blocks.0.attn.cpb_mlp.0.weight': torch.ones(1)})


def test_merge_order():
    official = official_names(original_swin())
    with pytest.raises(ValueError, match='must be one of column_first, row_first'):
        convert(official, merge_order='sideways')
    with pytest.raises(ValueError, match='has no meaning for OpenMMLab or mmgreen backbone files'):
        convert(small_swin().state_dict(), merge_order='row_first')
    assert convert(official).notes == ()
    assert 'row_first, as asked' in convert(official, merge_order='row_first').notes[0]


def test_ways_back_that_do_not_exist():
    ours = convert(small_swin().state_dict()).state_dict
    with pytest.raises(ValueError, match='they have no decoder'):
        convert_back(ours, 'greenmim')
    with pytest.raises(ValueError, match="no checkpoint format 'torchvision'"):
        convert_back(ours, 'torchvision')


def test_the_way_back_drops_what_has_no_place_there():
    weights = Model().state_dict()
    weights['backbone.norm0.weight'] = torch.ones(16)
    weights['backbone.strange'] = torch.ones(16)
    back = convert_back(weights, 'swin')
    assert back.leftover == ('backbone.strange',)
    assert set(back.dropped) == {n for n in weights if n.startswith('neck.')} | {
        'backbone.norm0.weight'
    }


def test_counted():
    assert counted(()) == '0'
    assert counted(('a', 'b')) == '2: a, b'
    assert counted('abcdefgh', most=3) == '8: a, b, c and 5 more'
