"""What stands in for mmcv's compiled operators, against results of those that were stored."""

import subprocess
import sys
from pathlib import Path

import mmcv.ops
import pytest
import reference_operators
import torch
from mmcv.ops.multi_scale_deform_attn import (
    MultiScaleDeformableAttnFunction,
    multi_scale_deformable_attn_pytorch,
)
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss
from repository import ROOT

from mmgreen.operators import mmcv_ext

RECORDS = torch.load(reference_operators.FILE)


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    """Called by ``mmcv.ops``, whether or not this mmcv has compiled operators of its own."""
    for name, module in list(sys.modules.items()):
        if name.startswith('mmcv.ops.') and hasattr(module, 'ext_module'):
            monkeypatch.setattr(module, 'ext_module', mmcv_ext)


def name_of(record):
    function, tensors, options, autocast, _ = record
    shapes = '+'.join(f'{len(tensor)} {tensor.dtype}' for tensor in tensors[:2])
    told = ' '.join(f'{key}={value}' for key, value in options.items())
    return f'{function} {shapes} {told} {autocast or ""}'.replace('torch.', '')


def test_every_form_is_stored():
    assert [name_of((*form, None)) for form in reference_operators.forms()] == [
        name_of(record) for record in RECORDS
    ]
    functions = [record[0] for record in RECORDS]
    assert {name: functions.count(name) for name in set(functions)} == {
        'nms': 42, 'soft_nms': 35, 'batched_nms': 13, 'roi_align': 23,
    }  # fmt: skip


@pytest.mark.parametrize('record', RECORDS, ids=name_of)
def test_results_are_those_of_the_compiled_operators_to_the_bit(record):
    *form, expected = record
    found = reference_operators.call(*form)
    assert [each.dtype for each in found] == [each.dtype for each in expected]
    # The exponential of a float32 is rounded by C's library, and by numpy, each in its own way.
    tolerance = 3e-7 if form[2].get('method') == 'gaussian' else 0
    for mine, compiled in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, compiled, rtol=tolerance, atol=0, equal_nan=True)


@pytest.mark.parametrize('kind', [torch.float16, torch.bfloat16, torch.float64])
def test_boxes_of_types_that_compiled_nms_refuses_are_compared_exactly(kind):
    boxes, scores = next(each for each in RECORDS if each[0] == 'nms')[1]
    boxes = boxes.to(kind)
    keep = mmcv.ops.nms(boxes, scores, 0.5)[1]
    assert torch.equal(keep, mmcv.ops.nms(boxes.float(), scores, 0.5)[1])
    assert 0 < len(keep) < len(boxes)


def test_numpy_arrays_go_in_and_come_out():
    boxes, scores = next(each for each in RECORDS if each[0] == 'nms')[1]
    for function in (mmcv.ops.nms, mmcv.ops.soft_nms):
        found = function(boxes.numpy(), scores.numpy(), 0.5)
        for mine, expected in zip(found, function(boxes, scores, 0.5), strict=True):
            assert (mine == expected.numpy()).all()


def test_pooling_in_bfloat16_is_that_of_float32_rounded():
    *form, _, _ = next(each for each in RECORDS if each[0] == 'roi_align')
    function, tensors, options = form
    rounded = [each.bfloat16() for each in tensors]
    expected = reference_operators.call(function, [each.float() for each in rounded], options)
    for kind in (None, torch.bfloat16):
        found = reference_operators.call(function, rounded, options, kind)
        for mine, exact in zip(found, expected, strict=True):
            assert mine.dtype == torch.bfloat16
            torch.testing.assert_close(mine.float(), exact, rtol=1e-2, atol=1e-2)


def test_the_maximum_of_bins_is_refused_by_name():
    images, rois = torch.ones(1, 1, 4, 4), torch.tensor([[0.0, 0, 0, 2, 2]])
    with pytest.raises(NotImplementedError, match=r"roi_align with pool_mode='max' is not among"):
        mmcv.ops.roi_align(images, rois, 2, 1.0, 0, 'max', True)


