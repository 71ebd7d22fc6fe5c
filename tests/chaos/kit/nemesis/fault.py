"""What a fault is. strike() and heal() run on the main thread; they may be generators that yield
while they wait, so that two slots of the nemesis go on side by side."""

import inspect

NODE, COORDINATOR, LOAD = "node", "coordinator", "load"


class Fault:
    NAME = ""
    TARGET = NODE
    TARGETS = 1  # how many of them it takes
    # The node loses what it held, or some of it: one such fault at a time.
    LOSES_MEMORY = False
    # No connection breaks, so coordinators notice at their next ping only.
    UNSEEN = False
    # Between struck and healing nothing that the node says reaches any of the fault's coordinators.
    SILENCES = False
    # The node may drop single records, and does not know it: eviction.
    FORGETS = False
    # Not beside another fault of its kind of target.
    ALONE = False
    SECONDS = (1.5, 6.0)  # how long it lasts

    @classmethod
    def fits(cls, scenario):
        """Whether it can be staged on what the round is played on."""
        return scenario.nodes >= cls.TARGETS if cls.TARGET == NODE else True

    @classmethod
    def seconds(cls, _scenario):
        """The shortest and the longest time that it lasts."""
        return cls.SECONDS

    def __init__(self, cluster, rng, *targets):
        self.cluster = cluster
        self.rng = rng
        self.targets = targets
        # Whom it concerns: node numbers, and the coordinators that can see it, or are it.
        self.nodes = list(targets) if self.TARGET == NODE else []
        self.coordinators = list(range(len(cluster.coordinators)))
        if self.TARGET == COORDINATOR:
            self.coordinators = list(targets)
        self.gateways = []
        self.detail = ""
        # How far the clocks of the fault's nodes, or of its coordinators, are off; and by how much
        # cluster time may be off for that.
        self.skew_ms = 0
        self.cluster_skew_ms = 0

    @property
    def target(self):
        return self.targets[0]

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
