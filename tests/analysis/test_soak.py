import pytest

from mmgreen.analysis.soak import soak
from mmgreen.errors import InputError

# A training of 8 epochs that says after each what it has added up so far.
TRAIN = """
import pathlib, sys, time
import torch

folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
folder.mkdir(exist_ok=True)
done = sorted(int(path.stem.split('_')[1]) for path in folder.glob('epoch_*.pth'))
epoch = done[-1] if done else 0
begun = RESUMED
while epoch < 8:
    time.sleep(0.1)
    epoch += 1
    total = torch.tensor(float(sum(range(epoch + 1))) + begun)
    content = dict(state_dict=dict(total=total), optimizer=dict(state={0: [total]}))
    torch.save(content, folder / 'part')
    (folder / 'part').rename(folder / f'epoch_{epoch}.pth')
"""


@pytest.mark.parametrize(('begun', 'is_equal'), [('0', True), ('time.time() % 1000', False)])
def test_kills_are_counted_and_ends_compared(tmp_path, begun, is_equal):
    tools = tmp_path / 'tools'
    tools.mkdir()
    (tools / 'train.py').write_text(TRAIN.replace('RESUMED', begun))
    told = []
    came = soak(tools, 'config.py', tmp_path / 'work', kills=2, say=told.append)
    assert came.kills == 2 and came.trainings >= 1
    assert came.equal == (came.trainings if is_equal else 0)
    assert sum(line.startswith('kill ') for line in told) == 2
    assert f'of {came.trainings} trainings, killed 2 times' in str(came)


def test_a_training_that_fails_of_itself_is_no_result(tmp_path):
    (tmp_path / 'train.py').write_text('raise SystemExit(3)')
    with pytest.raises(Exception, match='exit status 3'):
        soak(tmp_path, 'config.py', tmp_path / 'work', kills=1, say=lambda line: None)


def test_a_folder_in_the_way_is_named(tmp_path):
    with pytest.raises(InputError, match='exists; name a folder that does not'):
        soak(tmp_path, 'config.py', tmp_path, kills=1)
