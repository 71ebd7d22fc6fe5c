"""What the receipts of writes have to say."""

from kit.checker.facts import newer
from kit.history.operation import PUT

_EXPIRY_SLACK_MS = 100


def check_writes(facts, timeline, findings):
    _check_two_values(facts, findings)
    for op in facts.operations:
        if op.is_write and op.ok:
            if op.kind == PUT:
                _check_expiry(op, timeline, findings)
            _check_order(op, facts, timeline, findings)


def _check_two_values(facts, findings):
    seen = {}
    for op in facts.operations:
        if not op.ok or not op.version or (not op.is_write and op.value is None):
            continue
        first = seen.setdefault(op.version, op)
        if first.value != op.value:
            findings.add("two_values", op, "one version, two values", first)


def _check_expiry(op, timeline, findings):
    """The instant is cluster time when the request was taken, and the life asked for, whatever the
    coordinator's own clock says."""
    if op.ttl_ms == 0:
        if op.expires_at_ms:
            findings.add("expiry_wrong", op, "no expiry was asked for")
        return
    earliest = timeline.wall_ms(op.start) + op.ttl_ms - _EXPIRY_SLACK_MS
    latest = timeline.wall_ms(op.end) + op.ttl_ms + _EXPIRY_SLACK_MS
    if not earliest <= op.expires_at_ms <= latest:
        findings.add("expiry_wrong", op, f"not within {earliest:.0f} and {latest:.0f}")


def _check_order(op, facts, timeline, findings):
    """The last acknowledged write wins, in spite of skew."""
    if timeline.memory_losses.touches(op.start, op.end):
        return
    earlier = None
    if op.strong:
        earlier = newer(facts.strong.before(op.start), facts.settled.before(op.start))
    window = timeline.quiet.containing(op.start, op.end)
    if window is not None:
        earlier = newer(earlier, facts.in_window(window).before(op.start))
    if earlier is None:
        return
    findings.check("order", op.level)
    if op.version <= earlier.version:
        findings.add("order", op, "an earlier acknowledged write is newer", earlier.operation)
