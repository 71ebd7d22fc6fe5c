"""What a read has to know, by its level (README.md derives the rules from the promises)."""

from kit.checker.facts import UNANSWERED, newer
from kit.history.operation import ONE

_OVERRUN_MS = 100


def check_reads(facts, timeline, findings):
    for op in facts.operations:
        if not op.is_write and op.ok:
            _check_overrun(op, timeline, findings)
            _check_newest(op, facts, timeline, findings)


def _check_overrun(op, timeline, findings):
    if not op.found:
        return
    findings.check("expiry", op.level)
    if not op.expires_at_ms:
        return
    over = timeline.wall_ms(op.start) - op.expires_at_ms
    if over > _OVERRUN_MS + timeline.cluster_skew_ms(op.start, op.end):
        findings.add("expiry_overrun", op, f"{over:.0f} ms past its expiry")


def _check_newest(op, facts, timeline, findings):
    needed, why = _needed(op, facts, timeline)
    if needed and facts.is_void(needed, op.end):
        findings.excuse("stale_read", op.level, "too many replicas lost their memory")
        return
    if needed is None or _knows(op, needed, facts, findings):
        if op.level == ONE:
            _count_older(op, facts, timeline, findings)
        return
    kind, what = _classify(op, needed, timeline)
    if kind == "resurrected_expired" and _may_have_come_late(op, facts, timeline):
        findings.excuse(kind, op.level, "it came late, after what replaced it had expired")
    else:
        findings.add(kind, op, f"{what}; {why}", needed.operation)


def _needed(op, facts, timeline):
    settled = facts.settled.before(op.start)
    if op.level != ONE:
        strong = facts.strong.before(op.start)
        return newer(strong, settled), "a majority held this before"
    if _excuses_one(op, facts, timeline):
        return None, ""
    window = timeline.quiet.containing(op.start, op.end)
    if window is None:
        return settled, "all home replicas held this before"
    return newer(settled, facts.in_window(window).before(op.start)), "all was quiet"


def _excuses_one(op, facts, timeline):
    """At ONE one replica answers: any that can be reached where none is UP, one that lost its memory
    before anybody can know it, one that evicted the record."""
    away = timeline.absence.away(
        facts.homes, op.start, op.end, timeline.settings.reached_by(op))
    return (away == len(facts.homes) or timeline.unseen_loss(facts.homes, op.start, op.end)
            or timeline.memory.evicted(facts.homes, op.start, op.end))


def _knows(op, needed, facts, findings):
    """Whether the answer shows what it had to know; counts how it was checked."""
    if op.version >= needed.version:
        findings.check("newest", op.level)
        return True
    # A miss is right where the value is gone, whatever older record it was read from.
    why = None if op.found else facts.why_gone(needed, op.end)
    if why == UNANSWERED:
        findings.excuse("missing", op.level, "an unanswered write may have ended it")
    else:
        findings.check("newest", op.level)
    return why is not None


def _count_older(op, facts, timeline, findings):
    """At ONE, where no more is promised."""
    seen = facts.all.before(op.start)
    if seen is None or op.version >= seen.version:
        return
    if not op.found and facts.why_gone(seen, op.end):
        return
    quiet = timeline.is_quiet(op.start, op.end)
    findings.excuse("stale_read", op.level, "the write was cut short by a fault, or degraded"
                    if quiet else "a fault was on, and the write had not settled")


def _may_have_come_late(op, facts, timeline):
    """At ONE, amid faults, an older write may reach a replica after a newer one has expired there
    that had nothing to outlive: until the coordinator that was late has resynced the node, so until
    all has been quiet for once."""
    write = facts.writes.get(op.value)
    if op.level != ONE or write is None:
        return False
    quiet = timeline.quiet.next_instant(timeline.written(write))
    return quiet is None or quiet > op.start


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
