import errno
import shutil

import pytest
import torch
from mmengine.hooks import Hook
from reference_training import loader, resumable

from mmgreen.engine.hooks.safe_checkpoint import AtomicBackend
from mmgreen.errors import InputError


def names(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    backend, path = AtomicBackend(), tmp_path / 'a.pth'
    backend.put(b'old', str(path))

    def broken(descriptor):
        raise OSError(errno.EIO, 'unplugged')

    monkeypatch.setattr('os.fsync', broken)
    with pytest.raises(OSError, match='unplugged'):
        backend.put(b'new', str(path))
    assert path.read_bytes() == b'old' and names(tmp_path) == ['a.pth']


def test_a_full_disk_is_one_sentence_and_the_last_good_file_stays(images, monkeypatch):
    trained = resumable(images, 'run', epochs=1)
    trained.train()

    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    good = images.parent / 'run/epoch_1.pth'
    with pytest.raises(InputError, match=f'The disk is full: .*epoch_2.pth.* from {good}'):
        resumable(images, 'run', epochs=2, resume=True, load_from=str(good)).train()
    assert names(good.parent) == ['epoch_1.pth']
    assert torch.load(good, weights_only=False)['meta']['epoch'] == 1


def test_the_outdated_one_goes_when_its_successor_is_there(images, monkeypatch):
    seen, put = [], AtomicBackend.put

    def noted(self, obj, filepath):
        seen.append(names(images.parent / 'run'))
        put(self, obj, filepath)

    monkeypatch.setattr(AtomicBackend, 'put', noted)
    resumable(images, 'run', checkpoints=dict(max_keep_ckpts=1)).train()
    assert seen == [[], ['epoch_1.pth'], ['epoch_2.pth']]
    assert names(images.parent / 'run') == ['epoch_3.pth']


def test_one_between_after_so_many_minutes_until_the_next_regular_one(images):
    seen = []

    class Look(Hook):
        priority = 'LOWEST'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            seen.append(names(images.parent / 'run'))

    resumable(images, 'run', Look(), epochs=1, checkpoints=dict(minutes=0)).train()
    assert seen == [['iter_1.pth'], ['iter_2.pth'], ['iter_3.pth']]
    assert names(images.parent / 'run') == ['epoch_1.pth']


def test_no_one_between_in_the_middle_of_accumulated_gradients(images):
    seen = []

    class Look(Hook):
        priority = 'LOWEST'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            seen.append(names(images.parent / 'run'))

    wrapper = dict(optimizer=dict(type='AdamW', lr=1e-2), accumulative_counts=3)
    options = dict(epochs=1, checkpoints=dict(minutes=0), optim_wrapper=wrapper)
    resumable(images, 'run', Look(), **options).train()
    assert seen == [[], [], ['iter_3.pth']]


def test_a_copied_folder_removes_its_own_best_only(images):
    def train(name, **options):
        resumable(
            images,
            name,
            checkpoints=dict(save_best='reconstruction_loss', rule='less', max_keep_ckpts=1),
            val_dataloader=loader(images, shuffle=False),
            val_cfg={},
            val_evaluator=dict(type='mmgreen.ReconstructionLoss'),
            **options,
        ).train()

    train('first', epochs=1)
    first, copy = images.parent / 'first', images.parent / 'copy'
    shutil.copytree(first, copy)
    before = names(first)
    assert 'best_reconstruction_loss_epoch_1.pth' in before
    train('copy', epochs=3, resume=True, load_from=str(copy / 'epoch_1.pth'))
    assert names(first) == before
    assert [name for name in names(copy) if 'best' in name] == [
        'best_reconstruction_loss_epoch_3.pth'
    ]
