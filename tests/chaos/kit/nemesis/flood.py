"""Far more requests than a coordinator is usually given, unrecorded, on keys of their own."""

import sys

from harness.process import Process
from kit.nemesis.fault import LOAD, Fault


class Flood(Fault):
    NAME = "flood"
    TARGET = LOAD
    SECONDS = (2.0, 4.0)

    def __init__(self, cluster, rng, *targets):
        super().__init__(cluster, rng, *targets)
        self.coordinators = [rng.randrange(len(cluster.coordinators))]

    def strike(self):
        address = self.cluster.addresses[self.coordinators[0]]
        self._process = Process(
            "flood", [sys.executable, "-m", "kit.load.flood", address],
            {"PYTHONPATH": ":".join(sys.path)}, self.cluster.folder).start()

    def heal(self):
        self._process.kill()
