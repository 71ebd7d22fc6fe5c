"""One round: a new cluster, a quiet control run, faults under load, the end of all faults,
convergence without a reader, an audit of every key; then the checker."""

import dataclasses
import time

from kit.checker import floors as run_floors
from kit.checker.convergence import differs
from kit.checker.verdict import read_verdict
from kit.cluster.cluster import Cluster
from kit.cluster.replicas import ReplicaReader
from kit.history.clock import now
from kit.history.files import write_json
from kit.load.auditor import audit
from kit.load.filler import fill
from kit.load.fleet import Fleet
from kit.nemesis.journal import Journal
from kit.nemesis.standing import note_standing_faults

_UP_SECONDS = 240


def _wall_offset_ms():
    """Wall-clock time less monotonic time, by the one of ten looks that took least."""
    looks = []
    for _ in range(10):
        before, wall, after = time.monotonic(), time.time(), time.monotonic()
        looks.append((after - before, wall - (before + after) / 2))
    return min(looks)[1] * 1000


def _floors_of(scenario, floors):
    """An only copy that is lost, and records that are evicted, excuse nearly every answer for its age."""
    if scenario.home_replicas > 1 and not scenario.evicts:
        return floors
    return floors | {"checked": {
        rule: part for rule, part in floors["checked"].items()
        if rule.split()[0] not in ("newest", "order", "min_version", "not")}}


class Round:
    """`mix`: changes to the mix of the load (load/generator.py). `floors`: what the round must have
    checked (checker/floors.py)."""

    def __init__(self, folder, scenario, quiet_seconds=10, binary=None, mix=None,
                 floors=run_floors.ROUND, say=print):
        folder.mkdir(parents=True)
        self.folder = folder
        self.scenario = scenario
        self.cluster = Cluster(folder, scenario, binary)
        self.journal = Journal(folder)
        self._quiet_seconds = quiet_seconds
        self._floors = floors
        self._mix = {"value_bytes": scenario.value_bytes, **(mix or {})}
        self._say = say
        # Read and compared in the end; and those that are only compared. A stage may add to them.
        self.keys = [f"key-{i}" for i in range(scenario.keys)]
        self.compared = []

    def run(self, stage):
        """`stage(round)` makes the faults and leaves the clients running. The verdict."""
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
        self.compared += fill(cluster.addresses[0], self.scenario.fillers)[::200]
        meta.update(self._constants(), begin=now())
        note_standing_faults(self.journal, cluster)
        fleet = self._fleet().start()
        try:
            time.sleep(self._quiet_seconds)  # the control run's length
            fleet.check()
            meta["quiet_end"] = meta["faults_begin"] = now()
            try:
                stage(self)
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
        if self.scenario.evicts:
            meta["evicted_keys"] = sum(redis.evicted_keys() for redis in cluster.redis)
            self._say(f"  {meta['evicted_keys']} keys were evicted by nodes that ran to the end")
        meta["end"] = now()
        cluster.check_logs()

    def _fleet(self):
        scenario = self.scenario
        return Fleet(self.folder, self.cluster, scenario.seed, scenario.callers, scenario.load_rate,
                     scenario.keys, scenario.deadline_ms, self._mix)

    def _must_be_up(self, when):
        if not self.cluster.wait_all_up(_UP_SECONDS):
            raise RuntimeError(f"not all nodes are UP {when}")

    def _constants(self):
        scenario, settings = self.scenario, self.cluster.settings
        return {
            "seed": scenario.seed, "scenario": dataclasses.asdict(scenario), "settings": settings,
            "nodes": scenario.nodes, "coordinators": scenario.coordinators,
            "ping_seconds": settings["PING_INTERVAL_SECONDS"],
            "tombstone_ttl_seconds": settings["TOMBSTONE_TTL_SECONDS"],
            "deadline_ms": scenario.deadline_ms, "wall_offset_ms": _wall_offset_ms(),
            "floors": {"rate": scenario.load_rate / 10, **_floors_of(scenario, self._floors)},
        }

    def _converge(self, cluster):
        """Until all home replicas are equal, at most as long as one sweep may take to begin and
        end; nobody reads meanwhile."""
        seconds = 2 * cluster.settings["SWEEP_INTERVAL_SECONDS"] + 20
        reader = ReplicaReader(cluster, self.keys + self.compared)
        begin = time.monotonic()
        while True:
            at, held, until = now(), reader.read(), now()
            wall_ms = time.time() * 1000
            apart = sum(1 for replicas in held.values() if differs(replicas, wall_ms))
            waited = time.monotonic() - begin
            if not apart or waited > seconds:
                break
            time.sleep(0.25)
        self._say(f"  {apart} of {len(held)} keys differ {waited:.1f} s after the load's end")
        write_json(self.folder, "replicas.json", {"at": at, "until": until, "keys": held})
