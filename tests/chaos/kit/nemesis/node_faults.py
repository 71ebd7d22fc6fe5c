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

    def __init__(self, cluster, rng, target):
        super().__init__(cluster, rng, target)
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

    def __init__(self, cluster, rng, target):
        super().__init__(cluster, rng, target)
        self.coordinators = list(range(len(cluster.coordinators)))


class Refuse(Fault):
    """Out of memory: it answers reads and refuses writes."""
    NAME = "refuse"

    def strike(self):
        connection = self.redis.connect()
        connection.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
        connection.call("CONFIG", "SET", "maxmemory", "1")
        connection.close()

    def heal(self):
        self.redis.call("CONFIG", "SET", "maxmemory", "0")