def test_deformable_attention_is_that_of_mmcv_in_pytorch():
    generator = torch.Generator().manual_seed(0)
    shapes = torch.tensor([[6, 4], [3, 2]])
    value = torch.randn(2, 30, 2, 8, generator=generator, requires_grad=True)
    places = torch.rand(2, 5, 2, 2, 3, 2, generator=generator, requires_grad=True)
    weights = torch.rand(2, 5, 2, 2, 3, generator=generator, requires_grad=True)
    inputs = (value, places, weights)
    starts = torch.tensor([0, 24])
    mine = MultiScaleDeformableAttnFunction.apply(value, shapes, starts, places, weights, 64)
    expected = multi_scale_deformable_attn_pytorch(value, shapes, places, weights)
    assert mine.shape == (2, 5, 16)
    assert torch.equal(mine, expected)
    slope = torch.randn(expected.shape, generator=generator)
    gradients = torch.autograd.grad(mine, inputs, slope)
    judged = torch.autograd.grad(expected, inputs, slope)
    for found, judge in zip(gradients, judged, strict=True):
        assert judge.abs().max() > 0.01
        assert torch.equal(found, judge)


@pytest.mark.parametrize('kind', [torch.float32, torch.float16])
def test_focal_loss_and_its_gradient(kind):
    generator = torch.Generator().manual_seed(0)
    logits = (torch.randn(7, 4, generator=generator) * 3).to(kind).requires_grad_()
    target = torch.tensor([0, 1, 2, 3, 4, 4, 1])  # 4 is none of the classes
    one_hot = torch.nn.functional.one_hot(target, 5)[:, :4]
    options = dict(gamma=2.0, alpha=0.25, reduction='sum')
    expected = py_sigmoid_focal_loss(logits.float(), one_hot, **options)
    mine = mmcv.ops.sigmoid_focal_loss(logits, target, 2.0, 0.25, None, 'sum')
    tolerance = dict(rtol=1e-5 if kind == torch.float32 else 2e-3, atol=1e-6)
    torch.testing.assert_close(mine.float(), expected, **tolerance)
    (gradient,) = torch.autograd.grad(mine, logits)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, logits)[0], **tolerance)


def test_focal_loss_has_a_factor_for_each_class():
    logits, target = torch.linspace(-2, 2, 6).reshape(3, 2), torch.tensor([1, 0, 1])
    factors = torch.tensor([2.0, 3.0])
    plain = mmcv.ops.sigmoid_focal_loss(logits, target, 2.0, 0.25, None, 'none')
    mine = mmcv.ops.sigmoid_focal_loss(logits, target, 2.0, 0.25, factors, 'none')
    torch.testing.assert_close(mine, plain * torch.tensor([[3.0], [2.0], [3.0]]))


def test_whatever_else_raises_when_it_is_called_and_not_before():
    function = mmcv_ext.deform_conv_forward
    with pytest.raises(NotImplementedError) as error:
        function(1, groups=2)
    sentence = str(error.value)
    assert sentence.startswith("The operator 'deform_conv_forward' is not among torchvision's")
    assert 'a compiled mmcv has it' in sentence and '\n' not in sentence
    assert not hasattr(mmcv_ext, '__path__')


RUN = """
import sys
import mmgreen
assert 'mmcv' not in sys.modules
import torch, mmcv._ext
print(mmcv._ext.__file__)
import mmcv.ops, mmdet.models, mmdet.apis, mmpretrain.models
print(mmcv.ops.nms(*map(torch.tensor, ([[0., 0, 1, 1], [0, 0, 1, .9]], [.5, .6])), .5)[1])
"""


def run_without_compiled_operators(python, code, tmp_path):
    """Where mmcv has its own, Python is kept from finding them."""
    (tmp_path / 'script.py').write_text(code)
    tool = ROOT / 'tools/misc/run_blocked.py'
    command = [python, tool, 'mmcv._ext', str(tmp_path / 'script.py')]
    return subprocess.run(command, capture_output=True, text=True)


def test_mmcv_finds_it_after_mmgreen_was_imported(python, tmp_path):
    result = run_without_compiled_operators(python, RUN, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0] == str(Path(mmcv_ext.__file__))
    assert result.stdout.splitlines()[-1] == 'tensor([1])'


def test_without_torchvision_one_sentence_says_so(python, tmp_path):
    code = 'import sys; sys.modules["torchvision"] = None; import mmgreen, mmcv._ext'
    result = run_without_compiled_operators(python, code, tmp_path)
    last = result.stderr.splitlines()[-1]
    assert last.startswith('ImportError: mmcv has no compiled operators here, and torchvision,')
    assert 'python -m mmgreen.check_env' in last
