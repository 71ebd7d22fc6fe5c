"""Sets of times, as sorted disjoint intervals [begin, end]. Pure."""

import bisect


class Intervals:
    def __init__(self, pairs=()):
        self._begins, self._ends = [], []
        for begin, end in sorted(pair for pair in pairs if pair[0] <= pair[1]):
            if self._ends and begin <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._begins.append(begin)
                self._ends.append(end)

    def __iter__(self):
        return iter(zip(self._begins, self._ends))

    def touches(self, begin, end):
        at = bisect.bisect_right(self._begins, end) - 1
        return at >= 0 and self._ends[at] >= begin

    def containing(self, begin, end):
        """The number of the interval that has all of [begin, end] in it; None when none has."""
        at = bisect.bisect_right(self._begins, begin) - 1
        return at if at >= 0 and end <= self._ends[at] else None

    def next_instant(self, time):
        """The first instant from `time` on that is in the set; None when there is none."""
        at = bisect.bisect_right(self._begins, time) - 1
        if at >= 0 and time <= self._ends[at]:
            return time
        return self._begins[at + 1] if at + 1 < len(self._begins) else None

    def bounds(self, number):
        return self._begins[number], self._ends[number]

    def complement(self, begin, end):
        gaps, at = [], begin
        for low, high in self:
            if low > at:
                gaps.append((at, min(low, end)))
            at = max(at, high)
        if at < end:
            gaps.append((at, end))
        return Intervals(gaps)
