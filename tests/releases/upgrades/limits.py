"""The limits of the release before (docs/operations.md). Violations that only show such a limit are
counted apart."""

import collections

from kit.checker.timeline import SECOND

NO_NODE_NAMED = "an old coordinator names no node in a form that is understood"
NODE_NUMBERED = "an old gateway names nodes by their numbers"
GATEWAY_REPLACED = "a gateway that was being replaced did not answer"
NOT_REPEATED = "a write that an old coordinator may have done is not sent again"

_COORDINATOR, _GATEWAY = "coordinators", "gateways"


class Limits:
    """`first`, `then`: the names of the releases; `faults`: the journal."""

    def __init__(self, first, then, faults):
        self._first = first
        self._then = then
        self._faults = faults

    def sort_out(self, violations):
        """(violations that are left, {limit: how many})"""
        left, counted = [], collections.Counter()
        for violation in violations:
            why = self._why(violation)
            if why:
                counted[why] += 1
            else:
                left.append(violation)
        return left, counted

    def _why(self, violation):
        if not violation.operations:
            return None
        op = violation.operations[-1]
        if violation.kind == "wrong_receipt" and violation.what.startswith("no node is named"):
            return NO_NODE_NAMED if self._is_old(_COORDINATOR, op.coordinator, op) else None
        if violation.kind == "wrong_receipt" and "is not on the ring" in violation.what:
            return NODE_NUMBERED if self._is_old(_GATEWAY, op.gateway, op) else None
        if violation.kind == "wrong_code" and op.code == "NO_ANSWER":
            return GATEWAY_REPLACED if self._is_replaced(op) else None
        if violation.kind == "failed_request" and op.is_write and "not sent again" in op.message:
            return NOT_REPEATED if self._old_coordinator_killed(op) else None
        return None

    def _is_old(self, what, number, op):
        """Whether that process ran the old release at some time during the operation."""
        if number is None:
            return False
        replaced = next((fault["healing"] for fault in self._faults
                         if fault["name"].startswith("replace_") and fault[what] == [number]),
                        float("inf"))
        return "old" in ((self._first,) if op.end < replaced else
                         (self._then,) if op.start > replaced else (self._first, self._then))

    def _is_replaced(self, op):
        return any(op.gateway in fault["gateways"] and fault["begin"] <= op.end
                   and op.start <= fault["healed"] + SECOND for fault in self._faults)

    def _old_coordinator_killed(self, op):
        return any(
            fault["name"] == "coordinator_kill" and fault["begin"] <= op.end
            and op.start <= fault["healed"] + SECOND
            and any(self._is_old(_COORDINATOR, c, op) for c in fault["coordinators"])
            for fault in self._faults)
