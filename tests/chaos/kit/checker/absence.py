"""Which nodes and coordinators could not be there for a request, and which can't have answered. Pure.

away        a node that a fault is on, or that a coordinator does not call UP.
silenced    a node of which nothing can have reached a coordinator: it was dead, frozen or cut off.
hit         a coordinator that a fault keeps from answering, until it answers again.
unheard     a coordinator that does not say how it sees the nodes.
"""

from kit.checker.intervals import Intervals
from kit.checker.settings import SECOND


class Absence:
    """`faults` with `up`; `states`: States."""

    def __init__(self, faults, states, settings):
        nodes = range(settings.nodes)
        self._settings = settings
        self._away = [[Intervals(_away_of(n, c, faults, states)) for n in nodes]
                      for c in settings.coordinators]
        self._anywhere = [Intervals(span for c in self._away for span in c[n]) for n in nodes]
        self._silenced = [
            [Intervals((f["struck"], f["healing"]) for f in faults
                       if f.get("silences") and n in f["nodes"] and c in f["coordinators"])
             for n in nodes] for c in settings.coordinators]
        self._own = [Intervals(_hits(c, faults, states)) for c in settings.coordinators]
        self._unheard = [Intervals(states.silences(c)) for c in settings.coordinators]
        self._gateways = [f for f in faults if f.get("gateways")]
        self._floods = [f for f in faults if f["name"] == "flood"]

    def away(self, nodes, begin, end, coordinators=None):
        """How many of these nodes were away at some time in between: for one of those coordinators,
        or for anybody."""
        seen = [self._anywhere] if coordinators is None else [self._away[c] for c in coordinators]
        return sum(any(of[node].touches(begin, end) for of in seen) for node in nodes)

    def silenced(self, nodes, operation):
        """How many of these can't have said anything to whoever did the operation."""
        coordinators = self._settings.reached_by(operation)
        return sum(
            all(self._silenced[c][node].containing(operation.start, operation.end) is not None
                for c in coordinators) for node in nodes)

    def is_path_hit(self, operation, begin, end):
        """Whether the coordinator of an operation was hit, or its gateway. A gateway and a client
        library have other coordinators: for them all must have been."""
        if any(operation.gateway in f["gateways"] and f["begin"] <= end
               and f["healed"] + SECOND >= begin for f in self._gateways):
            return True
        return all(self.is_hit(c, begin, end) for c in self._settings.reached_by(operation))

    def is_hit(self, coordinator, begin, end):
        """Whether a fault was on that coordinator, or it had not come back from one."""
        return self._own[coordinator].touches(begin, end)

    def is_unheard(self, begin, end, coordinators):
        """Whether one of those coordinators did not say how it sees the nodes. It may be a new process,
        which calls no node UP before it has judged the node."""
        return any(self._unheard[c].touches(begin, end) for c in coordinators)

    def hits(self, coordinator):
        return self._own[coordinator]

    def is_flooded(self, begin, end, coordinators=None):
        """Whether one of those coordinators was flooded, or anybody."""
        return any(f["begin"] <= end and f["healed"] + SECOND >= begin
                   and (coordinators is None or set(coordinators) & set(f["coordinators"]))
                   for f in self._floods)


def _hits(coordinator, faults, states):
    """The spans in which faults keep a coordinator from answering; one whose clock is wrong answers."""
    for f in faults:
        if not f["coordinator_fault"] or coordinator not in f["coordinators"]:
            continue
        begin = f["begin"]
        if f["skew_ms"]:
            yield begin, states.serving_at(coordinator, f["struck"]) + SECOND
            begin = f["healing"]
        yield begin, states.serving_at(coordinator, f["healed"]) + SECOND


def _away_of(node, coordinator, faults, states):
    """The spans in which a node is away for one coordinator."""
    yield from ((f["begin"], f["up"]) for f in faults
                if node in f["nodes"] and coordinator in f["coordinators"])
    yield from ((t.begin, t.end) for t in states.troubles(coordinator, {node}) if not t.silent)
