"""The client processes of a round."""

import json
import sys

from harness import paths
from harness.process import Process


class Fleet:
    def __init__(self, folder, addresses, seed, only_one, processes=3, sessions=4, rate=1500,
                 keys=300, deadline_ms=1000, mix=None):
        self._processes = []
        for number in range(processes):
            config = {
                "folder": str(folder), "process": number, "seed": seed, "coordinators": addresses,
                "sessions": sessions, "rate": rate / processes, "keys": keys,
                "deadline_ms": deadline_ms, "only_one": only_one, "mix": mix or {},
            }
            path = folder / f"client-{number}.json"
            path.write_text(json.dumps(config))
            self._processes.append(Process(
                f"client-{number}", [sys.executable, "-m", "kit.load.client", path],
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
