import pytest
from torch.utils.data import DataLoader, Dataset

from mmgreen.apis.endings import ends_in_a_sentence
from mmgreen.datasets.errors import DataError
from mmgreen.errors import InputError, MissingFileError
from mmgreen.registry import MODELS


@pytest.mark.parametrize('kind', [InputError, MissingFileError])
def test_what_the_user_can_mend_is_one_sentence(kind):
    with pytest.raises(SystemExit) as end, ends_in_a_sentence('tools/x.py'):
        raise kind('No such thing; give another.')
    assert end.value.code == 'tools/x.py: No such thing; give another.'


def test_the_name_of_a_class_before_it_is_left_out():
    config = dict(type='mmgreen.MIMHead', target='nothing')
    with pytest.raises(SystemExit) as end, ends_in_a_sentence('x'):
        MODELS.build(config)
    assert end.value.code.startswith('x: target must be one of')


def test_anything_else_keeps_its_trace_behind_a_sentence(capsys):
    with pytest.raises(RuntimeError, match='deep down'), ends_in_a_sentence('tools/x.py'):
        raise RuntimeError('deep down')
    said = capsys.readouterr().err
    assert said.startswith('tools/x.py: RuntimeError, which mmgreen did not foresee')
    assert said.count('\n') == 1


class Broken(Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise DataError('a.png cannot be read: it is cut off.')


@pytest.mark.parametrize('workers', [0, 1])
def test_a_sentence_from_a_worker_comes_without_its_trace(workers):
    with pytest.raises(SystemExit) as end, ends_in_a_sentence('x'):
        next(iter(DataLoader(Broken(), num_workers=workers)))
    assert end.value.code == 'x: a.png cannot be read: it is cut off.'
