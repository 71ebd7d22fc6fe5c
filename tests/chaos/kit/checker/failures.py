"""Which requests may fail, and which had to be answered."""

import collections

from kit.checker.facts import is_unanswered
from kit.checker.retries import Retries
from kit.history.operation import ALL, ONE, version_ms

# What a client is told to expect and knows how to take (proto/kache/v1/kache.proto).
_TELLING = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED"}
_BEFORE = 500_000  # us: a fault may have hit the request's beginning
_LATE = 100_000  # us: what the client itself may be late by
_STALL = 100_000  # us: what the machine may hold everything up for, and still nothing fails for it


def check_failures(operations, by_key, timeline, findings, deadline_ms):
    """{(code, level): [failed, of these allowed]}"""
    table = collections.defaultdict(lambda: [0, 0])
    retries = Retries(operations)
    for op in operations:
        if op.end - op.start > deadline_ms * 1000 + _LATE and not timeline.absence.is_flooded(
                op.start, op.end):
            findings.excuse("over_deadline", op.level, "the client itself may be late")
        if op.ok:
            continue
        row = table[op.code, op.level]
        row[0] += 1
        why = _excuse(op, by_key[op.key], timeline) or _excuse_once(op, retries, timeline)
        if why:
            row[1] += 1
            findings.excuse("failed_request", op.level, why)
        elif op.code not in _TELLING:
            findings.add("wrong_code", op, "no client would try this again")
        else:
            findings.add("failed_request", op, "enough replicas were there")
    return {f"{code} {level}": row for (code, level), row in sorted(table.items())}


def _excuse(op, facts, timeline):
    """Why the request may fail as it did; None when it may not."""
    if op.reason == "STAMP_OUT_OF_RANGE":
        return "its stamp was too old" if _is_too_old(op, timeline) else None
    if op.code not in _TELLING:
        return None
    if op.reason == "SUPERSEDED":
        return "a newer write may be there" if _may_be_beaten(op, facts, timeline) else None
    if op.reason == "LIFE_OVER":
        return _why_life_over(op, facts, timeline)
    begin, absence = op.start - _BEFORE, timeline.absence
    if absence.is_path_hit(op, begin, op.end):
        return "its coordinator was hit"
    # It refuses, or lets nodes miss writes that are too far behind with what it has sent.
    if op.code in ("RESOURCE_EXHAUSTED", "ABORTED") and absence.is_flooded(
            begin, op.end, timeline.settings.reached_by(op)):
        return "its coordinator was flooded"
    if op.code == "RESOURCE_EXHAUSTED":
        return None
    # Who chooses the coordinator says so where the one that is flooded did not answer in time.
    if absence.is_flooded(begin, op.end) and (
            op.code == "DEADLINE_EXCEEDED" or op.code == "UNAVAILABLE" and op.coordinator is None):
        return "a coordinator was flooded"
    if _away(op, begin, facts, timeline) > _spare(op, facts, timeline):
        return "too few home replicas were there"
    if op.code == "ABORTED" and op.min_version and _version_is_gone(op, facts, timeline):
        return "the version that it names is gone"
    if op.code != "ABORTED" and timeline.machine.longest_stall(begin, op.end) >= _STALL:
        return "the machine itself was slow"
    return None


def _excuse_once(op, retries, timeline):
    """Why one attempt may fail, where the caller had no other."""
    hit = any(fault["begin"] <= op.end and fault["up"] >= op.start - _BEFORE for fault in timeline.faults)
    if op.code == "UNAVAILABLE" and hit and retries.are_spent(op):
        return "a fault was on, and its caller had used up its retries"
    return None


def _why_life_over(op, facts, timeline):
    if op.ttl_ms and timeline.wall_ms(op.end) >= timeline.first_stamp_ms(op) + op.ttl_ms:
        return "its life was over"
    if timeline.clock_jumped(op.start, op.end) and (
            _away(op, op.start, facts, timeline) > _spare(op, facts, timeline)):
        return "the clock of a node had jumped that was needed"
    return None


def _version_is_gone(op, facts, timeline):
    """Whether no home replica need hold it, or something newer, and one may hold an older record."""
    if timeline.memory.evicted(facts.homes, timeline.begin, op.end):
        return True
    fact = facts.by_version.get(op.min_version)
    if fact is None or not timeline.absence.away(facts.homes, fact.operation.start, op.end):
        return False
    lost = not facts.is_settled(fact, op.start) and facts.may_be_lost(fact, op.end)
    return lost or facts.is_void(fact, op.end) or facts.why_gone(fact, op.end) is not None


def _away(op, begin, facts, timeline):
    """How many home replicas were away: at ONE for the coordinators that may have done it; who asks for
    more than one needs them to be whole, which any coordinator may doubt."""
    one = op.level == ONE and not op.min_version
    reached = timeline.settings.reached_by(op) if one else None
    return timeline.absence.away(facts.homes, begin, op.end, reached)


def _spare(op, facts, timeline):
    """How many home replicas may be away without making it fail."""
    homes = len(facts.homes)
    if op.level == ALL:
        return 0
    if op.level != ONE:
        return homes - timeline.settings.majority
    if not op.min_version:
        return homes - 1
    fact = facts.by_version.get(op.min_version)
    at_majority = fact and facts.is_at_majority(fact, op.start)
    return timeline.settings.majority - 1 if at_majority else 0


def _is_too_old(op, timeline):
    """Stamps are refused MAX_WRITE_AGE_SECONDS after they were made, less 10 s, or less a quarter of
    it where that is less."""
    age_ms = timeline.settings.max_write_age_ms
    stamped_ms = min(map(version_ms, op.stamps), default=timeline.first_stamp_ms(op))
    return timeline.wall_ms(op.end) >= stamped_ms + age_ms - min(10_000, age_ms // 4)


def _may_be_beaten(op, facts, timeline):
    """Whether another write can have stood above this one's stamp."""
    stamp = max(op.stamps, default=0)
    first_ms = version_ms(stamp) if stamp else timeline.first_stamp_ms(op)
    return any(
        other is not op and other.start < op.end and (
            version_ms(other.version) >= first_ms if other.ok
            else is_unanswered(other) and timeline.last_stamp_ms(other) >= first_ms)
        for other in facts.operations if other.is_write)
