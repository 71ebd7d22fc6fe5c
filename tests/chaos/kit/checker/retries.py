"""When a gateway or a client library no longer tries again: its budget for that (client/retry_budget.h) is a
bucket that a failed attempt takes ten from and a successful one puts one into, and while it is half
empty nothing is tried again. Pure.

Only calls are known, not the attempts of those that succeeded in the end: a call that failed is taken to
have been tried as often as it may be, and a bucket that is not nearly full again counts as half empty. So
after a while of failures a caller has no retries until nearly a thousand of its calls have succeeded."""

import bisect
import collections

_TOKENS, _COST, _REFUND, _ATTEMPTS = 1000, 10, 1, 6
_NEARLY_FULL = 900


class Retries:
    def __init__(self, operations):
        calls = collections.defaultdict(dict)  # caller -> {(end, start): whether all went well}
        for op in operations:
            if op.coordinator is None:
                ends = calls[_caller_of(op)]
                ends[op.end, op.start] = ends.get((op.end, op.start), True) and op.ok
        self._times, self._spent = {}, {}
        for caller, ends in calls.items():
            tokens, times, spent = _TOKENS, [], []
            for (end, _), good in sorted(ends.items()):
                times.append(end)
                spent.append(tokens < _NEARLY_FULL)
                cost = _COST if tokens <= _TOKENS // 2 else _COST * _ATTEMPTS
                tokens = min(_TOKENS, tokens + _REFUND) if good else max(0, tokens - cost)
            self._times[caller], self._spent[caller] = times, spent

    def are_spent(self, operation):
        """Whether the caller may have had no retry left for this operation."""
        if operation.coordinator is not None:
            return False
        times, spent = self._times[_caller_of(operation)], self._spent[_caller_of(operation)]
        first = bisect.bisect_left(times, operation.start)
        last = bisect.bisect_left(times, operation.end)
        return any(spent[max(0, first - 1):last + 1])


def _caller_of(operation):
    return operation.process, operation.gateway
