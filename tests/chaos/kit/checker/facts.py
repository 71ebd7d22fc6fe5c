"""What is known of one key: facts, and what may have ended them. Pure.

A fact is a version that is known to have been reached at a time: an acknowledged write, or what a
QUORUM or ALL read found (which answers only when a majority holds it). Versions are totally
ordered, and newest wins; so of all facts that a read has to know, only the newest matters.
"""

import bisect
import itertools
import typing

from kit.checker.timeline import SECOND, WRITE_SECONDS
from kit.history.operation import ALL, DELETE, PUT, Operation, version_ms


class Fact(typing.NamedTuple):
    version: int
    time: int  # known to be so from here on (us)
    strong: bool  # a majority holds it
    operation: Operation  # that told of it
    write: Operation | None  # that made it, where known

    @property
    def is_delete(self):
        return self.operation.kind == DELETE

    @property
    def expires_at_ms(self):
        return self.operation.expires_at_ms


class Newest:
    """The newest of some facts as of a time."""

    def __init__(self, facts):
        facts = sorted(facts, key=lambda fact: fact.time)
        self._times = [fact.time for fact in facts]
        self._newest = list(itertools.accumulate(
            facts, lambda a, b: a if a.version >= b.version else b))

    def before(self, time):
        """The newest fact known before `time`; None when there is none."""
        at = bisect.bisect_left(self._times, time)
        return self._newest[at - 1] if at else None


def newer(*facts):
    return max((fact for fact in facts if fact), key=lambda fact: fact.version, default=None)


class KeyFacts:
    def __init__(self, operations, timeline):
        self.operations = operations
        self._timeline = timeline
        self.writes = {op.value: op for op in operations if op.kind == PUT}
        self.facts = list(self._collect())
        self.by_version = {}
        for fact in self.facts:
            self.by_version.setdefault(fact.version, fact)
        acknowledged = [fact for fact in self.facts if fact.operation.is_write]
        self.all = Newest(acknowledged)
        self.strong = Newest(fact for fact in self.facts if fact.strong)
        self.settled = Newest(self._settle(fact) for fact in acknowledged if self.is_settled(fact))
        self._windows = {}
        # What may end a value: deletes and lives with an end, newest first; unknown ones apart.
        enders = [op for op in operations if op.kind == DELETE or op.kind == PUT and op.ttl_ms]
        self._enders = sorted(
            (op for op in enders if op.version), key=lambda op: -op.version)
        self._unknown_enders = [op for op in enders if not op.version]

    def is_settled(self, fact):
        """All home replicas are known to hold it."""
        return fact.operation.level == ALL or self._timeline.is_settled(fact.operation)

    @staticmethod
    def _settle(fact):
        if fact.operation.level == ALL:
            return fact
        return fact._replace(time=fact.time + WRITE_SECONDS * SECOND)

    def in_window(self, number):
        """What a read at ONE in that quiet window has to know: what was acknowledged in it, and
        what was before it and can't have been lost to an excuse in between (README.md)."""
        if number not in self._windows:
            timeline = self._timeline
            begin, end = timeline.quiet.bounds(number)
            coordinator_fault = timeline.coordinator_faults.last_end_before(begin)
            memory_loss = timeline.memory_losses.last_end_before(begin)
            excused = {True: coordinator_fault, False: max(coordinator_fault, memory_loss)}
            self._windows[number] = Newest(
                fact for fact in self.facts
                if fact.operation.is_write and fact.time <= end
                and fact.operation.start > excused[fact.strong]
                and not (fact.operation.degraded and fact.operation.start >= begin))
        return self._windows[number]

    def may_be_gone(self, fact, begin, end):
        """Whether a miss between `begin` and `end` can be right although `fact` is known."""
        latest_ms = self._timeline.wall_ms(end)
        if fact.is_delete or self._ended(fact.expires_at_ms, latest_ms):
            return True
        for op in self._enders:
            if op.version <= fact.version:
                break
            if op.start < end and (
                    op.kind == DELETE or self._ended(op.expires_at_ms, latest_ms)):
                return True
        return any(self._unknown_may_end(op, fact, end, latest_ms) for op in self._unknown_enders)

    def _unknown_may_end(self, op, fact, end, latest_ms):
        if op.start >= end or self._timeline.last_stamp_ms(op) < version_ms(fact.version):
            return False
        if op.kind == DELETE:
            return True
        return self._timeline.wall_ms(op.start) + op.ttl_ms <= latest_ms

    @staticmethod
    def _ended(expires_at_ms, latest_ms):
        return expires_at_ms != 0 and expires_at_ms <= latest_ms + 5

    def _collect(self):
        for op in self.operations:
            if not op.ok or not op.version:
                continue
            if op.is_write:
                yield Fact(op.version, op.end, op.strong, op, op)
            elif op.strong and op.found:
                yield Fact(op.version, op.end, True, op, self.writes.get(op.value))
