"""Histories written by hand: a few operations, faults and states, and what the checker says.

Times are seconds after the begin, versions small numbers; the wall clock starts at 1,000,000 ms.
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit.checker.timeline import SECOND  # noqa: E402
from kit.checker.verdict import Verdict  # noqa: E402
from kit.history.operation import (  # noqa: E402
    DELETE, GET, OK, ONE, PUT, QUORUM, Operation, version_of,
)

WALL_MS = 1_000_000
UP = ["UP", "ok", 0, "run"]
DOWN = ["DOWN", "connection_lost", 0, "run"]


def version(number):
    """Version n was stamped n milliseconds after the begin."""
    return version_of((WALL_MS + number) << 16, 7) if number else 0


def us(seconds):
    return round(seconds * SECOND)


class History:
    """put(), get() and delete() add an operation that takes 10 ms."""

    def __init__(self, seconds=100, coordinators=2, key="k"):
        self.key = key
        self.operations = []
        self.faults = []
        self.states = [
            {"at": 0, "before": 0, "coordinator": c, "nodes": [UP] * 4} for c in range(coordinators)
        ]
        self.replicas = None
        self.meta = {
            "seed": 0, "begin": 0, "quiet_end": us(1), "faults_begin": us(1),
            "faults_end": us(seconds), "end": us(seconds), "ping_seconds": 1, "nodes": 4,
            "coordinators": coordinators, "wall_offset_ms": WALL_MS, "deadline_ms": 1000,
            "tombstone_ttl_seconds": 3600, "all_up": True,
        }

    def put(self, at, value, number, level=QUORUM, ttl_ms=0, **more):
        if ttl_ms and "expires_at_ms" not in more and number:
            more["expires_at_ms"] = self.wall_ms(at) + ttl_ms
        return self._add(PUT, at, level, value, number, ttl_ms=ttl_ms, **more)

    def delete(self, at, number, level=QUORUM, **more):
        return self._add(DELETE, at, level, None, number, **more)

    def get(self, at, value, number, level=QUORUM, min_version=0, **more):
        """`value` None: a miss; `number` 0: without a version."""
        return self._add(GET, at, level, value, number, min_version=version(min_version), **more)

    def fault(self, name, begin, healed, nodes=(0,), coordinators=(0, 1), **more):
        self.faults.append({
            "name": name, "nodes": list(nodes), "coordinators": list(coordinators),
            "loses_memory": False, "unseen": False, "coordinator_fault": False, "skew_ms": 0,
            "detail": "", "begin": us(begin), "struck": us(begin), "healing": us(healed),
            "healed": us(healed), "up": None, **more,
        })
        return self

    def state(self, at, coordinator, *down):
        """From then on that coordinator calls these nodes DOWN, the others UP."""
        self.states.append({"at": us(at), "before": us(at - 0.1), "coordinator": coordinator,
                            "nodes": [DOWN if n in down else UP for n in range(4)]})
        return self

    def replica(self, key, *held):
        """What its home replicas hold in the end: version numbers, or changed fields."""
        self.replicas = self.replicas or {"at": self.meta["end"], "keys": {}}
        base = {"node": 0, "state": "record", "version": 0, "expires_at_ms": 0, "tombstone": False,
                "ends_at_ms": -1}
        self.replicas["keys"][key] = [
            {**base, "node": node, **(fields if isinstance(fields, dict) else
                                      {"version": version(fields)} if fields else
                                      {"state": "nothing"})}
            for node, fields in enumerate(held)
        ]
        return self

    def verdict(self):
        return Verdict(self.meta, self.operations, self.faults, self.states, self.replicas)

    @staticmethod
    def wall_ms(at):
        return round(WALL_MS + at * 1000)

    def _add(self, kind, at, level, value, number, coordinator=0, code=OK, end=None, **more):
        self.operations.append(Operation(
            len(self.operations), 0, coordinator, kind, level, self.key, us(at),
            us(end if end is not None else at + 0.01), code, value, version=version(number),
            **more))
        return self


class HistoryCase(unittest.TestCase):
    def assert_clean(self, history):
        self.assertEqual(history.verdict().findings.violations, [])

    def assert_finds(self, history, *kinds):
        found = [violation.kind for violation in history.verdict().findings.violations]
        self.assertEqual(found, list(kinds))

    def assert_counts(self, history, kind, level=ONE):
        """Seen and counted, but no violation."""
        findings = history.verdict().findings
        self.assertEqual(findings.violations, [])
        self.assertEqual(findings.counted[kind, level], 1)
