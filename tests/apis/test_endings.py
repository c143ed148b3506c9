import signal
import subprocess
import sys

import pytest
from torch.utils.data import DataLoader, Dataset

from mmgreen.apis.endings import (
    Terminated,
    ends_in_a_sentence,
    goes_on_when_repeated,
    sigterm_interrupts,
    status_of,
)
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


@pytest.mark.parametrize(
    'error',
    [
        ModuleNotFoundError("No module named 'torchvision'", name='torchvision'),
        ImportError('_ext.so: undefined symbol: _ZN3c10'),
        RuntimeError('operator torchvision::nms does not exist'),
    ],
)
def test_packages_that_do_not_work_are_a_sentence_that_names_the_check(error):
    with pytest.raises(SystemExit) as end, ends_in_a_sentence('x'):
        raise error
    assert end.value.code.startswith(f'x: {error}: ')
    assert 'python -m mmgreen.check_env' in end.value.code


def test_an_import_of_ours_that_fails_keeps_its_trace():
    with pytest.raises(ImportError), ends_in_a_sentence('x'):
        import mmgreen.nothing_of_that_name  # noqa: F401


def test_the_end_of_a_command_that_a_tool_ran():
    command = [sys.executable, '-c', 'raise SystemExit(3)']
    with pytest.raises(SystemExit) as end, ends_in_a_sentence('x'):
        subprocess.run(command, check=True)
    assert end.value.code.startswith('x: a command that it ran ended with 3')


def test_sigterm_interrupts_as_ctrl_c_does():
    earlier = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt) as interruption, sigterm_interrupts():
        signal.raise_signal(signal.SIGTERM)
    assert status_of(interruption.value) == 143
    assert status_of(KeyboardInterrupt()) == 130
    assert signal.getsignal(signal.SIGTERM) is earlier


@pytest.fixture
def ctrl_c_interrupts():
    """As in a terminal; a shell starts what runs in its background deaf to it."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.mark.usefixtures('ctrl_c_interrupts')
@pytest.mark.parametrize(('number', 'status'), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_goes_on_when_repeated_says_so(number, status, capsys):
    with pytest.raises(SystemExit) as ended, goes_on_when_repeated():
        signal.raise_signal(number)
    assert ended.value.code == status
    assert capsys.readouterr().err == 'Stopped; the same command goes on from here.\n'


def test_sigterm_is_passed_on_first():
    passed_on = []
    with pytest.raises(Terminated), sigterm_interrupts(before=lambda: passed_on.append(1)):
        signal.raise_signal(signal.SIGTERM)
    assert passed_on == [1]


def test_a_second_sigterm_ends_at_once():
    program = (
        'import os, signal\n'
        'from mmgreen.apis.endings import sigterm_interrupts\n'
        'with sigterm_interrupts():\n'
        '    try:\n'
        '        os.kill(os.getpid(), signal.SIGTERM)\n'
        '    except KeyboardInterrupt:\n'
        '        os.kill(os.getpid(), signal.SIGTERM)\n'
    )
    ended = subprocess.run([sys.executable, '-c', program], capture_output=True)
    assert ended.returncode == -signal.SIGTERM
