"""``warm_client.py ADDRESS PROGRAM ARGUMENTS``: has the server there run Python's ARGUMENTS.

It is in the place of the process that runs: passes on signals, and ends as that one ends.
"""

import json
import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def main(address: str, program: str, *arguments: str) -> int:
    """Returns the status of the process, negative where a signal ended it."""
    request = dict(program=program, arguments=arguments, folder=os.getcwd())
    content = json.dumps({**request, 'environment': dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [len(content).to_bytes(8, 'big')], [0, 1, 2])
        server.sendall(content)
        process = int(server.recv(16))
        for number in PASSED_ON:
            signal.signal(number, lambda number, frame: os.kill(process, number))
        return int(server.recv(16))


if __name__ == '__main__':
    status = main(*sys.argv[1:])
    if status < 0:
        if -status in PASSED_ON:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)
