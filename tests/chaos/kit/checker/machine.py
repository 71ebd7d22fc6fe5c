"""When the machine itself was slow, which no promise covers: stalls.jsonl (kit/cluster/stalls.py), but for
what a fault did to a node. Pure."""

import collections

from kit.checker.settings import SECOND


class Machine:
    """`faults` with `up`."""

    def __init__(self, stalls, faults):
        self._longest = collections.Counter()  # by the second in which it went on
        for stall in stalls:
            begin, end = stall["begin"], stall["end"]
            if any(stall["node"] in f["nodes"] and f["begin"] <= end and f["up"] >= begin
                   for f in faults):
                continue
            for second in range(begin // SECOND, end // SECOND + 1):
                self._longest[second] = max(self._longest[second], end - begin)

    def longest_stall(self, begin, end):
        """In microseconds, of those in the seconds from `begin` to `end`; 0 = there was none."""
        return max((self._longest[second] for second in
                    range(int(begin) // SECOND, int(end) // SECOND + 1)), default=0)
