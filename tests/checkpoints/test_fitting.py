import torch
from reference_checkpoints import Model, small_swin

from mmgreen.checkpoints.fitting import fit_weights
from mmgreen.checkpoints.formats import convert


def test_everything_fits():
    fit = fit_weights('backbone', small_swin(), convert(small_swin().state_dict()))
    parameters = dict(small_swin().named_parameters())
    assert set(fit.taken) == set(parameters)
    assert fit.filled == fit.needed == sum(x.numel() for x in parameters.values())
    assert not any(
        (fit.resized, fit.mismatched, fit.missing, fit.expected, fit.unneeded, fit.unexpected)
    )


def test_norms_of_further_outputs():
    plain, detector = small_swin(), small_swin(out_indices=(0, 1, 2, 3))
    norms = {f'norm{i}.{part}' for i in range(3) for part in ('weight', 'bias')}
    to_detector = fit_weights('backbone', detector, convert(plain.state_dict()))
    assert set(to_detector.expected) == norms
    assert to_detector.filled == to_detector.needed
    from_detector = fit_weights('backbone', plain, convert(detector.state_dict()))
    assert set(from_detector.unneeded) == norms
    assert not from_detector.unexpected


def test_shares_count_elements():
    weights = dict(small_swin().state_dict())
    gone = weights.pop('stages.3.blocks.0.ffn.layers.0.0.weight')
    fit = fit_weights('backbone', small_swin(), convert(weights))
    assert fit.missing == ('stages.3.blocks.0.ffn.layers.0.0.weight',)
    assert fit.needed - fit.filled == gone.numel()


def test_other_input_channels():
    fit = fit_weights('backbone', small_swin(in_channels=5), convert(small_swin().state_dict()))
    assert fit.mismatched == {
        'patch_embed.projection.weight': 'the file reads 3 input channels, the model 5'
    }


def test_unknown_names():
    weights = {**small_swin().state_dict(), 'norm3.gain': torch.ones(1)}
    converted = convert(weights)
    assert converted.leftover == ('norm3.gain',)
    weights['norm7.weight'] = torch.ones(1)
    assert fit_weights('backbone', small_swin(), convert(weights)).unexpected == ('norm7.weight',)


def test_learned_positions_are_resized():
    source = Model(224, pos_embed='learned')
    with torch.no_grad():
        rows = torch.arange(7.0).repeat_interleave(7)
        source.neck.pos_embed.copy_(rows[None, :, None].expand(1, 49, 32))
    for size, grid in ((448, (14, 14)), ((224, 448), (7, 14))):
        target = Model(size, pos_embed='learned')
        fit = fit_weights('neck', target.neck, convert(source.state_dict()))
        assert list(fit.resized) == ['pos_embed']
        assert fit.filled == fit.needed
        table = fit.taken['pos_embed'].view(*grid, 32)
        assert torch.allclose(table, table[:, :1])  # columns are alike, as they were
        assert (table[1:, 0] > table[:-1, 0]).all()  # rows still rise


def test_computed_positions_of_another_size_stay_the_necks_own():
    fit = fit_weights('neck', Model(448).neck, convert(Model(224).state_dict()))
    assert 'pos_embed' not in fit.taken
    assert not fit.resized and not fit.mismatched and not fit.missing
    assert fit.filled == fit.needed


def test_learned_positions_of_the_same_size_fit_a_computed_table():
    source = Model(pos_embed='learned')
    fit = fit_weights('neck', Model().neck, convert(source.state_dict()))
    assert torch.equal(fit.taken['pos_embed'], source.neck.pos_embed)


def test_positions_of_another_width_do_not_fit():
    source = Model(224, pos_embed='learned', embed_dim=64)
    target = Model(448, pos_embed='learned')
    fit = fit_weights('neck', target.neck, convert(source.state_dict()))
    assert fit.mismatched['pos_embed'] == 'file [1, 49, 64], model [1, 196, 32]'
