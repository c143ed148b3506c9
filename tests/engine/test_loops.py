import torch
from reference_training import resumable


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
