"""What happens to Redis servers."""

from kit.nemesis.fault import Fault


class Kill(Fault):
    """kill -9, away for a while, back empty."""
    NAME = "kill"
    LOSES_MEMORY = True
    SILENCES = True

    def strike(self):
        self.redis.kill()

    def heal(self):
        self.redis.start()


class RestartEmpty(Kill):
    """Killed and back, empty, before anybody pings."""
    NAME = "restart_empty"
    SECONDS = (0.0, 0.1)


class OldRdb(Fault):
    """Killed and back with what a snapshot held, mostly within one ping interval."""
    NAME = "old_rdb"
    LOSES_MEMORY = True
    SILENCES = True
    SECONDS = (0.0, 1.2)

    def strike(self):
        self.redis.kill()

    def heal(self):
        self.redis.start_from_snapshot()


class FlushAll(Fault):
    NAME = "flushall"
    LOSES_MEMORY = True
    UNSEEN = True
    SECONDS = (0.0, 0.1)

    def strike(self):
        self.redis.call("FLUSHALL")


class Freeze(Fault):
    NAME = "freeze"
    SILENCES = True
    SECONDS = (0.3, 6.0)

    def strike(self):
        self.redis.freeze()

    def heal(self):
        self.redis.thaw()


class Slow(Fault):
    """The network to the node takes its time, for all coordinators."""
    NAME = "slow"

    def strike(self):
        delay = self.rng.choice((5, 20, 60, 120, 300))
        self.detail = f"{delay} ms each way"
        for proxy in self.cluster.proxies:
            proxy.delay(self.target, delay)

    def heal(self):
        for proxy in self.cluster.proxies:
            proxy.heal(self.target)


class CutOne(Fault):
    """One coordinator alone loses sight of the node."""
    NAME = "cut_one"
    SILENCES = True
    SECONDS = (0.3, 8.0)

    def __init__(self, cluster, rng, *targets):
        super().__init__(cluster, rng, *targets)
        self.coordinators = [rng.randrange(len(cluster.coordinators))]

    def strike(self):
        silently = self.rng.random() < 0.6
        self.detail = "silent" if silently else "reset"
        for i in self.coordinators:
            proxy = self.cluster.proxies[i]
            proxy.cut(self.target) if silently else proxy.reset(self.target)

    def heal(self):
        for i in self.coordinators:
            self.cluster.proxies[i].heal(self.target)


class CutAll(CutOne):
    NAME = "cut_all"

    def __init__(self, cluster, rng, *targets):
        super().__init__(cluster, rng, *targets)
        self.coordinators = list(range(len(cluster.coordinators)))


class Refuse(Fault):
    """Out of memory: it answers reads and refuses writes."""
    NAME = "refuse"

    def strike(self):
        self.redis.refuse_writes()

    def heal(self):
        self.redis.accept_writes()


class CutOneWay(CutOne):
    """Commands do not arrive, or replies do not, between the node and one coordinator, or all."""
    NAME = "cut_one_way"

    def __init__(self, cluster, rng, *targets):
        super().__init__(cluster, rng, *targets)
        if rng.random() < 0.4:
            self.coordinators = list(range(len(cluster.coordinators)))
        self._way = rng.choice(("commands", "replies"))
        self.SILENCES = self._way == "replies"  # what came before the cut is still answered
        self.detail = f"{self._way}, for {len(self.coordinators)} coordinators"

    def strike(self):
        for i in self.coordinators:
            self.cluster.proxies[i].cut(self.target, self._way)


class LongAbsence(Freeze):
    """Away for longer than a tombstone lives."""
    NAME = "long_absence"

    @classmethod
    def fits(cls, scenario):
        return scenario.has_short_tombstones and super().fits(scenario)

    @classmethod
    def seconds(cls, scenario):
        return scenario.tombstone_ttl_seconds + 1.0, scenario.tombstone_ttl_seconds + 5.0


class LongAbsenceOfTwo(LongAbsence):
    """Both at a time."""
    NAME = "long_absence_of_two"
    TARGETS = 2

    @classmethod
    def fits(cls, scenario):
        """Coordinators that see a minority of the nodes have their own clocks alone."""
        away = 3 if scenario.mixed else 2
        return super().fits(scenario) and (
            not scenario.has_own_clocks or scenario.nodes > 2 * away)

    def strike(self):
        for node in self.targets:
            self.cluster.redis[node].freeze()

    def heal(self):
        for node in self.targets:
            self.cluster.redis[node].thaw()


class NodeClock(Fault):
    """Its clock jumps, within MAX_CLOCK_SKEW_MS or beyond, and later back again. What it ended early by
    its own clock is lost, and nobody is told before the next inspection."""
    NAME = "node_clock"
    LOSES_MEMORY = True
    UNSEEN = True
    ALONE = True

    @classmethod
    def fits(cls, scenario):
        """Cluster time is right as long as most clocks are."""
        return scenario.has_own_clocks and scenario.nodes >= 3

    def strike(self):
        part = self.rng.choice((-4.0, -0.8, -0.4, 0.4, 0.8, 4.0, 400.0))
        jump_ms = round(part * self.cluster.scenario.max_clock_skew_ms)
        self.detail = f"{jump_ms:+} ms"
        self.skew_ms = jump_ms
        self.redis.clock.jump(jump_ms)

    def heal(self):
        self.redis.clock.heal()
