import shutil
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmgreen.engine.resuming import (
    changes,
    checkpoint_to_resume,
    latest_checkpoint,
    optimizer_state,
)
from mmgreen.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """A work folder after three epochs."""
    folder = tmp_path / 'work'
    folder.mkdir()
    for epoch in (1, 2, 3):
        (folder / f'epoch_{epoch}.pth').touch()
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_3.pth'))
    return folder


class TestLatestCheckpoint:
    def test_what_the_pointer_names(self, folder):
        (folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
        assert latest_checkpoint(folder) == str(folder / 'epoch_2.pth')

    def test_a_folder_that_was_moved(self, folder, tmp_path):
        folder.rename(tmp_path / 'moved')
        assert latest_checkpoint(tmp_path / 'moved') == str(tmp_path / 'moved/epoch_3.pth')

    def test_a_folder_that_was_copied_goes_on_from_its_own(self, folder, tmp_path):
        shutil.copytree(folder, tmp_path / 'copy')
        assert latest_checkpoint(tmp_path / 'copy') == str(tmp_path / 'copy/epoch_3.pth')

    @pytest.mark.parametrize('pointer', ['', 'gone.pth', None])
    def test_a_pointer_that_names_nothing(self, folder, pointer):
        (folder / 'epoch_10.pth').touch()
        if pointer is None:
            (folder / 'last_checkpoint').unlink()
        else:
            (folder / 'last_checkpoint').write_text(pointer)
        assert latest_checkpoint(folder) == str(folder / 'epoch_10.pth')

    def test_checkpoints_in_another_folder(self, tmp_path):
        (tmp_path / 'kept').mkdir()
        (tmp_path / 'kept/epoch_1.pth').touch()
        (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'kept/epoch_1.pth'))
        assert latest_checkpoint(tmp_path) == str(tmp_path / 'kept/epoch_1.pth')

    def test_none(self, tmp_path):
        assert latest_checkpoint(tmp_path) is None
        assert latest_checkpoint(tmp_path / 'gone') is None


def test_what_is_asked_for(folder):
    assert checkpoint_to_resume('auto', str(folder)) == str(folder / 'epoch_3.pth')
    path = str(folder / 'epoch_1.pth')
    assert checkpoint_to_resume(path, str(folder)) == path
    with pytest.raises(InputError, match=r'There is no checkpoint gone\.pth'):
        checkpoint_to_resume('gone.pth', str(folder))


class TestOptimizerState:
    """Three parameters, in one group when the file was written, in two now."""

    @pytest.fixture
    def net(self):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1, bias=False))

    def wrapper(self, net, *groups):
        wrapper = OptimWrapper(torch.optim.AdamW([dict(params=each) for each in groups], lr=1e-3))
        wrapper.update_params(net(torch.ones(1, 2)).sum())
        return wrapper

    def test_moments_go_by_name_and_settings_are_todays(self, net):
        names = {id(parameter): name for name, parameter in net.named_parameters()}
        stored = self.wrapper(net, list(net.parameters())).state_dict()
        facts = dict(optimizer='AdamW', parameters=[[name for name, _ in net.named_parameters()]])
        now = self.wrapper(net, [net[0].bias], [net[1].weight, net[0].weight])
        now.optimizer.param_groups[1]['lr'] = 0.5
        now.load_state_dict(optimizer_state(stored, facts, now, names))
        assert [group['lr'] for group in now.optimizer.param_groups] == [1e-3, 0.5]
        for place, parameter in enumerate(net.parameters()):
            moments = now.optimizer.state[parameter]
            assert torch.equal(moments['exp_avg'], stored['state'][place]['exp_avg'])

    def test_without_names_other_groups_are_refused(self, net):
        names = {id(parameter): name for name, parameter in net.named_parameters()}
        stored = self.wrapper(net, list(net.parameters())).state_dict()
        now = self.wrapper(net, [net[0].bias], [net[1].weight, net[0].weight])
        with pytest.raises(InputError, match='other groups of parameters'):
            optimizer_state(stored, {}, now, names)

    def test_what_is_new_begins_without_moments(self, net):
        names = {id(parameter): name for name, parameter in net.named_parameters()}
        stored = self.wrapper(net, [net[0].weight, net[0].bias]).state_dict()
        facts = dict(optimizer='AdamW', parameters=[['0.weight', '0.bias']])
        now = SimpleNamespace(optimizer=torch.optim.AdamW(net.parameters()))
        assert sorted(optimizer_state(stored, facts, now, names)['state']) == [0, 1]


def test_changes_in_words():
    assert changes(dict(a=1, b=[2]), dict(a=1, b=[2])) == ''
    assert changes(dict(a=1, b=2), dict(a=3, c=4)) == 'a 1 -> 3, b 2 -> None, c None -> 4'
