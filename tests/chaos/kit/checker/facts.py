"""What is known of one key: facts, and what may have ended them. Pure.

A fact is a version that is known to have been reached at a time: an acknowledged write, or what a
QUORUM or ALL read found (which answers only when a majority holds it). Versions are totally
ordered, and newest wins; so of all facts that a read has to know, only the newest matters.
"""

import bisect
import itertools
import typing

from kit.checker.settings import SECOND
from kit.history.operation import (
    ALL, DELETE, PUT, TOUCH, Operation, touched_ms, version_ms,
)

# Redis ends keys by the milliseconds, coordinators by their own clock.
_END_SLACK_MS = 5
# After these nothing was done: such a write explains nothing.
REFUSED = {"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "INVALID_ARGUMENT", "UNAUTHENTICATED",
           "PERMISSION_DENIED"}

KNOWN, UNANSWERED = "known", "an unanswered write"


class Fact(typing.NamedTuple):
    version: int
    time: int  # known to be so from here on (us)
    strong: bool  # a majority holds it
    operation: Operation  # that told of it

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


def is_unanswered(operation):
    """A write that may take effect, or not."""
    return not operation.ok and (operation.code not in REFUSED or operation.attempts > 1)


class KeyFacts:
    """`homes`: the key's home replicas. `held`: what all of them were seen to hold in the end, as an
    operation of level ALL; None where they differed or held nothing."""

    def __init__(self, operations, timeline, homes, held=None):
        self.operations = operations
        self.homes = homes
        self._timeline = timeline
        self.writes = {op.value: op for op in operations if op.kind == PUT}
        self.facts = list(self._collect(operations, held))
        acknowledged = [fact for fact in self.facts if fact.operation.is_write]
        self.by_version = {fact.version: fact for fact in (*self.facts, *acknowledged)}
        self._majority_since = {}
        for fact in self.facts:
            if fact.strong:
                since = self._majority_since.get(fact.version, fact.time)
                self._majority_since[fact.version] = min(since, fact.time)
        self.all = Newest(acknowledged)
        self.strong = Newest(fact for fact in self.facts if fact.strong)
        settled = [fact._replace(time=at) for fact in acknowledged
                   if (at := self._settled_at(fact)) is not None]
        self._settled_since = {fact.version: fact.time for fact in settled}
        self.settled = Newest(settled)
        self._windows = {}
        # What may end a value: deletes and lives with an end, newest first; unknown ones apart.
        enders = [op for op in operations
                  if op.kind == DELETE or op.kind in (PUT, TOUCH) and op.ttl_ms and op.is_write]
        self._enders = sorted(
            (op for op in enders if op.ok and op.version), key=lambda op: -op.version)
        self._unknown_enders = [op for op in enders if is_unanswered(op)]

        self._touches = [op for op in operations if op.kind == TOUCH and op.is_write]

    def touch_of_version(self, version, time):
        """A touch that made that version, or may have, until `time`; None where none can have."""
        for op in self._touches:
            if op.start > time:
                continue
            if op.ok and op.version == version:
                return op
            # One that was stamped anew may have left an earlier version.
            first, last = self._timeline.first_stamp_ms(op), self._timeline.last_stamp_ms(op)
            if (op.ok or is_unanswered(op)) and first <= touched_ms(version) <= last:
                return op
        return None

    def is_settled(self, fact, time):
        """Whether all home replicas are known to have held it by then."""
        return self._settled_since.get(fact.version, time + 1) <= time

    def is_at_majority(self, fact, time):
        """Whether a majority of the home replicas is known to have held it by then."""
        since = self._majority_since.get(fact.version, time + 1)
        return since <= time or self.is_settled(fact, time)

    def _settled_at(self, fact):
        """From when on all home replicas hold it, or something newer; None where that is not known.

        When all has been quiet for once, nobody lacks anything of which somebody knew: who was late
        or away has been resynced. What only a coordinator knew that was hit may be lacking, and what
        was on one node that lost its memory."""
        op, timeline = fact.operation, self._timeline
        if op.level == ALL:
            return fact.time
        written = timeline.written(op)
        if timeline.is_quiet(op.start, written):
            return written
        quiet = timeline.quiet.next_instant(written)
        if quiet is None or self.may_be_lost(fact, quiet):
            return None
        return quiet

    def may_be_lost(self, fact, until):
        """Before it has settled: whether an acknowledged write can be missing where nobody knows it."""
        op, timeline = fact.operation, self._timeline
        hit_until = min(until, timeline.written(op) + SECOND)
        if timeline.hit(op, op.start, hit_until) or self._may_have_ended_away(fact, until):
            return True
        return not fact.strong and timeline.memory.lost(self._holders(op), op.start, until)

    def _holders(self, op):
        """Of which one may be the only one to hold a write at ONE: while all home replicas are away,
        that is any other node, which stands in."""
        return range(self._timeline.settings.nodes) if self._stood_in(op) else self.homes

    def _stood_in(self, op):
        away = self._timeline.absence.away(self.homes, op.start, op.end)
        return op.degraded and away == len(self.homes)

    def _may_have_ended_away(self, fact, until):
        """Whether stand-ins alone may have taken a value, and have ended it before a home replica was
        back. Deletes, and what ends while they hold it, they keep for longer."""
        op, timeline = fact.operation, self._timeline
        life_ms = timeline.settings.stand_in_life_ms
        if fact.strong or fact.is_delete or until <= op.start + life_ms * 1000:
            return False
        if ended(fact.expires_at_ms, timeline.wall_ms(op.start) + life_ms):
            return False
        return self._stood_in(op)

    def in_window(self, number):
        """What a read at ONE in that quiet window has to know: what was acknowledged in it, and
        what was before it and can't have been lost to an excuse in between (README.md)."""
        if number not in self._windows:
            begin, end = self._timeline.quiet.bounds(number)
            self._windows[number] = Newest(
                fact for fact in self.facts
                if fact.operation.is_write and fact.time <= end
                and not (fact.operation.degraded and fact.operation.start >= begin)
                and (fact.operation.start >= begin or not self.may_be_lost(fact, begin)))
        return self._windows[number]

    def is_void(self, fact, until):
        """Whether so many home replicas lost their memory at once that a fact may be forgotten."""
        lost = self._timeline.memory.most_lost(self.homes, fact.operation.start, until)
        holders = len(self.homes) if self.is_settled(fact, until) else len(self.homes) // 2 + 1
        return lost >= holders

    def why_gone(self, fact, end):
        """Why a miss that ended at `end` can be right although `fact` is known; None when it can't."""
        latest_ms = self._timeline.wall_ms(end)
        if fact.is_delete or ended(fact.expires_at_ms, latest_ms):
            return KNOWN
        for op in self._enders:
            if op.version <= fact.version:
                break
            if op.start < end and (op.kind == DELETE or ended(op.expires_at_ms, latest_ms)):
                return KNOWN
        if any(self._unknown_may_end(op, fact, end, latest_ms) for op in self._unknown_enders):
            return UNANSWERED
        return None

    def _unknown_may_end(self, op, fact, end, latest_ms):
        if op.start >= end or self._timeline.last_stamp_ms(op) < version_ms(fact.version):
            return False
        if op.kind == DELETE:
            return True
        return self._timeline.wall_ms(op.start) + op.ttl_ms <= latest_ms

    @staticmethod
    def _collect(operations, held):
        for op in operations:
            if not op.ok or not op.version:
                continue
            if op.is_write or op.strong and op.found:
                yield Fact(op.version, op.end, op.strong, op)
        if held is not None:
            yield Fact(held.version, held.end, True, held)


def ended(expires_at_ms, now_ms):
    return expires_at_ms != 0 and expires_at_ms <= now_ms + _END_SLACK_MS
