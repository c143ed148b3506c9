import pytest
import torch
from reference_training import NUM_IMAGES, loader, resumable, runner


def test_a_checkpoint_within_an_epoch_is_gone_on_with_to_the_same_weights(images):
    whole = resumable(images, 'whole', checkpoints=dict(by_epoch=False, max_keep_ckpts=-1))
    whole.train()
    for step in (2, 3, 4):  # 3 batches an epoch
        path = str(images.parent / f'whole/iter_{step}.pth')
        rest = resumable(images, f'rest_{step}', resume=True, load_from=path)
        rest.train()
        assert rest.model.draws == whole.model.draws[step:]
        assert torch.equal(rest.model.weight, whole.model.weight)
        assert (rest.epoch, rest.iter) == (3, 9)


@pytest.mark.parametrize('part', ['val', 'test'])
@pytest.mark.parametrize('samples', [5, 30])
def test_metrics_are_over_every_sample_that_the_sampler_gives(images, part, samples):
    evaluated = loader(images, shuffle=False)
    evaluated.update(batch_size=1, persistent_workers=False)
    evaluated['sampler']['samples_per_epoch'] = samples
    options = {
        f'{part}_dataloader': evaluated,
        f'{part}_cfg': dict(type=f'mmgreen.Sample{part.title()}Loop'),
        f'{part}_evaluator': dict(type='mmgreen.ReconstructionLoss'),
    }
    made = runner(images, [], part, **options)
    losses = [(20 * (place % NUM_IMAGES) / 255) ** 2 for place in range(samples)]
    expected = {'reconstruction_loss': pytest.approx(sum(losses) / samples, rel=1e-5)}
    assert getattr(made, part)() == expected
