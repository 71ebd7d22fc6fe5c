"""What the checker finds. A violation breaks a promise; what is excused would, but for the reason that
is counted with it."""

import collections
import typing

from kit.cluster.nodes import NODE_NAMES
from kit.history.operation import UNKNOWN_NODE, Operation, version_ms

KINDS = {
    "lost_write": "acknowledged writes lost",
    "stale_read": "stale reads",
    "missing": "misses of values that live",
    "below_min_version": "reads older than their min_version",
    "resurrected_delete": "deletes resurrected",
    "resurrected_expired": "expired or shortened lives resurrected",
    "expiry_overrun": "values past their expiry",
    "expiry_early": "values gone before their expiry",
    "expiry_wrong": "expiries not as asked for",
    "order": "acknowledged writes ordered before earlier ones",
    "unknown_value": "values that nobody wrote",
    "wrong_version": "versions that no write can have got",
    "done_though_refused": "refused writes that took effect",
    "two_values": "versions with two values",
    "wrong_receipt": "receipts that can't be true",
    "degraded": "answers degraded without a cause",
    "wrong_state": "nodes called DOWN, SYNCING or UP wrongly",
    "diverged": "keys diverged after convergence",
    "not_up": "nodes not UP after the faults' end",
    "not_staged": "faults that could not be staged to their end",
    "not_checked": "runs that did or checked too little",
    "failed_request": "requests failed that had to succeed",
    "wrong_code": "failures with a code that is not promised",
    "too_slow": "latencies over their limit",
    "over_deadline": "answers after the deadline",
}


class Violation(typing.NamedTuple):
    kind: str
    level: str  # "" where levels do not matter
    key: str
    what: str
    operations: tuple = ()


class Findings:
    def __init__(self):
        self.violations = []
        self.counted = collections.Counter()  # (kind, why, level): would be one but for a reason
        self.checked = collections.Counter()  # (rule, level): what was judged without an excuse

    def add(self, kind, operation, what, *others):
        self.violations.append(
            Violation(kind, operation.level, operation.key, what, (*others, operation)))

    def add_key(self, kind, key, what, *operations):
        self.violations.append(Violation(kind, "", key, what, operations))

    def excuse(self, kind, level, why):
        self.counted[kind, why, level] += 1

    def check(self, rule, level):
        self.checked[rule, level] += 1

    def table(self):
        """{kind: {level: violations}}"""
        table = {}
        for violation in self.violations:
            row = table.setdefault(violation.kind, collections.Counter())
            row[violation.level] += 1
        return table


def describe(operation: Operation, origin=0):
    """One line for people; times in seconds since `origin` (us)."""
    parts = [
        f"{(operation.start - origin) / 1e6:9.4f}-{(operation.end - origin) / 1e6:9.4f} s",
        _path(operation), operation.kind, operation.level, operation.key, f"= {operation.value}",
    ]
    if operation.ttl_ms:
        parts.append(f"ttl {operation.ttl_ms} ms")
    if operation.min_version:
        parts.append(f"min_version {show_version(operation.min_version)}")
    parts.append(operation.code)
    if operation.version:
        parts.append(f"version {show_version(operation.version)}")
    if operation.expires_at_ms:
        parts.append(f"expires {operation.expires_at_ms}")
    if operation.degraded:
        parts.append("degraded")
    if operation.ok:
        parts.append(f"{operation.acknowledged}/{operation.required}")
    if operation.node is not None:
        known = operation.node != UNKNOWN_NODE
        parts.append(f"from {NODE_NAMES[operation.node] if known else 'a node that is not known'}")
    return " ".join(parts + [text for text in (operation.reason, operation.message) if text])


def _path(operation):
    """By which way it came."""
    if operation.gateway is not None:
        return f"{operation.caller} gateway {operation.gateway}"
    if operation.coordinator is None:
        return operation.caller
    return f"{operation.caller} coordinator {operation.coordinator}"


def show_version(version):
    """Milliseconds, counter and the coordinator's first digits."""
    return f"{version_ms(version)}.{version >> 64 & 0xFFFF}.{version >> 32 & 0xFFFFFFFF:08x}"
