"""``warm_server.py SOCKET``: imports what takes long, then forks for each command.

See ``warm_python.py``. In the child, the loop returns; all else is then as if Python had just been
started with the command, to its very end.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import types
from contextlib import suppress
from pathlib import Path

from quick_yapf import remember_layouts

# Neither of OpenMMLab, nor what imports it.
LIBRARIES = (
    'cv2',
    'einops',
    'huggingface_hub.serialization',
    'imagecorruptions',
    'logging.handlers',
    'matplotlib.pyplot',
    'modelindex.load_model_index',
    'mpl_toolkits.mplot3d',
    'multiprocessing.spawn',
    'numpy',
    'pandas',
    'PIL.Image',
    'pycocotools.coco',
    'pycocotools.cocoeval',
    'rich.progress',
    'scipy.interpolate',
    'scipy.io',
    'scipy.ndimage',
    'scipy.optimize',
    'scipy.signal',
    'scipy.spatial',
    'scipy.stats',
    'shapely',
    'sklearn.metrics',
    'tifffile',
    'torch',
    'torch.distributed.run',
    'torchvision.transforms',
    'transformers.models.auto.modeling_auto',
    'transformers.models.bart.tokenization_bart',
    'transformers.models.bert.modeling_bert',
    'transformers.models.bert.tokenization_bert_fast',
    'transformers.trainer_pt_utils',
)
MOST_FILES = 64


def main() -> None:
    """Becomes the command, in each process that is forked."""
    for name in LIBRARIES:
        importlib.import_module(name)
    remember_layouts()
    gc.collect()
    gc.freeze()  # or each child copies all memory at its first collection
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    become(**request)
    end(status_of(request['arguments']))


def serve(door: socket.socket) -> dict[str, object]:
    """Forks for each that asks, and tells it how that process ended; returns in children only."""
    running: dict[int, socket.socket] = {}
    while True:
        # Whether a process has ended is looked up fifty times a second.
        waiting = [sys.stdin, door, *running.values()]
        ready = select.select(waiting, [], [], 0.02 if running else None)[0]
        if sys.stdin in ready:
            for process in running:
                kill(process)
            os._exit(0)
        if door in ready:
            client, _ = door.accept()
            request = receive(client)
            process = os.fork()
            if not process:
                for each in (door, client, *running.values()):
                    each.close()
                return request
            running[process] = client
            for file in request['files']:
                os.close(file)
            client.sendall(b'%d' % process)
        for process, client in list(running.items()):
            if client in ready:  # it says nothing, so it is gone
                kill(process)
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                with suppress(BrokenPipeError):
                    client.sendall(b'%d' % os.waitstatus_to_exitcode(status))
                running.pop(process).close()


def receive(client: socket.socket) -> dict[str, object]:
    """What a client asks for, with the files that it has open."""
    length, files, _, _ = socket.recv_fds(client, 8, MOST_FILES)
    with client.makefile('rb') as stream:
        request = json.loads(stream.read(int.from_bytes(length, 'big')))
    return {**request, 'files': files}


def kill(process: int) -> None:
    """Ends a command, and those that it started."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
        os.killpg(process, signal.SIGKILL)


def become(
    program: str,
    arguments: list[str],
    folder: str,
    environment: dict[str, str],
    files: list[int],
    numbers: list[int],
) -> None:
    """Gives this process all that one has from whoever starts it."""
    os.setsid()
    above = max(*files, *numbers) + 1  # so that none takes the place of one that is still to move
    for file, number in zip([fcntl.fcntl(file, fcntl.F_DUPFD, above) for file in files], numbers):
        os.dup2(file, number)
        os.close(file)
    for file in set(files) - set(numbers):
        os.close(file)
    os.chdir(folder)
    ours = paths(os.environ)
    sys.path[:] = [each for each in sys.path[1:] if each not in ours]
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = paths(os.environ)
    sys.executable = program
    sys.dont_write_bytecode = bool(environment.get('PYTHONDONTWRITEBYTECODE'))
    numpy, torch = sys.modules['numpy'], sys.modules['torch']
    numpy.random.seed()
    torch.default_generator.seed()
    torch.set_num_threads(int(environment.get('OMP_NUM_THREADS', os.cpu_count())))


def paths(environment: dict[str, str]) -> list[str]:
    """The folders of PYTHONPATH."""
    return [each for each in environment.get('PYTHONPATH', '').split(os.pathsep) if each]


def run(arguments: list[str]) -> None:
    """Does what ``python ARGUMENTS`` does."""
    while arguments[0] in ('-u', '-B'):
        if arguments[0] == '-u':
            sys.stdout, sys.stderr = (unbuffered(number) for number in (1, 2))
        sys.dont_write_bytecode |= arguments[0] == '-B'
        arguments = arguments[1:]
    first, *rest = arguments
    if first == '-c':
        sys.argv, sys.path[:0] = ['-c', *rest[1:]], ['']
        run_program(rest[0], '<string>')
    elif first == '-m':
        sys.argv, sys.path[:0] = rest, [os.getcwd()]
        runpy.run_module(rest[0], run_name='__main__', alter_sys=True)
    elif first.startswith('-'):
        raise SystemExit(f'warm python does not know {first}')
    else:
        path = Path(first).absolute()
        sys.argv, sys.path[:0] = arguments, [str(path.resolve().parent)]
        run_program(path.read_bytes(), str(path), __file__=str(path))


def run_program(source: str | bytes, name: str, **names: str) -> None:
    """Runs the source as the main module."""
    module = sys.modules['__main__'] = types.ModuleType('__main__')
    vars(module).update(names)
    exec(compile(source, name, 'exec', dont_inherit=True), vars(module))


def status_of(arguments: list[str]) -> int:
    """Runs the command; its exit status, after what Python prints where it failed."""
    try:
        run(arguments)
    except SystemExit as request:
        if request.code is None or isinstance(request.code, int):
            return request.code or 0
        print(request.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def end(status: int) -> None:
    """Does what Python does at its end, but frees no memory, which takes seconds."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 255)


def unbuffered(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(number, 'w', closefd=False), write_through=True)


if __name__ == '__main__':
    main()
