"""What was wrong when: the nemesis' journal and the coordinators' own words about the nodes, made
into the windows that the promises speak of. All times in microseconds of CLOCK_MONOTONIC.

quiet       no fault is on, and every coordinator has called every node UP for one ping interval.
settled     a write around which it was quiet from its start until WRITE_SECONDS after its end: then
            its background replicas are written too.
away        a node that a fault is on, or that a coordinator does not call UP.
"""

from kit.checker.intervals import Intervals

SECOND = 1_000_000
# How long a coordinator may still be writing the background replicas (WRITE_TIMEOUT_MS).
WRITE_SECONDS = 2
# How long a coordinator may take to notice by its own traffic and pings that a node is bad, before
# it says so; and how much later than a change we may have seen it.
NOTICE_SECONDS = 1.5
_SLACK = 300_000


class Timeline:
    """`meta`: begin, end (us), ping_seconds, nodes, coordinators, wall_offset_ms."""

    def __init__(self, meta, faults, states):
        self._meta = meta
        self.end = meta["end"]
        self._ping = int(meta["ping_seconds"] * SECOND)
        self._states = [
            [line for line in states if line["coordinator"] == c]
            for c in range(meta["coordinators"])
        ]
        faults = [self._ended(fault) for fault in faults]
        self.faults = [dict(fault, up=self._up_at(fault)) for fault in faults]
        self.max_skew_ms = max((abs(f["skew_ms"]) for f in faults), default=0)
        troubles = [(f["begin"], f["up"] + self._ping + _SLACK) for f in self.faults]
        for c in range(meta["coordinators"]):
            troubles += [(b, e + self._ping + _SLACK) for b, e in self._troubles(c)]
        self.quiet = Intervals(troubles).complement(meta["begin"], meta["end"])
        self._away = [self._away_of(node) for node in range(meta["nodes"])]
        self.memory_losses = self._spans(lambda f: f["loses_memory"])
        self.coordinator_faults = self._spans(lambda f: f["coordinator_fault"])
        self.unseen_losses = Intervals(
            (f["begin"], self._next_ping(f["healed"])) for f in self.faults if f["unseen"])
        self._own_faults = [
            self._spans(lambda f, c=c: f["coordinator_fault"] and c in f["coordinators"], SECOND)
            for c in range(meta["coordinators"])
        ]
        self._floods = Intervals((f["begin"], f["healed"] + SECOND) for f in self.faults
                                 if f["name"] == "flood")

    def wall_ms(self, time):
        return self._meta["wall_offset_ms"] + time / 1000

    def is_quiet(self, begin, end):
        return self.quiet.containing(begin, end) is not None

    def is_settled(self, operation):
        return self.is_quiet(operation.start, operation.end + WRITE_SECONDS * SECOND)

    def away(self, begin, end):
        """How many nodes were away at some time in between."""
        return sum(node.touches(begin, end) for node in self._away)

    def is_coordinator_faulty(self, coordinator, begin, end):
        return self._own_faults[coordinator].touches(begin, end)

    def is_flooded(self, begin, end):
        return self._floods.touches(begin, end)

    def last_stamp_ms(self, operation):
        """The latest wall-clock time that an unanswered write can have got its version at: while
        its coordinator was at it, or when that was thawed again, and by the fastest clock."""
        end = operation.end + (WRITE_SECONDS + 1) * SECOND
        for fault in self.faults:
            if fault["name"] == "coordinator_freeze" and operation.coordinator in (
                    fault["coordinators"]):
                if fault["begin"] <= end and fault["healed"] >= operation.start:
                    end = max(end, fault["healed"] + (WRITE_SECONDS + 1) * SECOND)
        return self.wall_ms(end) + self.max_skew_ms

    def _spans(self, wanted, slack=0):
        return Intervals((f["begin"], f["up"] + slack) for f in self.faults if wanted(f))

    def _ended(self, fault):
        """A fault that was not staged to its end goes on until the end of all."""
        return fault | {what: fault[what] or self.end for what in ("struck", "healing", "healed")}

    def _next_ping(self, time):
        """When every coordinator has pinged since; one that was frozen, after that."""
        end = time + self._ping + SECOND
        for fault in self.faults:
            if fault["coordinator_fault"] and fault["begin"] <= end and fault["healed"] >= time:
                end = max(end, fault["healed"] + self._ping + SECOND)
        return end

    def _up_at(self, fault):
        """When all coordinators had called the nodes of the fault UP after its end."""
        healed = fault["healed"]
        nodes = fault["nodes"] or range(self._meta["nodes"])
        seen = [healed]
        for lines in self._states:
            at = self.end
            for line, following in zip(lines, [*lines[1:], {"at": self.end}]):
                if following["at"] >= healed and _all_up(line, nodes):
                    at = max(healed, line["at"])
                    break
            seen.append(at)
        return max(seen)

    def _troubles(self, coordinator, nodes=None):
        """When that coordinator did not answer, or did not call all those nodes UP."""
        lines = self._states[coordinator]
        begin = self._meta["begin"]
        if not lines or lines[0]["at"] > begin:
            yield begin, lines[0]["at"] if lines else self.end
        for i, line in enumerate(lines):
            until = lines[i + 1]["at"] if i + 1 < len(lines) else self.end
            if not _all_up(line, nodes):
                since = line["before"] if i else line["at"]
                if line["nodes"] is not None:
                    bad = [n[2] for j, n in enumerate(line["nodes"])
                           if n[0] != "UP" and (nodes is None or j in nodes)]
                    said = int((min(bad) - self._meta["wall_offset_ms"]) * 1000)
                    if since < said < line["at"]:
                        since = said
                yield since - int(NOTICE_SECONDS * SECOND), until
            elif i and lines[i - 1]["nodes"] != line["nodes"]:
                yield line["before"], line["at"]  # away and back between two questions

    def _away_of(self, node):
        pairs = [(f["begin"], f["up"]) for f in self.faults if node in f["nodes"]]
        for c in range(self._meta["coordinators"]):
            pairs += [
                pair for pair in self._troubles(c, {node})
                if not self._is_silent(c, pair[1])
            ]
        return Intervals(pairs)

    def _is_silent(self, coordinator, until):
        """Whether a trouble that ended then was the coordinator's silence, not a node's state."""
        last = [line for line in self._states[coordinator] if line["at"] < until]
        return not last or last[-1]["nodes"] is None


def _all_up(line, nodes=None):
    return line["nodes"] is not None and all(
        node[0] == "UP" for i, node in enumerate(line["nodes"]) if nodes is None or i in nodes)
