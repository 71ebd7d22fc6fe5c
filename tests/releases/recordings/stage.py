"""Nodes and coordinators of one release, for a scene, and the state that callers were told of."""

import time

from harness.grpc_client import KacheClient
from harness.kache import KacheServer
from harness.redis_server import RedisServer
from harness.waiting import wait_until
from recordings import snapshot

NAMES = ("cache-a", "cache-b", "cache-c", "cache-d")
ONE, QUORUM, ALL = 1, 2, 3


class Node(RedisServer):
    """A node that starts again is empty, unless it has saved its contents."""

    def __init__(self, name, folder):
        super().__init__(name, folder=folder, options=("--dbfilename", f"{name}.rdb"))

    def run_id(self):
        lines = self.call("INFO", "server").decode().split("\r\n")
        return next(line for line in lines if line.startswith("run_id:")).split(":")[1]

    def save(self):
        self.call("SAVE")

    def refuse_writes(self):
        """As a node that is out of memory."""
        self.call("CONFIG", "SET", "maxmemory", 1)

    def accept_writes(self):
        self.call("CONFIG", "SET", "maxmemory", 0)


class Stage:
    """`binary`: the kache-server of the release."""

    def __init__(self, binary, folder):
        self._binary = binary
        self._folder = folder
        self.nodes = {name: Node(name, folder) for name in NAMES}
        self.settings = {"REPLICATION_FACTOR": 3, "VNODES_PER_NODE": 100}
        self.coordinators = []
        self.told = {}  # key -> (value, instant of its end in ms) as acknowledged last; None = deleted
        self.server_version = None
        self._client = None
        for node in self.nodes.values():
            node.start()

    def close(self):
        for process in (*self.coordinators, *self.nodes.values()):
            process.thaw()
            process.kill()

    def start_coordinator(self, up=len(NAMES), **settings):
        """The calls below go to the one that was started last."""
        urls = [f"{name}={node.url}" for name, node in self.nodes.items()]
        coordinator = KacheServer(urls, {**self.settings, **settings},
                                  f"kache-server-{len(self.coordinators)}", self._folder)
        coordinator.command = [str(self._binary)]
        self.coordinators.append(coordinator.start())
        coordinator.wait_up(up)
        self._client = KacheClient(coordinator.address)
        self.server_version = self._client.status().server_version
        return coordinator

    def put(self, key, value, ttl_ms=0, level=ALL):
        receipt = self._client.put(key, value, ttl_ms, level).receipt
        self.told[key] = (value, receipt.expires_at_unix_ms)

    def delete(self, key, level=ALL):
        self._client.delete(key, level)
        self.told[key] = None

    def declare_lost(self, name):
        self._client.stub.ForsakeNode(self._client.pb.ForsakeNodeRequest(name=name), timeout=5)

    def wait_state(self, name, state, waiting_for=""):
        """Until the coordinator calls the node `state`, and its resync waits for a node of that name."""
        wanted = self._client.pb.NodeState.Value(f"NODE_STATE_{state}")

        def is_so():
            node = next(node for node in self._client.status().nodes if node.name == name)
            return node.state == wanted and waiting_for in node.resync.waiting_for

        wait_until(is_so, f"{name} is {state} {waiting_for}")

    def read(self, name, *command):
        return self.nodes[name].call(*command)

    def still(self):
        """Nothing is written any more: coordinators that live are frozen."""
        for coordinator in self.coordinators:
            if coordinator.running:
                coordinator.freeze()
        time.sleep(0.05)  # the nodes carry out the commands in their sockets

    def recorded(self):
        """The keys of all nodes, and the state that callers were told of."""
        self.still()
        running = {name: node for name, node in self.nodes.items() if node.running}
        now_ms = round(time.time() * 1000)
        run_ids = {name: node.run_id() for name, node in running.items()}
        return {
            "settings": self.settings,
            "told": {snapshot.shown_key(key): self._told(key, now_ms) for key in sorted(self.told)},
            "nodes": {name: snapshot.take(node, now_ms, run_ids) if node.running else None
                      for name, node in self.nodes.items()},
        }

    def _told(self, key, now_ms):
        if self.told[key] is None:
            return None
        value, ends_ms = self.told[key]
        ends = {"ends": ends_ms - now_ms} if ends_ms else {}
        return snapshot.encode_value(value) | ends
