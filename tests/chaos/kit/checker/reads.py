"""What a read may return, by its level (README.md derives the rules from the promises)."""

from kit.checker.facts import newer
from kit.history.operation import GET, ONE

_OVERRUN_MS = 100


def check_reads(facts, timeline, findings):
    for op in facts.operations:
        if op.kind != GET or not op.ok:
            continue
        if op.found:
            _check_value(op, facts, findings)
            _check_overrun(op, timeline, findings)
        _check_min_version(op, facts, timeline, findings)
        _check_newest(op, facts, timeline, findings)


def _check_value(op, facts, findings):
    write = facts.writes.get(op.value)
    if write is None or write.start > op.end:
        findings.add("unknown_value", op, f"nobody had written {op.value}")
    elif write.version == op.version and write.expires_at_ms != op.expires_at_ms:
        findings.add("expiry_wrong", op,
                     f"the write's receipt said {write.expires_at_ms}", write)


def _check_overrun(op, timeline, findings):
    findings.check("expiry", op.level)
    if not op.expires_at_ms:
        return
    over = timeline.wall_ms(op.start) - op.expires_at_ms
    if over > _OVERRUN_MS:
        findings.add("expiry_overrun", op, f"{over:.0f} ms past its expiry")


def _check_min_version(op, facts, timeline, findings):
    if not op.min_version:
        return
    findings.check("min_version", op.level)
    if op.version >= op.min_version:
        return
    if op.found:
        findings.add("below_min_version", op, "the answer is older than was asked for")
        return
    fact = facts.by_version.get(op.min_version)
    if fact is None or facts.may_be_gone(fact, op.start, op.end):
        return
    reached = fact.strong or facts.is_settled(fact) or timeline.is_quiet(
        fact.operation.start, op.end)
    if reached and timeline.away(op.start, op.end) <= 1:
        findings.add("below_min_version", op, "a miss, though a live record is as new",
                     fact.operation)
    else:
        findings.count("below_min_version", op.level)


def _check_newest(op, facts, timeline, findings):
    needed, why = _needed(op, facts, timeline)
    if needed:
        findings.check("newest", op.level)
    if needed and not _knows(op, needed, facts):
        kind, what = _classify(op, needed, timeline)
        if kind == "resurrected_expired" and _may_have_come_late(op, facts, timeline):
            findings.count(kind, op.level)
        else:
            findings.add(kind, op, f"{what}; {why}", needed.operation)
    elif op.level == ONE:
        seen = facts.all.before(op.start)
        if seen and not _knows(op, seen, facts):
            findings.count("stale_read", op.level)


def _needed(op, facts, timeline):
    settled = facts.settled.before(op.start)
    if op.level != ONE:
        strong = facts.strong.before(op.start)
        return newer(strong, settled), "a majority held this before"
    if timeline.away(op.start, op.end) >= 2 or timeline.unseen_losses.touches(op.start, op.end):
        settled = None
    window = timeline.quiet.containing(op.start, op.end)
    if window is None:
        return settled, "all home replicas held this before"
    return newer(settled, facts.in_window(window).before(op.start)), "all was quiet"


def _knows(op, needed, facts):
    if op.version >= needed.version:
        return True
    # A miss is right where the value is gone, whatever older record it was read from.
    return not op.found and facts.may_be_gone(needed, op.start, op.end)


def _may_have_come_late(op, facts, timeline):
    """At ONE, amid faults, an older write may reach a replica after a newer one has expired there
    that had nothing to outlive: until the coordinator that was late has resynced the node."""
    write = facts.writes.get(op.value)
    return (op.level == ONE and write is not None and not timeline.is_settled(write)
            and not timeline.is_quiet(op.start, op.end))


def _classify(op, needed, timeline):
    if not op.found:
        if needed.expires_at_ms:
            left = needed.expires_at_ms - timeline.wall_ms(op.end)
            return "expiry_early", f"a miss {left:.0f} ms before the expiry"
        return "stale_read", "a miss, though the value lives"
    if needed.is_delete:
        return "resurrected_delete", "it was deleted"
    if needed.expires_at_ms and needed.expires_at_ms <= timeline.wall_ms(op.start):
        return "resurrected_expired", "what replaced it has expired"
    return "stale_read", "a newer value was there"
