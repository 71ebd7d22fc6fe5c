"""Answers that call themselves degraded although nothing was wrong: in a quiet window, and faster than
a replica can be late (TRY_TIMEOUT_MS)."""

from kit.checker.facts import is_unanswered
from kit.history.operation import ONE, version_ms

_EARLY = 20_000  # us: how much earlier than the client a coordinator may have begun to count
_LIFE_MS = 2_000  # around its end the copies of a record go one after the other


def check_degraded(facts, timeline, findings):
    for op in facts.operations:
        if not op.ok or not timeline.is_quiet(op.start, op.end):
            continue
        if not op.degraded:
            findings.check("not degraded", op.level)
        elif (why := _cause(op, facts, timeline)) is None:
            findings.add("degraded", op, "no fault is on, and nobody was late")
        else:
            findings.excuse("degraded", op.level, why)


def _cause(op, facts, timeline):
    if op.end - op.start >= timeline.settings.try_timeout - _EARLY:
        return "a replica may have been late"
    if op.is_write:
        return None
    if op.level == ONE:
        # Where the first replica is older, all are asked, which is called degraded.
        return "min_version" if op.min_version else None
    return None if _is_equal(op, facts, timeline) else "replicas may have differed"


def _is_equal(op, facts, timeline):
    """Whether all home replicas must hold the same, so that there is nothing to repair."""
    if timeline.memory.evicted(facts.homes, timeline.begin, op.end):
        return False
    settled = facts.settled.before(op.start)
    if settled is None:
        return False
    expires = settled.expires_at_ms
    if expires and expires <= timeline.wall_ms(op.end) + _LIFE_MS:
        return False
    if settled.is_delete and timeline.wall_ms(op.end) + _LIFE_MS >= (
            version_ms(settled.version) + timeline.settings.tombstone_ttl_ms):
        return False
    return not any(_may_follow(write, settled, op, timeline)
                   for write in facts.operations if write.is_write)


def _may_follow(write, settled, op, timeline):
    """Whether a write may be newer than a settled one, and on some replicas only."""
    if write.start > op.end:
        return False
    if write.ok:
        return write.version > settled.version
    return is_unanswered(write) and timeline.last_stamp_ms(write) >= version_ms(settled.version)
