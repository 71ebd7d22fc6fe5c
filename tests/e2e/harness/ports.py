"""Free ports on 127.0.0.1 that stay ours: no other test run takes one while this process lives,
also while the program that listens on it is being restarted."""

import atexit
import fcntl
import os
import pathlib
import random
import socket
import tempfile

# Below the range from which Linux takes the ports of outgoing connections.
_FIRST, _LAST = 15000, 29999
_locks = []  # kept open: closing a file gives its port back


@atexit.register
def _give_back():
    for lock in _locks:
        lock.close()


def _lock(port):
    folder = pathlib.Path(tempfile.gettempdir()) / f"kache-e2e-ports.{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = open(folder / str(port), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _locks.append(lock)
    return True


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    source = random.Random(os.urandom(8))
    for _ in range(1000):
        port = source.randint(_FIRST, _LAST)
        if _lock(port) and _is_free(port):
            return port
    raise RuntimeError("no free port found")
