"""What the receipts of writes have to say of versions and expiries, and reads after them."""

from kit.checker.facts import newer
from kit.checker.settings import SECOND
from kit.history.operation import PUT, TOUCH

_EXPIRY_SLACK_MS = 100
_MEASURED = 10 * SECOND  # before a write: the inspections by which its coordinator knows the time


def check_writes(facts, timeline, findings):
    _check_one_content(facts, findings)
    for op in facts.operations:
        if op.is_write and op.ok:
            if op.kind in (PUT, TOUCH):
                _check_expiry(op, op, timeline, findings)
            _check_order(op, facts, timeline, findings)
        elif op.found:
            write = facts.writes.get(op.value)
            touched = facts.touch_of_version(op.version, op.end)
            if write is not None and not write.ok and not touched:  # whose receipt nobody has
                _check_expiry(op, write, timeline, findings)


def _check_one_content(facts, findings):
    """A version has one value and one expiry, whoever tells of it."""
    seen = {}
    for op in facts.operations:
        if not op.ok or not op.version or (not op.is_write and op.value is None):
            continue
        first = seen.setdefault(op.version, op)
        if first.kind == TOUCH:  # which does not know the value
            seen[op.version] = op
        if TOUCH not in (first.kind, op.kind) and first.value != op.value:
            findings.add("two_values", op, "one version, two values", first)
        elif first.expires_at_ms != op.expires_at_ms:
            findings.add("expiry_wrong", op, f"{first.expires_at_ms} was said before", first)


def _check_expiry(op, write, timeline, findings):
    """The instant is cluster time when the request was taken, and the life asked for, whatever the
    coordinator's own clock says."""
    if write.ttl_ms == 0:
        if op.expires_at_ms:
            findings.add("expiry_wrong", op, "no expiry was asked for")
        return
    # Cluster time is known give or take half a round trip of the last seconds.
    round_trip_ms = timeline.machine.longest_stall(write.start - _MEASURED, write.end) / 1000
    slack = (_EXPIRY_SLACK_MS + round_trip_ms / 2
             + timeline.cluster_skew_ms(write.start, write.end))
    earliest = timeline.wall_ms(write.start) + write.ttl_ms - slack
    latest = timeline.wall_ms(timeline.waited_for_until(write)) + write.ttl_ms + slack
    if not earliest <= op.expires_at_ms <= latest:
        findings.add("expiry_wrong", op, f"not within {earliest:.0f} and {latest:.0f}")


def _check_order(op, facts, timeline, findings):
    """The last acknowledged write wins, in spite of skew. Not while a home replica that lost its memory
    is resynced: it counts for writes and no longer knows what it had."""
    if timeline.memory.lost(facts.homes, op.start, op.end):
        findings.excuse("order", op.level, "a home replica had lost its memory")
        return
    earlier = None
    if op.strong:
        earlier = newer(facts.strong.before(op.start), facts.settled.before(op.start))
    window = timeline.quiet.containing(op.start, op.end)
    if window is not None:
        earlier = newer(earlier, facts.in_window(window).before(op.start))
    if earlier is None or facts.is_void(earlier, op.end):
        return
    findings.check("order", op.level)
    # A touch that asks for the life that the value has is answered with the touch that gave it.
    is_same = op.kind == TOUCH and op.version == earlier.version
    if op.version <= earlier.version and not is_same:
        findings.add("order", op, "an earlier acknowledged write is newer", earlier.operation)
