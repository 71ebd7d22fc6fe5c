"""Redis servers, coordinators, the proxies between them, and gateways, for one round."""

import time

from harness.kache import KacheGateway
from harness.proxy import Proxy
from kit.cluster.coordinator import Coordinator
from kit.cluster.nodes import NODE_NAMES
from kit.cluster.redis_node import RedisNode
from kit.cluster.stalls import StallWatch
from kit.cluster.watcher import Watcher

_GATEWAY_SETTINGS = {"GATEWAY_THREADS": 1, "REQUEST_TIMEOUT_MS": 1000}


class Cluster:
    """As a scenario says: kit/scenario.py."""

    def __init__(self, folder, scenario, binary=None):
        self.folder = folder
        self.scenario = scenario
        self.names = NODE_NAMES[:scenario.nodes]
        self.settings = scenario.settings()
        processes = folder / "processes"
        processes.mkdir()
        self.redis = [RedisNode(name, processes, scenario.max_memory_bytes, clock_ms)
                      for name, clock_ms in zip(self.names, scenario.node_clocks_ms)]
        count = range(scenario.coordinators)
        self.proxies = [Proxy(f"proxy-{i}", self.redis, processes) for i in count]
        self.coordinators = [
            Coordinator(i, self.names, self.proxies[i], self.settings, processes, binary,
                        scenario.coordinator_clocks_ms[i])
            for i in count
        ]
        # All of them behind each gateway, each time another one first.
        self.gateways = [
            KacheGateway([self.addresses[(i + first) % len(count)] for i in count],
                         _GATEWAY_SETTINGS, f"kache-gateway-{first}", processes)
            for first in range(scenario.gateways)
        ]
        self.watcher = self._stalls = None

    @property
    def addresses(self):
        return [coordinator.address for coordinator in self.coordinators]

    @property
    def ping_seconds(self):
        return self.settings["PING_INTERVAL_SECONDS"]

    def start(self):
        for process in (*self.redis, *self.proxies, *self.coordinators, *self.gateways):
            process.start()
        for coordinator in self.coordinators:
            coordinator.wait_up()
        for gateway in self.gateways:
            gateway.wait_ready()
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
            if process.clock:
                process.clock.heal()
            if not process.running:
                process.start()
        for redis in self.redis:
            redis.accept_writes()

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
        for process in (*self.gateways, *self.coordinators, *self.proxies, *self.redis):
            process.thaw() if process.running else None
            process.kill()

    def check_logs(self):
        """AssertionError when a sanitizer reported something."""
        for process in (*self.coordinators, *self.gateways):
            process.check_log()
