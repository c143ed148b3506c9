import torch

from mmgreen.ops.targets import (
    flatten_patches,
    patch_statistics,
    squared_error,
    unflatten_patches,
)


def test_orders_of_flattening_are_written_out():
    patch = torch.tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])[None, None]
    assert flatten_patches(patch, 'chw').flatten().tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert flatten_patches(patch, 'hwc').flatten().tolist() == [1, 5, 2, 6, 3, 7, 4, 8]


def test_unflatten_undoes_flatten():
    patches = torch.randn(2, 5, 3, 8, 8)
    for order in ('chw', 'hwc'):
        assert torch.equal(unflatten_patches(flatten_patches(patches, order), order, 3), patches)


def test_statistics_are_maes():
    values = torch.randn(2, 5, 48)
    mean, deviation = patch_statistics(values)
    assert torch.allclose(mean, values.mean(-1, keepdim=True), atol=1e-6)
    assert torch.allclose(deviation, (values.var(-1, keepdim=True) + 1e-6).sqrt())


def test_a_flat_patch_has_finite_statistics():
    mean, deviation = patch_statistics(torch.full((1, 1, 48), 0.3))
    assert ((torch.full((1, 1, 48), 0.3) - mean) / deviation).isfinite().all()


def test_squared_error_is_per_image_and_in_float32():
    pred = torch.zeros(2, 3, 4, dtype=torch.bfloat16)
    target = torch.stack([torch.full((3, 4), 2.0), torch.full((3, 4), 1.0)])
    error = squared_error(pred, target)
    assert error.dtype == torch.float32 and error.tolist() == [4.0, 1.0]
