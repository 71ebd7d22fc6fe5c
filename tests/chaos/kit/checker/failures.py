"""Which requests may fail, and which had to be answered."""

import collections

from kit.history.operation import ALL, ONE

# What a client is told to expect and knows how to take (proto/kache/v1/kache.proto).
_TELLING = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED"}
_BEFORE = 500_000  # us: a fault may have hit the request's beginning
_LATE = 100_000  # us: what the client itself may be late by


def check_failures(operations, by_key, timeline, findings, deadline_ms):
    """{(code, level): [failed, of these allowed]}"""
    table = collections.defaultdict(lambda: [0, 0])
    for op in operations:
        if op.end - op.start > deadline_ms * 1000 + _LATE and not timeline.is_flooded(
                op.start, op.end):
            findings.count("over_deadline", op.level)
        if op.ok:
            continue
        row = table[op.code, op.level]
        row[0] += 1
        if op.code not in _TELLING:
            findings.add("wrong_code", op, "no client would try this again")
        elif _allowed(op, by_key, timeline):
            row[1] += 1
        else:
            findings.add("failed_request", op, "enough replicas were there")
    return {f"{code} {level}": row for (code, level), row in sorted(table.items())}


def _allowed(op, by_key, timeline):
    begin = op.start - _BEFORE
    if timeline.is_coordinator_faulty(op.coordinator, begin, op.end):
        return True
    if op.code == "RESOURCE_EXHAUSTED" or op.code == "DEADLINE_EXCEEDED":
        if timeline.is_flooded(begin, op.end):
            return True
    away = timeline.away(begin, op.end)
    if op.level == ALL:
        return away >= 1
    if op.level != ONE:
        return away >= 2
    if op.min_version:
        fact = by_key[op.key].by_version.get(op.min_version)
        everywhere = fact and (fact.strong or by_key[op.key].is_settled(fact))
        return away >= (2 if everywhere else 1)
    return away >= 3
