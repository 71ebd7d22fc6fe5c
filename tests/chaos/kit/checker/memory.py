"""Which nodes may lack what they once held, and when: loss of memory, and eviction. Pure."""

from kit.checker.intervals import Intervals


class Memory:
    """`faults` with `up`. A node that lost its memory has all again once it is UP for all; what a node
    evicted comes back with a sweep, of which nothing here is known."""

    def __init__(self, faults, nodes, end):
        self._lost = [
            [(f["begin"], f["up"]) for f in faults if f["loses_memory"] and node in f["nodes"]]
            + [(f["begin"], end) for f in faults if f.get("forgets") and node in f["nodes"]]
            for node in range(nodes)]
        self._any = [Intervals(spans) for spans in self._lost]
        self._forgets = [
            Intervals((f["begin"], end) for f in faults
                      if f.get("forgets") and node in f["nodes"]) for node in range(nodes)]

    def lost(self, nodes, begin, end):
        """Whether one of them lacked something meanwhile."""
        return any(self._any[node].touches(begin, end) for node in nodes)

    def evicted(self, nodes, begin, end):
        return any(self._forgets[node].touches(begin, end) for node in nodes)

    def most_lost(self, nodes, begin, end):
        """How many of them lacked something at one and the same time, at most."""
        touched = [node for node in nodes if self._any[node].touches(begin, end)]
        if len(touched) < 2:
            return len(touched)
        moments = [begin] + [b for node in touched for b, _ in self._any[node] if begin < b <= end]
        return max(sum(self._any[node].touches(at, at) for node in touched) for at in moments)
