"""The client processes of a round, one for each way to call Kache."""

import json
import sys

from harness import paths
from harness.process import Process
from kit.load.callers.catalogue import SHARES

_SESSIONS = 4  # for each coordinator, or each gateway


class Fleet:
    """`rate`: operations a second of all processes together."""

    def __init__(self, folder, cluster, seed, callers, rate, keys, deadline_ms, mix=None):
        self._processes = []
        whole = sum(SHARES[name] for name in callers)
        for number, name in enumerate(callers):
            config = {
                "folder": str(folder), "process": number, "seed": seed, "caller": name,
                "coordinators": cluster.addresses,
                "gateways": [gateway.port for gateway in cluster.gateways],
                "sessions": _SESSIONS, "rate": rate * SHARES[name] / whole, "keys": keys,
                "deadline_ms": deadline_ms, "mix": mix or {},
            }
            path = folder / f"client-{number}.json"
            path.write_text(json.dumps(config))
            self._processes.append(Process(
                f"client-{number}-{name}", [sys.executable, "-m", "kit.load.client", path],
                {"PYTHONPATH": ":".join(sys.path), "PYTHONDONTWRITEBYTECODE": 1,
                 "KACHE_BUILD_DIR": paths.BUILD},
                folder))

    def start(self):
        for process in self._processes:
            process.start()
        return self

    def check(self):
        for process in self._processes:
            if not process.running:
                raise RuntimeError(f"{process.name} has ended\n{process.tail()}")

    def stop(self):
        """After this all that they did is in their files."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(60)
            process.stop()  # which complains of an exit code that is not 0

    def kill(self):
        for process in self._processes:
            process.kill()
