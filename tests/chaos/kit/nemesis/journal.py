"""What the nemesis did: faults.json, a list of

    {"name", "nodes", "coordinators", "gateways", "loses_memory", "unseen", "silences", "forgets",
     "coordinator_fault", "skew_ms", "cluster_skew_ms", "detail", "begin", "struck", "healing",
     "healed", "up"}

with times in microseconds of CLOCK_MONOTONIC. `begin` is before the first thing was done and
`healed` after the last; `up` is when every coordinator, asked after that, called every node of the
fault UP (for a coordinator's fault, all nodes), null when that never happened.
"""

from kit.history.clock import now
from kit.history.files import write_json
from kit.nemesis.fault import COORDINATOR


class Journal:
    def __init__(self, folder):
        self._folder = folder
        self._entries = []

    def begin(self, fault):
        entry = {
            "name": fault.NAME, "nodes": fault.nodes, "coordinators": fault.coordinators,
            "gateways": fault.gateways, "loses_memory": fault.LOSES_MEMORY,
            "unseen": fault.UNSEEN, "silences": fault.SILENCES, "forgets": fault.FORGETS,
            "coordinator_fault": fault.TARGET == COORDINATOR, "skew_ms": 0, "cluster_skew_ms": 0,
            "detail": "",
            "begin": now(), "struck": None, "healing": None, "healed": None, "up": None,
        }
        self._entries.append(entry)
        return entry

    def mark(self, entry, what, fault=None):
        entry[what] = now()
        if fault is not None:
            entry["detail"], entry["skew_ms"] = fault.detail, fault.skew_ms
            entry["cluster_skew_ms"] = fault.cluster_skew_ms
        self.save()

    def save(self):
        write_json(self._folder, "faults.json", self._entries)

    @property
    def entries(self):
        return self._entries
