import pytest
import torch
from reference_training import resumable

from mmgreen.checkpoints import load_pretrained
from mmgreen.engine.training_facts import training_facts
from mmgreen.models import GreenSwin, MaskedAutoencoder

ARCH = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])


@pytest.fixture
def pretrained(images):
    """The checkpoint of a pretraining on visible tokens."""
    model = MaskedAutoencoder(
        dict(type='mmgreen.GreenSwin', arch=ARCH, img_size=64),
        dict(type='mmgreen.MIMDecoder', in_channels=64, embed_dim=16, num_heads=2, img_size=64),
        dict(type='mmgreen.MIMHead'),
    )
    runner = resumable(images, 'run', model=model)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner._train_dataloader = runner.build_dataloader(runner._train_dataloader)
    content = dict(state_dict=model.state_dict(), meta=dict(mmgreen=training_facts(runner)))
    torch.save(content, images.parent / 'epoch_1.pth')
    return images.parent / 'epoch_1.pth'


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({}, ['padding of windows: left out -> attended to']),
        (dict(mask_padding=True, pad_small_map=True), ['left out -> attended to']),
        (dict(mask_padding=True), []),
        (dict(mask_padding=True, window_size=4), ['windows: 7 tokens -> 4 tokens']),
    ],
)
def test_a_transfer_says_what_it_encodes_otherwise(pretrained, options, said):
    notes = load_pretrained(GreenSwin(ARCH, **options), pretrained).notes
    sentences = [note for note in notes if note.startswith('Encodes otherwise')]
    assert len(sentences) == len(said)
    for sentence, part in zip(sentences, said):
        assert part in sentence


def test_a_file_without_facts_says_nothing(tmp_path):
    torch.save(GreenSwin(ARCH).state_dict(), tmp_path / 'plain.pth')
    notes = load_pretrained(GreenSwin(ARCH), tmp_path / 'plain.pth').notes
    assert not [note for note in notes if 'otherwise' in note]
