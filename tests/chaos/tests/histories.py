"""Histories written by hand: a few operations, faults and states, and what the checker says.

Times are seconds after the begin, versions small numbers; the wall clock starts at 1,000,000 ms.
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit.checker.settings import SECOND, Settings  # noqa: E402
from kit.checker.verdict import Verdict  # noqa: E402
from kit.history.operation import (  # noqa: E402
    DELETE, GET, OK, ONE, PUT, QUORUM, TOUCH, Operation, version_of,
)

WALL_MS = 1_000_000
UP = ["UP", "ok", 0, "run"]
DOWN = ["DOWN", "connection_lost", 0, "run"]
HOMES = [0, 1, 2]  # of every key, unless said otherwise; the ring has node 3 as well
_SILENCING = {"kill", "restart_empty", "old_rdb", "freeze", "cut_one", "cut_all"}
_RIGHT = object()


def version(number):
    """Version n was stamped n milliseconds after the begin. One that touched() gave is one."""
    if number >= 1 << 64:
        return number
    return version_of((WALL_MS + number) << 16, 7) if number else 0


def touched(number, stamped, hash_of_life=0):
    """Of version n, touched by a stamp of `stamped` milliseconds after the begin (ADR 24)."""
    return (WALL_MS + number << 80) + (1 << 44 | (stamped - number) << 6 | hash_of_life)


def us(seconds):
    return round(seconds * SECOND)


class History:
    """put(), get() and delete() add an operation that takes 10 ms. What the receipt says beyond the
    version is what it should be, unless it is given."""

    def __init__(self, seconds=100, coordinators=2, key="k", homes=HOMES):
        self.key = key
        self.homes = {key: homes}
        self.operations = []
        self.faults = []
        self.states = [
            {"at": 0, "before": 0, "coordinator": c, "nodes": [UP] * 4} for c in range(coordinators)
        ]
        self.replicas = None
        self.stalls = []
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

    def touch(self, at, number, level=QUORUM, ttl_ms=0, **more):
        """`number`: a version as touched() gives it; 0 = a miss."""
        if ttl_ms and "expires_at_ms" not in more and number:
            more["expires_at_ms"] = self.wall_ms(at) + ttl_ms
        return self._add(TOUCH, at, level, None, number, ttl_ms=ttl_ms, **more)

    def get(self, at, value, number, level=QUORUM, min_version=0, **more):
        """`value` None: a miss; `number` 0: without a version."""
        return self._add(GET, at, level, value, number, min_version=version(min_version), **more)

    def fault(self, name, begin, healed, nodes=(0,), coordinators=(0, 1), **more):
        self.faults.append({
            "name": name, "nodes": list(nodes), "coordinators": list(coordinators),
            "gateways": [], "silences": name in _SILENCING, "forgets": False, "cluster_skew_ms": 0,
            "loses_memory": False, "unseen": False, "coordinator_fault": False, "skew_ms": 0,
            "detail": "", "begin": us(begin), "struck": us(begin), "healing": us(healed),
            "healed": us(healed), "up": None, **more,
        })
        return self

    def state(self, at, coordinator, *down):
        """From then on that coordinator calls these nodes DOWN, the others UP."""
        self.states.append(self._line(us(at), coordinator, down))
        return self

    def stall(self, begin, end, node=None):
        """The machine was slow, or only that node."""
        self.stalls.append({"begin": us(begin), "end": us(end), "node": node})
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

    @staticmethod
    def _line(at, coordinator, down):
        return {"at": at, "before": at - us(0.1), "coordinator": coordinator,
                "nodes": [DOWN if n in down else UP for n in range(4)]}

    def asked(self, seconds):
        """So long before it answered the coordinator of the last state was asked."""
        line = self.states[-1]
        self.states[-1] = {**line, "at": line["at"] - us(seconds), "answered": line["at"]}
        return self

    def silent(self, at, coordinator):
        """From then on that coordinator does not answer."""
        self.states.append({"at": us(at), "before": us(at - 0.1), "coordinator": coordinator,
                            "nodes": None})
        return self

    def completed(self):
        """The operations, each with its whole receipt."""
        settings = Settings(self.meta)
        return [self._with_receipt(op, settings) for op in self.operations]

    def _all_states(self):
        """Those that were told; when none was, long faults are noticed in time."""
        states = list(self.states)
        if all(line["at"] == 0 for line in states):
            for fault in self.faults:
                begin, end = fault["begin"] + us(4.9), fault["healed"] or self.meta["end"]
                if not fault["silences"] or begin >= end:
                    continue
                for at in (begin, end):
                    states += [self._line(at, c, [
                        n for f in self.faults for n in f["nodes"]
                        if f["silences"] and c in f["coordinators"]
                        and f["begin"] + us(4.9) <= at < (f["healed"] or self.meta["end"])])
                        for c in fault["coordinators"]]
        return sorted(states, key=lambda line: line["at"])

    def verdict(self):
        states = self._all_states()
        return Verdict(
            self.meta, self.completed(), self.faults, states, self.replicas, self.homes, self.stalls)

    @staticmethod
    def wall_ms(at):
        return round(WALL_MS + at * 1000)

    def _with_receipt(self, op, settings):
        if not op.ok:
            return op
        if op.required is _RIGHT:
            op = op._replace(required=settings.required(op.level))
        if op.acknowledged is _RIGHT:
            op = op._replace(acknowledged=op.required)
        if op.node is _RIGHT:
            op = op._replace(node=None if op.is_write else self._answering(op))
        return op

    def _answering(self, op):
        """A home replica that can have answered; the last one, when all are away."""
        homes = self.homes[op.key]
        away = {node for fault in self.faults for node in fault["nodes"]
                if fault["begin"] <= op.end and (fault["healed"] or op.end) >= op.start}
        return next((node for node in homes if node not in away), homes[-1])

    def _add(self, kind, at, level, value, number, coordinator=0, code=OK, end=None, key=None, **more):
        more = {"required": _RIGHT, "acknowledged": _RIGHT, "node": _RIGHT, **more}
        if code != OK:
            more = {name: field for name, field in more.items() if field is not _RIGHT}
        self.operations.append(Operation(
            len(self.operations), 0, coordinator, kind, level, key or self.key, us(at),
            us(end if end is not None else at + 0.01), code, value, version=version(number),
            **more))
        return self


class HistoryCase(unittest.TestCase):
    def assert_clean(self, history):
        self.assertEqual(history.verdict().findings.violations, [])

    def assert_finds(self, history, *kinds):
        found = [violation.kind for violation in history.verdict().findings.violations]
        self.assertEqual(found, list(kinds))

    def assert_excuses(self, history, kind, level=ONE, times=1):
        """Seen and excused: no violation, and counted."""
        findings = history.verdict().findings
        self.assertEqual(findings.violations, [])
        self.assertEqual(excuses(findings, kind, level), times)


def excuses(findings, kind, level):
    return sum(count for (what, _, where), count in findings.counted.items()
               if (what, where) == (kind, level))
