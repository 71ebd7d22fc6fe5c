"""Until when a coordinator may still begin an operation that its caller gave up on a Pipeline stream. Pure.

The time of such an operation counts from when the coordinator reads it, and its caller tells nobody that it
no longer waits. But a stream is read in order, and its end is read, too. So once the coordinator has
answered a later operation of the same caller, it has read the earlier one, or never will."""

import bisect
import collections
import itertools


class Streams:
    """`deadline_us`: of each operation."""

    def __init__(self, operations, deadline_us):
        self._deadline_us = deadline_us
        answered = collections.defaultdict(list)
        for op in operations:
            if op.caller == "pipeline" and op.ok:
                answered[_stream_of(op)].append((op.start, op.end))
        # By stream: when its answered operations began, and the first end of each and all later ones.
        self._starts, self._first_ends = {}, {}
        for stream, spans in answered.items():
            spans.sort()
            self._starts[stream] = [start for start, _ in spans]
            ends = itertools.accumulate((end for _, end in reversed(spans)), min)
            self._first_ends[stream] = list(ends)[::-1]

    def waited_for_until(self, operation):
        """Its end; where it was given up, the latest end that its coordinator may know, perhaps never."""
        if not operation.given_up:
            return operation.end
        stream = _stream_of(operation)
        later = bisect.bisect_right(self._starts.get(stream, ()), operation.start)
        ends = self._first_ends.get(stream, ())[later:later + 1]
        return max(operation.end, ends[0] + self._deadline_us) if ends else float("inf")


def _stream_of(operation):
    return operation.process, operation.coordinator
