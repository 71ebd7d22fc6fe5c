"""What was wrong when: the nemesis' journal and the coordinators' own words about the nodes, made
into the windows that the promises speak of. All times in microseconds of CLOCK_MONOTONIC. Pure.

quiet       no fault is on, and every coordinator has called every node UP for one ping interval.
settled     a write around which it was quiet from its start until WRITE_TIMEOUT_MS after its end: then
            its background replicas are written too.
"""

from kit.checker.absence import Absence
from kit.checker.intervals import Intervals
from kit.checker.machine import Machine
from kit.checker.memory import Memory
from kit.checker.settings import SECOND, Settings
from kit.checker.states import States
from kit.checker.streams import Streams

_SLACK = 300_000
# Between cluster time and the true time; between a coordinator's last look at its caller, or at the
# deadline, and the stamp.
_STAMP_SLACK_MS = 250


class Timeline:
    """`meta`: begin, end (us), ping_seconds, nodes, coordinators, wall_offset_ms, deadline_ms,
    settings."""

    def __init__(self, meta, faults, states, operations, stalls=()):
        self._wall_offset_ms = meta["wall_offset_ms"]
        self.begin, self.end = meta["begin"], meta["end"]
        self.settings = settings = Settings(meta)
        self.states = States(meta, states, settings)
        faults = [self._ended(fault) for fault in faults]
        self.faults = [dict(f, up=self.states.up_at(f["healed"], f["nodes"] or range(settings.nodes)))
                       for f in faults]
        self.absence = Absence(self.faults, self.states, settings)
        self.memory = Memory(self.faults, settings.nodes, self.end)
        after = settings.ping + _SLACK
        troubles = [(f["begin"], f["up"] + after) for f in self.faults]
        for coordinator in settings.coordinators:
            troubles += [(t.begin, t.end + after) for t in self.states.troubles(coordinator)]
        self.quiet = Intervals(troubles).complement(meta["begin"], meta["end"])
        self._unseen = [
            Intervals((f["begin"], self._next_ping(f["healed"])) for f in self.faults
                      if f["unseen"] and node in f["nodes"]) for node in range(settings.nodes)]
        self._skews = [f for f in self.faults if f.get("cluster_skew_ms")]
        self.machine = Machine(stalls, self.faults)
        self._streams = Streams(operations, meta["deadline_ms"] * 1000)

    def wall_ms(self, time):
        return self._wall_offset_ms + time / 1000

    def is_quiet(self, begin, end):
        return self.quiet.containing(begin, end) is not None

    def written(self, operation):
        """When its background replicas have been written or given up."""
        return self.waited_for_until(operation) + self.settings.write_timeout

    def hit(self, operation, begin, end):
        """Whether a coordinator that may have done it was hit meanwhile."""
        return any(self.absence.is_hit(c, begin, end)
                   for c in self.settings.reached_by(operation))

    def unseen_loss(self, nodes, begin, end):
        """Whether one of them lost its memory and nobody can know it yet."""
        return any(self._unseen[node].touches(begin, end) for node in nodes)

    def cluster_skew_ms(self, begin, end):
        """By how much cluster time may be off meanwhile."""
        return max((f["cluster_skew_ms"] for f in self._skews
                    if f["begin"] <= end and f["up"] >= begin), default=0)

    def node_skew_ms(self, node):
        """By how much that node's clock was off at any time."""
        return max((abs(f["skew_ms"]) for f in self.faults if node in f["nodes"]), default=0)

    def clock_jumped(self, begin, end):
        """Whether some node's clock jumped, and perhaps nobody knew yet."""
        return any(f["skew_ms"] and f["nodes"] and f["begin"] <= end and f["up"] >= begin
                   for f in self.faults)

    def first_stamp_ms(self, operation):
        """The earliest milliseconds that a stamp of this write can have."""
        skew = self.cluster_skew_ms(operation.start, operation.end)
        return self.wall_ms(operation.start) - _STAMP_SLACK_MS - skew

    def last_stamp_ms(self, operation):
        """The latest milliseconds that it can have: nobody stamps a write that was answered, or whose
        caller is gone, as far as its coordinator can know that (streams.py)."""
        end = self.waited_for_until(operation)
        if end == float("inf"):
            return end
        # A process that the machine held up learns late that its caller is gone.
        held_up_ms = self.machine.longest_stall(operation.end, operation.end + SECOND) / 1000
        return (self.wall_ms(end) + _STAMP_SLACK_MS + held_up_ms
                + self.cluster_skew_ms(operation.start, end))

    def waited_for_until(self, operation):
        """The latest end of the wait for it that its coordinator may know."""
        return self._streams.waited_for_until(operation)

    def _ended(self, fault):
        """A fault that was not staged to its end goes on until the end of all."""
        return fault | {what: fault[what] or self.end for what in ("struck", "healing", "healed")}

    def _next_ping(self, time):
        """When every coordinator has pinged since; one that was frozen, after that."""
        end = time + self.settings.ping + SECOND
        for fault in self.faults:
            if fault["coordinator_fault"] and fault["begin"] <= end and fault["healed"] >= time:
                end = max(end, fault["healed"] + self.settings.ping + SECOND)
        return end
