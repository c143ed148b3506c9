import pytest
import torch

from mmgreen.models import MIMHead
from mmgreen.nets.decoder import MaskedDecoder
from mmgreen.ops.layout import unroll

OPTIONS = dict(in_channels=12, embed_dim=16, depth=1, num_heads=4, img_size=(64, 96))


def masked_but(*units):
    masked = torch.ones(6, dtype=torch.bool)
    masked[list(units)] = False
    return masked


def test_prediction_has_a_row_for_every_patch():
    decoder = MaskedDecoder(**OPTIONS)
    pred = decoder((torch.randn(2, 2, 12),), masked_but(1, 4))
    assert pred.shape == (2, 6, 32 * 32 * 3)


def test_without_blocks_a_token_speaks_for_its_own_place_only():
    decoder = MaskedDecoder(**dict(OPTIONS, depth=0))
    tokens = torch.randn(1, 2, 12)
    pred = decoder((tokens,), masked_but(1, 4))
    tokens[:, 1] += 1
    changed = (decoder((tokens,), masked_but(1, 4)) != pred).any(-1)[0]
    assert changed.tolist() == [False, False, False, False, True, False]


def test_hidden_places_hold_the_mask_token_and_their_position():
    decoder = MaskedDecoder(**dict(OPTIONS, depth=0))
    pred = decoder((torch.randn(1, 2, 12),), masked_but(1, 4))
    filled = decoder.mask_token + decoder.pos_embed
    expected = decoder.pred(decoder.norm(filled))
    for place in (0, 2, 3, 5):
        assert torch.allclose(pred[0, place], expected[0, place], atol=1e-6)


def test_a_choice_for_each_image_equals_each_image_alone():
    decoder = MaskedDecoder(**OPTIONS)
    tokens = torch.randn(2, 2, 12)
    masked = torch.stack([masked_but(1, 4), masked_but(0, 5)])
    both = decoder((tokens,), masked)
    for i in range(2):
        assert torch.allclose(both[i : i + 1], decoder((tokens[i : i + 1],), masked[i]), atol=1e-5)


def test_four_patches_to_a_unit_go_in_unit_order():
    decoder = MaskedDecoder(**dict(OPTIONS, depth=0, patch_size=16))
    assert decoder.pos_embed.shape == (1, 24, 16)
    tokens = torch.randn(1, 8, 12)
    pred = decoder((tokens,), masked_but(1, 4))
    assert pred.shape == (1, 24, 16 * 16 * 3)
    maps = decoder.pos_embed.unflatten(1, (4, 6)).permute(0, 3, 1, 2)
    positions = unroll(maps, 2)
    visible = decoder.embed(tokens).unflatten(1, (2, 4))
    filled = decoder.mask_token[None].repeat(1, 6, 4, 1)
    filled[:, 1], filled[:, 4] = visible[:, 0], visible[:, 1]
    expected = decoder.pred(decoder.norm(filled + positions)).flatten(1, 2)
    assert torch.allclose(pred, expected, atol=1e-5)


@pytest.mark.parametrize(('token_size', 'patch_size'), [(32, 16), (32, 8), (16, 8)])
def test_patches_of_a_token_lie_in_its_square(token_size, patch_size):
    decoder = MaskedDecoder(**OPTIONS, token_size=token_size, patch_size=patch_size)
    values = patch_size**2 * 3
    with torch.no_grad():
        decoder.pred.weight.zero_()
        decoder.pred.bias.zero_()
        decoder.pred.bias[-values:] = 1  # the last patch of each token, its lower right corner
    pred = decoder((torch.randn(1, 2 * (32 // token_size) ** 2, 12),), masked_but(1, 4))
    assert pred.shape == (1, 6 * (32 // patch_size) ** 2, values)
    head = MIMHead(target='pixel', patch_size=patch_size)
    picture = head.undo_target(pred, torch.zeros(1, 3, 64, 96))
    square = torch.zeros(token_size, token_size)
    square[-patch_size:, -patch_size:] = 1
    assert torch.equal(picture[0, 0], square.repeat(64 // token_size, 96 // token_size))


def test_a_token_of_several_patches_gives_each_its_own_values():
    decoder = MaskedDecoder(**dict(OPTIONS, depth=0), token_size=32, patch_size=16)
    tokens = torch.randn(1, 2, 12)
    pred = decoder((tokens,), masked_but(1, 4))
    filled = decoder.mask_token.repeat(1, 6, 1)
    filled[:, [1, 4]] = decoder.embed(tokens)
    expected = decoder.pred(decoder.norm(filled + decoder.pos_embed))
    for unit in range(6):
        for patch, values in enumerate(expected[0, unit].chunk(4)):
            assert torch.allclose(pred[0, 4 * unit + patch], values, atol=1e-6)


def test_an_encoder_of_other_tokens_is_refused():
    with pytest.raises(ValueError, match='2 tokens in 2 visible mask units.*4 in each.*token_size'):
        MaskedDecoder(**OPTIONS, patch_size=16)((torch.randn(1, 2, 12),), masked_but(1, 4))


def test_the_fixed_table_is_a_buffer_and_the_learned_one_a_parameter():
    fixed, learned = MaskedDecoder(**OPTIONS), MaskedDecoder(**OPTIONS, pos_embed='learned')
    assert 'pos_embed' not in dict(fixed.named_parameters())
    assert 'pos_embed' in fixed.state_dict()
    assert 'pos_embed' in dict(learned.named_parameters())


def test_gradients_reach_every_parameter():
    decoder = MaskedDecoder(**OPTIONS, pos_embed='learned')
    decoder((torch.randn(2, 2, 12),), masked_but(1, 4)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in decoder.parameters())


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(pos_embed='rotary'), "'sincos' or 'learned', not 'rotary'"),
        (dict(img_size=100), 'multiples of 32'),
        (dict(patch_size=24), 'patch_size=24 does not divide unit_size=32'),
        (dict(token_size=24, patch_size=8), 'token_size=24 must be patch_size=8 times a power'),
        (dict(token_size=8, patch_size=16), 'token_size=8 must be patch_size=16 times a power'),
        (dict(token_size=64, patch_size=16), 'token_size=64 does not divide unit_size=32'),
    ],
)
def test_bad_options_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        MaskedDecoder(**{**OPTIONS, **change})


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match='9 mask units.*built for 2x3.*img_size'):
        MaskedDecoder(**OPTIONS)((torch.randn(1, 1, 12),), torch.tensor([False] + [True] * 8))
