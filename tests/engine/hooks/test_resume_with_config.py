import pytest
import torch
from reference_training import NoteRates, log_of, resumable

from mmgreen.errors import InputError


def whole(images, **options):
    """A training that ran through, and the rate of each of its steps."""
    note = NoteRates()
    trained = resumable(images, 'whole', note, **options)
    trained.train()
    return trained, note.rates


def rest(images, checkpoint='epoch_1.pth', name='rest', **options):
    """The same, gone on with from one of its checkpoints in another folder."""
    note = NoteRates()
    path = str(images.parent / 'whole' / checkpoint)
    trained = resumable(images, name, note, resume=True, load_from=path, **options)
    trained.train()
    return trained, note.rates


def test_an_unchanged_config_goes_on_to_the_same_weights(images):
    unbroken, rates = whole(images)
    resumed, later = rest(images)
    assert later == {step: rates[step] for step in range(4, 10)}
    assert torch.equal(resumed.model.weight, unbroken.model.weight)
    assert 'otherwise than before' not in log_of(resumed)


def test_more_epochs_have_the_rates_of_a_training_of_that_length(images):
    whole(images)
    _, longer = rest(images, 'epoch_3.pth', epochs=6)
    note = NoteRates()
    resumable(images, 'fresh', note, epochs=6).train()
    assert longer == {step: note.rates[step] for step in range(10, 19)}
    assert longer[18] < 0.1 * longer[10]


def test_rate_and_decay_are_those_of_the_config_and_the_log_says_so(images):
    _, rates = whole(images)
    resumed, later = rest(images, lr=1e-3)
    assert later[4] == pytest.approx(rates[4] / 10)
    text = 'From here on otherwise than before: optimizer.lr 0.01 -> 0.001.'
    assert text in log_of(resumed)
    other = dict(optimizer=dict(type='AdamW', lr=1e-2, weight_decay=0.5, betas=(0.5, 0.9)))
    resumed, _ = rest(images, name='decay', optim_wrapper=other)
    (group,) = resumed.optim_wrapper.optimizer.param_groups
    assert (group['weight_decay'], tuple(group['betas'])) == (0.5, (0.5, 0.9))
    assert resumed.optim_wrapper.optimizer.state[resumed.model.weight]['step'] == 9


def test_a_smaller_batch_counts_its_own_steps(images):
    whole(images)
    _, later = rest(images, batch=2)  # 6 batches an epoch in place of 3
    assert sorted(later) == list(range(7, 19))
    note = NoteRates()
    resumable(images, 'fresh', note, batch=2).train()
    assert later == {step: note.rates[step] for step in range(7, 19)}


def test_another_optimizer_is_refused(images):
    whole(images)
    with pytest.raises(InputError, match=r'written with AdamW, the config has SGD.*load_from'):
        rest(images, optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-2)))


def test_a_finished_training_says_that_nothing_is_left(images):
    whole(images)
    resumed, later = rest(images, 'epoch_3.pth')
    assert later == {}
    assert 'Nothing is left to train: the checkpoint stands after epoch 3' in log_of(resumed)


def test_what_mmengine_alone_wrote_is_gone_on_with(images):
    whole(images)
    path = images.parent / 'whole/epoch_1.pth'
    content = torch.load(path, weights_only=False)
    del content['meta']['mmgreen']
    torch.save(content, path)
    _, later = rest(images, lr=1e-3)
    assert sorted(later) == list(range(4, 10)) and later[4] < 1e-3


def test_rates_that_follow_from_validation_stay_the_files(images):
    plateau = [dict(type='ReduceOnPlateauLR', monitor='loss', by_epoch=True)]
    whole(images, param_scheduler=plateau)
    _, later = rest(images, param_scheduler=plateau)
    assert set(later.values()) == {1e-2}


def test_a_test_with_the_config_of_a_resumed_training_changes_nothing(images):
    whole(images)
    path = str(images.parent / 'whole/epoch_1.pth')
    tested = resumable(images, 'tested', load_from=path, lr=1e-3)
    tested.test()
    assert 'otherwise than before' not in log_of(tested)
    assert isinstance(tested._train_dataloader, dict)  # training data are not even looked for
