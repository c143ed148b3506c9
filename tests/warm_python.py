"""A ``python`` that begins with PyTorch and its like already imported: a new process in a second.

A new process of a tool takes ten seconds of a core, of which all but one go into packages that are
the same each time. Here one process, ``warm_server.py``, imports them; for each command it forks,
and what it forked becomes that command: with the folder, environment, arguments, files and signals
of whoever ran it, and with its exit status. Nothing of OpenMMLab nor of mmgreen is imported before
the fork, so that registries, scopes and operators are those of a process just begun.

Tests of what is imported, and of an installed wheel, take ``sys.executable``.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent


@contextmanager
def warm_python() -> Iterator[Path]:
    """A program that takes the place of ``sys.executable``, with a ``torchrun`` beside it.

    A command finds it as its own ``sys.executable``, so that what that starts is warm too. Of the
    interpreter's options it knows ``-c``, ``-m``, ``-u`` and ``-B``.
    """
    with (
        tempfile.TemporaryDirectory(prefix='warm') as folder,
        socket.socket(socket.AF_UNIX) as door,
    ):
        # mmengine takes all that lies two folders above a Python for a part of it.
        address, program = f'{folder}/door', Path(folder, 'bin/python')
        program.parent.mkdir()
        door.bind(address)
        door.listen(64)  # whoever comes before the server is ready waits
        client = [sys.executable, '-IS', HERE / 'warm_client.py', address, program]
        _write_script(program, client)
        _write_script(program.with_name('torchrun'), [program, '-m', 'torch.distributed.run'])
        server = subprocess.Popen(
            [sys.executable, HERE / 'warm_server.py', str(door.fileno())],
            env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTORCH_NVML_BASED_CUDA_CHECK': '1'},
            stdin=subprocess.PIPE,  # it ends when this is closed, however this process ends
            pass_fds=[door.fileno()],
            start_new_session=True,
        )
        door.close()  # or whoever comes after the server has failed waits for ever
        try:
            yield program
        finally:
            server.communicate()


def _write_script(path: Path, command: list[object]) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, command))} "$@"\n')
    path.chmod(0o755)
