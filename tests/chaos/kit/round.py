"""One round: a new cluster, a quiet control run, faults under load, the end of all faults,
convergence without a reader, an audit of every key; then the checker."""

import time

from kit.checker import floors as run_floors
from kit.checker.convergence import differs
from kit.checker.verdict import read_verdict
from kit.cluster.cluster import Cluster
from kit.cluster.nodes import NODE_NAMES
from kit.cluster.replicas import ReplicaReader
from kit.history.clock import now
from kit.history.files import write_json
from kit.load.auditor import audit
from kit.load.fleet import Fleet
from kit.probe import offers_levels

SETTINGS = {
    "REPLICATION_FACTOR": 3, "PING_INTERVAL_SECONDS": 1, "SWEEP_INTERVAL_SECONDS": 5,
    "TOMBSTONE_TTL_SECONDS": 3600, "DRAIN_SECONDS": 10,
}
_UP_SECONDS = 120


def _wall_offset_ms():
    """Wall-clock time less monotonic time, by the one of ten looks that took least."""
    looks = []
    for _ in range(10):
        before, wall, after = time.monotonic(), time.time(), time.monotonic()
        looks.append((after - before, wall - (before + after) / 2))
    return min(looks)[1] * 1000


class Round:
    """`load` are further arguments of the Fleet; `floors` what it must have checked (checker/floors.py)."""

    def __init__(self, folder, seed, coordinators=3, quiet_seconds=10, binary=None, settings=None,
                 load=None, floors=run_floors.ROUND, say=print):
        folder.mkdir(parents=True)
        self.folder = folder
        self.seed = seed
        self.cluster = Cluster(folder, coordinators, {**SETTINGS, **(settings or {})}, binary)
        self._quiet_seconds = quiet_seconds
        self._load = {"keys": 300, "deadline_ms": 1000, **(load or {})}
        self._floors = floors
        self._say = say
        # Read and compared in the end; and those that are only compared. A stage may add to them.
        self.keys = [f"key-{i}" for i in range(self._load["keys"])]
        self.compared = []

    def run(self, stage):
        """`stage(cluster)` makes the faults and leaves the clients running. The verdict."""
        meta = {}
        try:
            self._run(stage, meta)
        finally:
            self.cluster.close()
            if "quiet_end" in meta:
                for what in ("faults_begin", "faults_end", "end"):
                    meta.setdefault(what, now())
                write_json(self.folder, "meta.json", meta)
        return read_verdict(self.folder)

    def _run(self, stage, meta):
        cluster = self.cluster.start()
        self._must_be_up("at the start")
        only_one = not offers_levels(cluster.addresses[0])
        if only_one:
            self._say("  QUORUM is UNIMPLEMENTED here: everything is asked at ONE")
        meta.update(self._constants(), only_one=only_one, begin=now())
        fleet = Fleet(self.folder, cluster.addresses, self.seed, only_one, **self._load).start()
        try:
            time.sleep(self._quiet_seconds)  # the control run's length
            fleet.check()
            meta["quiet_end"] = meta["faults_begin"] = now()
            try:
                stage(cluster)
            except AssertionError as error:  # a wait that was too long, a process that ended badly
                meta["stage_error"] = str(error)
            meta["faults_end"] = now()
            cluster.heal()
            meta["all_up"] = cluster.wait_all_up(_UP_SECONDS)
            time.sleep(2 * cluster.ping_seconds)  # of quiet, under load
            fleet.check()
            fleet.stop()
        finally:
            fleet.kill()
        self._converge(cluster)
        audit(self.folder, cluster.addresses, self.keys)
        meta["end"] = now()
        cluster.sanitizer_reports()

    def _must_be_up(self, when):
        if not self.cluster.wait_all_up(_UP_SECONDS):
            raise RuntimeError(f"not all nodes are UP {when}")

    def _constants(self):
        settings = self.cluster.settings
        return {
            "seed": self.seed, "settings": settings, "nodes": len(NODE_NAMES),
            "coordinators": len(self.cluster.coordinators),
            "ping_seconds": settings["PING_INTERVAL_SECONDS"],
            "tombstone_ttl_seconds": settings["TOMBSTONE_TTL_SECONDS"],
            "deadline_ms": self._load["deadline_ms"],
            "floors": {"rate": self._load.get("rate", 0) / 10, **self._floors},
            "wall_offset_ms": _wall_offset_ms(),
        }

    def _converge(self, cluster):
        """Until all home replicas are equal, at most as long as one sweep may take to begin and
        end; nobody reads meanwhile."""
        seconds = 2 * cluster.settings["SWEEP_INTERVAL_SECONDS"] + 20
        reader = ReplicaReader(cluster, self.keys + self.compared)
        begin = time.monotonic()
        while True:
            at, held = now(), reader.read()
            wall_ms = time.time() * 1000
            apart = sum(1 for replicas in held.values() if differs(replicas, wall_ms))
            waited = time.monotonic() - begin
            if not apart or waited > seconds:
                break
            time.sleep(0.25)
        self._say(f"  {apart} of {len(held)} keys differ {waited:.1f} s after the load's end")
        write_json(self.folder, "replicas.json", {"at": at, "keys": held})
