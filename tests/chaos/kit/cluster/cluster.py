"""Redis servers, coordinators and the proxies between them, for one round."""

import time

from kit.cluster.coordinator import Coordinator
from kit.cluster.nodes import NODE_NAMES
from harness.proxy import Proxy
from kit.cluster.redis_node import RedisNode
from kit.cluster.stalls import StallWatch
from kit.cluster.watcher import Watcher


class Cluster:
    def __init__(self, folder, coordinators, settings, binary=None):
        self.folder = folder
        self.names = NODE_NAMES
        self.settings = settings
        processes = folder / "processes"
        processes.mkdir()
        self.redis = [RedisNode(name, processes) for name in self.names]
        self.proxies = [Proxy(f"proxy-{i}", self.redis, processes) for i in range(coordinators)]
        self.coordinators = [
            Coordinator(i, self.names, proxy, settings, processes, binary)
            for i, proxy in enumerate(self.proxies)
        ]
        self.watcher = self._stalls = None

    @property
    def addresses(self):
        return [coordinator.address for coordinator in self.coordinators]

    @property
    def ping_seconds(self):
        return self.settings["PING_INTERVAL_SECONDS"]

    def start(self):
        for process in (*self.redis, *self.proxies, *self.coordinators):
            process.start()
        for coordinator in self.coordinators:
            coordinator.wait_up()
        self.watcher = Watcher(self.folder, self.addresses).start()
        self._stalls = StallWatch(self.folder, self.redis).start()
        return self

    def heal(self):
        """Ends whatever fault there may still be."""
        for proxy in self.proxies:
            for node in range(len(self.redis)):
                proxy.heal(node)
        for process in (*self.redis, *self.coordinators):
            process.thaw()
            if not process.running:
                process.start()
        for redis in self.redis:
            redis.call("CONFIG", "SET", "maxmemory", "0")

    def wait_all_up(self, seconds):
        """Whether all nodes are UP for all coordinators, at the latest after that time."""
        begin = time.monotonic()
        since = time.monotonic_ns() // 1000
        while not self.watcher.all_up(since):
            if time.monotonic() > begin + seconds:
                return False
            time.sleep(0.05)
        return True

    def close(self):
        """Kills everything; what the processes said stays in the folder."""
        for watch in (self.watcher, self._stalls):
            if watch:
                watch.stop()
        for process in (*self.coordinators, *self.proxies, *self.redis):
            process.thaw() if process.running else None
            process.kill()

    def sanitizer_reports(self):
        for coordinator in self.coordinators:
            coordinator.check_log()
