import pytest
import torch

from mmgreen.analysis.soak import soak
from mmgreen.errors import InputError

KILLS = 2

# A training of 8 epochs that goes on where it stopped. Its checkpoints it takes from a folder, once
# it was resumed from another: so it needs no torch, and begins at once.
TRAIN = """
import pathlib, shutil, sys, time

folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
folder.mkdir(exist_ok=True)
done = sorted(int(path.stem.split('_')[1]) for path in folder.glob('epoch_*.pth'))
epoch = done[-1] if done else 0
stock = pathlib.Path(sys.argv[0]).parent / ('resumed' if done else 'begun')
while epoch < 8:
    time.sleep(0.1)
    epoch += 1
    shutil.copy(stock / f'epoch_{epoch}.pth', folder / 'part')
    (folder / 'part').rename(folder / f'epoch_{epoch}.pth')
"""


def make_stock(folder, begun):
    folder.mkdir()
    for epoch in range(1, 9):
        total = torch.tensor(float(sum(range(epoch + 1))) + begun)
        content = dict(state_dict=dict(total=total), optimizer=dict(state={0: [total]}))
        torch.save(content, folder / f'epoch_{epoch}.pth')


@pytest.mark.parametrize(('lost', 'is_equal'), [(0, True), (1, False)])
def test_kills_are_counted_and_ends_compared(tmp_path, lost, is_equal):
    tools = tmp_path / 'tools'
    tools.mkdir()
    (tools / 'train.py').write_text(TRAIN)
    make_stock(tools / 'begun', 0)
    make_stock(tools / 'resumed', lost)
    told = []
    came = soak(tools, 'config.py', tmp_path / 'work', kills=KILLS, say=told.append)
    assert came.kills == KILLS and came.trainings >= 1
    assert (came.equal == came.trainings) == is_equal
    assert sum(line.startswith('kill ') for line in told) == KILLS
    assert f'of {came.trainings} trainings, killed {KILLS} times' in str(came)


def test_a_training_that_fails_of_itself_is_no_result(tmp_path):
    (tmp_path / 'train.py').write_text('raise SystemExit(3)')
    with pytest.raises(Exception, match='exit status 3'):
        soak(tmp_path, 'config.py', tmp_path / 'work', kills=1, say=lambda line: None)


def test_a_folder_in_the_way_is_named(tmp_path):
    with pytest.raises(InputError, match='exists; name a folder that does not'):
        soak(tmp_path, 'config.py', tmp_path, kills=1)
