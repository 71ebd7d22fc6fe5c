"""What a fault is. strike() and heal() run on the main thread; they may be generators that yield
while they wait, so that two slots of the nemesis go on side by side."""

import inspect

NODE, COORDINATOR, LOAD = "node", "coordinator", "load"


class Fault:
    NAME = ""
    TARGET = NODE
    # The node loses what it held, or some of it: one such fault at a time.
    LOSES_MEMORY = False
    # No connection breaks, so coordinators notice at their next ping only.
    UNSEEN = False
    # Between struck and healing nothing that the node says reaches any of the fault's coordinators.
    SILENCES = False
    # The node may drop single records, and does not know it: eviction.
    FORGETS = False
    SECONDS = (1.5, 6.0)  # how long it lasts

    def __init__(self, cluster, rng, target):
        self.cluster = cluster
        self.rng = rng
        self.target = target
        # Whom it concerns: node numbers, and the coordinators that can see it, or are it.
        self.nodes = [target] if self.TARGET == NODE else []
        self.coordinators = list(range(len(cluster.coordinators)))
        if self.TARGET == COORDINATOR:
            self.coordinators = [target]
        self.gateways = []
        self.detail = ""
        # How far the clocks of the fault's nodes, or of its coordinators, are off; and by how much
        # cluster time may be off for that.
        self.skew_ms = 0
        self.cluster_skew_ms = 0

    @property
    def redis(self):
        return self.cluster.redis[self.target]

    @property
    def coordinator(self):
        return self.cluster.coordinators[self.target]

    def strike(self):
        raise NotImplementedError

    def heal(self):
        pass


def steps_of(result):
    """strike() and heal() as generators, whether they are or not."""
    if inspect.isgenerator(result):
        yield from result
