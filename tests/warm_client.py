"""``warm_client.py ADDRESS PROGRAM ARGUMENTS``: has the server there run Python's ARGUMENTS.

It is in the place of the process that runs: passes on signals, and ends as that one ends.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def main(address: str, program: str, *arguments: str) -> int:
    """Returns the status of the process, negative where a signal ended it."""
    files = open_files()
    request = dict(program=program, arguments=arguments, folder=os.getcwd(), numbers=files)
    content = json.dumps({**request, 'environment': dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [len(content).to_bytes(8, 'big')], files)
        server.sendall(content)
        process = int(server.recv(16))
        for number in PASSED_ON:
            signal.signal(number, lambda number, frame: os.kill(process, number))
        return int(server.recv(16))


def open_files() -> list[int]:
    """The numbers of input, output, errors, and what else was left open for the process."""
    files = []
    for name in os.listdir('/proc/self/fd'):
        with suppress(OSError):  # the folder that was listed is closed again
            os.fstat(int(name))
            files.append(int(name))
    return sorted(files)


if __name__ == '__main__':
    status = main(*sys.argv[1:])
    if status < 0:
        if -status in PASSED_ON:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)
