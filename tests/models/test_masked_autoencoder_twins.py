"""Twins in the pretraining algorithm: it learns, every weight takes part, and it can be drawn."""

import pytest
import torch

from mmgreen.models import GreenTwins, MaskedAutoencoder, MIMDecoder, MIMHead

SIZES = dict(
    embed_dims=[8, 16, 24, 32],
    depths=[2, 2, 2, 2],
    num_heads=[1, 2, 3, 4],
    patch_sizes=[4, 2, 2, 2],
    strides=[4, 2, 2, 2],
    mlp_ratios=[2, 2, 2, 2],
    sr_ratios=[8, 4, 2, 1],
)


@pytest.mark.parametrize('windows', [{}, {'window_sizes': [7, 7, 7, 7]}], ids=['pcpvt', 'svt'])
def test_it_learns_with_all_of_its_weights(windows):
    torch.manual_seed(0)
    model = MaskedAutoencoder(
        GreenTwins({**SIZES, **windows}, qkv_bias=True, norm_after_stage=[False] * 3 + [True]),
        MIMDecoder(32, embed_dim=32, num_heads=2, img_size=(64, 96)),
        MIMHead(target='pixel'),
        mask_ratio=0.5,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    images = torch.nn.functional.interpolate(torch.randn(4, 3, 2, 3), (64, 96), mode='bilinear')
    masked = torch.tensor([True, False, True, False, True, False])
    model.draw_masked = lambda _: masked
    losses = []
    for _ in range(60):
        loss = model.loss(images)['loss']
        optimizer.zero_grad()
        loss.backward()
        assert not [name for name, x in model.named_parameters() if x.grad is None]
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < 0.6 * losses[0]
    picture = model.eval().reconstruct(images, masked)
    assert picture.predicted.shape == images.shape


def test_a_mask_for_each_image_is_refused_in_words():
    model = MaskedAutoencoder(
        GreenTwins(SIZES), MIMDecoder(32, img_size=64), MIMHead(), shared_mask=False
    )
    with pytest.raises(ValueError, match='set shared_mask=True'):
        model.loss(torch.randn(2, 3, 64, 64))
