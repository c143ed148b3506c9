"""That ``warm_python.py`` runs a command as Python does."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repository import ROOT
from warm_python import warm_python

STATE = """
import json, os, sys
import helper
HOSTS = ('mmengine', 'mmcv', 'mmdet', 'mmpretrain', 'mmgreen')
lines = [sys.stdin.read(), sys.argv, __name__, globals().get('__file__'), sys.path[:2]]
lines += [os.getcwd(), os.environ['COLOUR'], os.environ.get('HOME'), helper.WORD]
lines += [sys.modules['__main__'].__name__, [x for x in HOSTS if x in sys.modules]]
lines += [sys.dont_write_bytecode]
print(json.dumps(lines))
print('aside', file=sys.stderr)
"""
FAILS = {
    'a status': ('raise SystemExit(7)', 7),
    'more than a byte': ('raise SystemExit(263)', 7),
    'none': ('raise SystemExit', 0),
    'a sentence': ('raise SystemExit("It is so.")', 1),
    'a failure': ('def f():\n    return 1 / 0\nf()', 1),
    'an interruption': ('raise KeyboardInterrupt', 1),
    'a signal': ('import os\nprint(1, flush=True)\nos.kill(os.getpid(), 15)', -15),
    'being killed': ('import os\nprint(1)\nos.kill(os.getpid(), 9)', -9),
    'what is left to do': ('import atexit\natexit.register(print, "at last")\nprint("first")', 0),
    'a thread that is waited for': (
        'import threading\nthreading.Timer(0.1, print, ["later"]).start()',
        0,
    ),
}


def both(python, *arguments, **options):
    """What Python does with the arguments, and what the warm one does."""
    return [
        subprocess.run([each, *arguments], capture_output=True, text=True, **options)
        for each in (sys.executable, python)
    ]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'tool.py').write_text(STATE)
    (tmp_path / 'library').mkdir()
    (tmp_path / 'library/helper.py').write_text('WORD = "found"')
    return tmp_path


@pytest.mark.parametrize('how', ['script', 'module', 'program'])
def test_a_command_sees_what_it_would_see(python, folder, how):
    arguments = {
        'script': ['-u', '-B', 'tool.py'],
        'module': ['-m', 'tool'],
        'program': ['-c', STATE],
    }
    environment = {'COLOUR': 'r\u00f6t', 'PATH': os.environ['PATH']}
    environment['PYTHONPATH'] = f'{folder}/library'
    options = dict(cwd=folder, env=environment, input='from outside')
    real, warm = both(python, *arguments[how], '-c', 'a b', **options)
    assert real.returncode == 0, real.stderr
    seen, expected = json.loads(warm.stdout), json.loads(real.stdout)
    assert seen == expected and 'found' in seen
    assert warm.returncode == 0 and warm.stderr == real.stderr


@pytest.mark.parametrize('number', [1, 2])
def test_it_takes_as_many_threads_as_it_is_told(python, number):
    command = [python, '-c', 'import torch\nprint(torch.get_num_threads())']
    environment = {**os.environ, 'OMP_NUM_THREADS': str(number)}
    assert subprocess.check_output(command, env=environment, text=True) == f'{number}\n'


@pytest.mark.parametrize('end', FAILS)
def test_it_ends_as_it_would_end(python, end):
    program, status = FAILS[end]
    real, warm = both(python, '-c', program)
    assert (real.returncode if end != 'an interruption' else 1) == warm.returncode == status
    assert warm.stdout == real.stdout
    assert warm.stderr.splitlines()[-2:] == real.stderr.splitlines()[-2:]


def test_numbers_that_nobody_seeded_differ(python):
    program = 'import numpy, random, torch\n'
    program += 'print(numpy.random.rand(), random.random(), float(torch.rand(1)))'
    drawn = [subprocess.check_output([python, '-c', program]).split() for _ in range(2)]
    assert len({*drawn[0], *drawn[1]}) == 6


def test_files_left_open_for_it_keep_their_numbers(python):
    program = 'import os, sys\nfor each in sys.argv[1:]: os.write(int(each), each.encode())'
    ends = [os.pipe() for _ in range(4)]
    numbers = [end for _, end in reversed(ends)]
    command = [python, '-c', program, *map(str, numbers)]
    subprocess.run(command, check=True, pass_fds=numbers)
    for source, end in ends:
        assert os.read(source, 9) == str(end).encode()
        os.close(source)
        os.close(end)


def test_what_a_command_starts_is_warm_too(python, tmp_path):
    (tmp_path / 'child.py').write_text('import os\nprint(os.environ["RANK"], os.getppid())')
    path = f'{python.parent}{os.pathsep}{os.environ["PATH"]}'
    started = 'import subprocess, sys\nprint(sys.executable)\nsubprocess.run(["torchrun", '
    started += '"--nproc-per-node=2", "--master-port=0", "child.py"], check=True)'
    options = dict(cwd=tmp_path, env={**os.environ, 'PATH': path}, text=True)
    said = subprocess.check_output([python, '-c', started], **options).split()
    assert said[0] == str(python)
    ranks, parents = said[1::2], set(said[2::2])
    assert sorted(ranks) == ['0', '1'] and len(parents) == 1


WAITS = """
import os, pathlib, signal, time
child = os.fork()
if child:
    signal.signal(signal.SIGTERM, lambda *_: (print('told', flush=True), os._exit(5)))
    pathlib.Path('part').write_text(f'{os.getpid()} {child}')
    pathlib.Path('part').rename('running')
time.sleep(60)
"""


def start_waiting(python, folder):
    process = subprocess.Popen([python, '-c', WAITS], cwd=folder, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: (folder / 'running').exists())
    return process, (folder / 'running').read_text().split()


def wait_for(happens):
    end = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_signal_reaches_it(python, tmp_path):
    process, (_, child) = start_waiting(python, tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == 'told\n'
    assert process.wait(timeout=30) == 5
    os.kill(int(child), signal.SIGKILL)
    process.stdout.close()


def test_it_ends_with_whoever_ran_it(python, tmp_path):
    process, numbers = start_waiting(python, tmp_path)
    process.kill()
    process.communicate(timeout=30)
    for number in numbers:
        wait_for(lambda number=number: not is_running(number))


def is_running(number):
    try:
        return Path(f'/proc/{number}/stat').read_text().split()[2] != 'Z'
    except FileNotFoundError:
        return False


def test_options_it_does_not_know_are_refused(python):
    asked = subprocess.run([python, '-X', 'importtime', 'x.py'], capture_output=True, text=True)
    assert asked.returncode == 1 and asked.stderr == 'warm python does not know -X\n'


def test_it_forks_where_there_is_no_other_thread(python):
    program = 'import os\nprint(len(os.listdir("/proc/self/task")), os.getppid())'
    threads, server = subprocess.check_output([python, '-c', program], text=True).split()
    assert threads == '1' and len(os.listdir(f'/proc/{server}/task')) == 1
    assert (ROOT / 'tests/warm_server.py').as_posix() in Path(
        f'/proc/{server}/cmdline'
    ).read_text().split('\0')


def test_nobody_waits_for_a_server_that_failed(tmp_path, monkeypatch):
    (tmp_path / 'cv2.py').write_text('raise SystemExit(1)')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    with warm_python() as program:
        assert subprocess.run([program, '-c', ''], capture_output=True, timeout=60).returncode == 1
