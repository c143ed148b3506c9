import torch
from reference_training import resumable


def test_a_checkpoint_says_as_plain_values_what_it_is_of(images):
    resumable(images, 'run', epochs=1).train()
    path = images.parent / 'run/epoch_1.pth'
    facts = torch.load(path, weights_only=False)['meta']['mmgreen']
    assert facts['images'] == dict(folder=str(images), ann_file='', number=12)
    assert facts['optimizer'] == 'AdamW' and facts['parameters'] == [['weight']]
    assert facts['steps_per_epoch'] == 3
    assert facts['settings'] == {
        'optimizer.lr': 0.01,
        'optimizer.weight_decay': 0.1,
        'clip_grad': None,
        'epochs': 1,
        'steps': 3,
        'batch': 4,
        'images': 12,
    }
    torch.save(facts, images.parent / 'facts.pth')
    assert torch.load(images.parent / 'facts.pth', weights_only=True) == facts
