"""A Redis server that can be brought back empty or with what it held earlier, whose memory may be
limited, and whose clock may be wrong."""

import shutil

from harness.redis_server import RedisServer
from kit.cluster.wrong_clock import wrong_clock

EVICTION_POLICY = "allkeys-lru"


class RedisNode(RedisServer):
    """`max_memory_bytes`: beyond it records are evicted; 0 = no limit. `clock_ms`: how far its wall
    clock is ahead; None = it is the machine's, and can't be set."""

    def __init__(self, name, folder, max_memory_bytes=0, clock_ms=None):
        self._rdb = folder / f"{name}.rdb"
        self._snapshot = folder / f"{name}.snapshot.rdb"
        self._max_memory_bytes = max_memory_bytes
        super().__init__(name, folder=folder, options=("--dbfilename", self._rdb.name))
        self.clock = wrong_clock(self, clock_ms)

    def start(self):
        super().start()
        self.accept_writes()
        return self

    def take_snapshot(self):
        connection = self.connect(timeout=60)
        connection.call("SAVE")
        connection.close()
        self._rdb.rename(self._snapshot)

    @property
    def has_snapshot(self):
        return self._snapshot.exists()

    def start_from_snapshot(self):
        shutil.copyfile(self._snapshot, self._rdb)
        try:
            return self.start()
        finally:
            self._rdb.unlink()

    def refuse_writes(self):
        """As a node that is out of memory and may not evict."""
        self._set(("maxmemory-policy", "noeviction"), ("maxmemory", 1))

    def accept_writes(self):
        """In this order: a node that may evict must never have the limit of one that refuses."""
        self._set(("maxmemory", self._max_memory_bytes), ("maxmemory-policy", EVICTION_POLICY))

    def evicted_keys(self):
        fields = dict(line.split(":", 1) for line in self.call("INFO", "stats").decode().split("\r\n")
                      if ":" in line)
        return int(fields["evicted_keys"])

    def _set(self, *settings):
        connection = self.connect()
        for name, value in settings:
            connection.call("CONFIG", "SET", name, value)
        connection.close()
