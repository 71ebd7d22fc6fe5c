"""What a read that names a version may answer (promise 7)."""

from kit.checker.facts import UNANSWERED
from kit.history.operation import GET


def check_min_version(facts, timeline, findings):
    for op in facts.operations:
        if op.kind == GET and op.ok and op.min_version:
            _check(op, facts, timeline, findings)


def _check(op, facts, timeline, findings):
    if op.version >= op.min_version:
        findings.check("min_version", op.level)
    elif op.found:
        findings.check("min_version", op.level)
        findings.add("below_min_version", op, "the answer is older than was asked for")
    else:
        _check_miss(op, facts, timeline, findings)


def _check_miss(op, facts, timeline, findings):
    fact = facts.by_version.get(op.min_version)
    if fact is None:
        findings.excuse("below_min_version", op.level, "nobody knows how that version ends")
        return
    gone = facts.why_gone(fact, op.end)
    if gone == UNANSWERED:
        findings.excuse("below_min_version", op.level, "an unanswered write may have ended it")
        return
    findings.check("min_version", op.level)
    if gone:
        return
    if _has_holder(op, fact, facts, timeline):
        findings.add("below_min_version", op, "a miss, though a live record is as new",
                     fact.operation)
    else:
        findings.excuse("below_min_version", op.level, "its holders may be away")


def _has_holder(op, fact, facts, timeline):
    """Whether a home replica that can be reached holds it for certain."""
    if facts.is_void(fact, op.end) or timeline.memory.evicted(facts.homes, fact.time, op.end):
        return False
    away = timeline.absence.away(facts.homes, op.start, op.end)
    if facts.is_settled(fact, op.start):
        return away < len(facts.homes)
    if facts.is_at_majority(fact, op.start):
        return away < timeline.settings.majority
    return fact.time <= op.start and timeline.is_quiet(fact.operation.start, op.end)
