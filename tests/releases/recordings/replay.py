"""A recording brought to life: real nodes that hold it, as if it had been taken this moment."""

import contextlib
import json
import pathlib
import socket
import threading
import time

from harness import exposition, node_ids, paths
from harness.grpc_client import KacheClient
from harness.kache import KacheServer
from harness.waiting import wait_until
from recordings import snapshot
from recordings.stage import Node

_HEARTBEATS = "kache:m:coordinators"


class Replay:
    """`folder` has the recordings; processes write to `scratch`. `binary`: the kache-server."""

    def __init__(self, folder, scene, scratch, binary=paths.SERVER):
        recording = json.loads((folder / f"{scene}.json").read_text())
        self.settings = recording["settings"]
        self.told = {snapshot.key_of(key): told for key, told in recording["told"].items()}
        self.nodes = {name: Node(name, pathlib.Path(scratch)) for name in recording["nodes"]}
        self._recorded = {name: keys for name, keys in recording["nodes"].items() if keys is not None}
        for name in self._recorded:
            self.nodes[name].start()
        run_ids = {name: self.nodes[name].run_id() for name in self._recorded}
        self.now_ms = round(time.time() * 1000)
        for name, keys in self._recorded.items():
            snapshot.put_back(self.nodes[name], keys, self.now_ms, run_ids)
        urls = [f"{name}={node.url}" for name, node in self.nodes.items()]
        self.server = KacheServer(urls, self.settings, folder=scratch)
        self.server.command = [str(binary)]
        self.client = None
        self.pb = KacheClient.pb
        self._heartbeats = None

    def close(self):
        self.end_heartbeats()
        if self.client:
            self.client.close()
        for process in (self.server, *self.nodes.values()):
            process.kill()

    # The coordinators of the recording.

    def coordinators(self):
        return {field for keys in self._recorded.values()
                for field in keys.get(_HEARTBEATS, {}).get("fields", {})}

    def keep_heartbeats(self):
        """They live: their heartbeats are as fresh as the recording had them."""
        self._heartbeats = _Heartbeats(self.nodes[name] for name in self._recorded)

    def settle(self, name, sync):
        """They say that their writes to that node, begun before its fence, have ended."""
        self._heartbeats.settled[self.nodes[name]] = sync

    def end_heartbeats(self):
        if self._heartbeats:
            self._heartbeats.end()
            self._heartbeats = None

    # The answers of the server.

    def node(self, name):
        return next(node for node in self.client.status().nodes if node.name == name)

    def state(self, name):
        return self.pb.NodeState.Name(self.node(name).state).removeprefix("NODE_STATE_")

    def start_server(self, **settings):
        """Until it listens."""
        self.server.settings.update(settings)
        self.server.start()
        wait_until(lambda: socket.create_connection(("127.0.0.1", self.server.port)).close() is None,
                   "the server listens")
        self.client = KacheClient(self.server.address)

    def wait_serving(self):
        serving = self.client.health_pb.HealthCheckResponse.SERVING
        wait_until(lambda: self.client.check() == serving, "the server is SERVING", 30)

    def metric(self, name, **labels):
        return exposition.parse(self.server.metrics()).total(name, **labels)

    def marker(self, name):
        return self.nodes[name].call("GET", "kache:m:marker").decode()

    def copies(self, key):
        """{node's name: its record or None}, home replicas first, of nodes that run; and how many are
        home replicas."""
        named = {node_ids.node_id_of(name): name for name in self.nodes}
        order = [named[node] for node in node_ids.placement_of(
            key, list(self.nodes), self.settings["VNODES_PER_NODE"])]
        return {name: self.nodes[name].call("GET", b"kache:d:" + key) for name in order
                if self.nodes[name].running}, self.settings["REPLICATION_FACTOR"]


class _Heartbeats:
    """On all nodes that carry a marker and where a coordinator has left one, until end()."""

    def __init__(self, nodes):
        self.settled = {}  # node -> sync
        self._stopping = threading.Event()
        self._beats = [(node, dict(_pairs(node))) for node in nodes]
        self._beat()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        while not self._stopping.wait(0.2):
            self._beat()

    def _beat(self):
        for node, beats in self._beats:
            with contextlib.suppress(OSError):  # it is being started again
                if not node.call("EXISTS", "kache:m:marker"):
                    continue
                for coordinator, beat in beats.items():
                    _, interval, settled = beat.split(" ")
                    node.call("HSET", _HEARTBEATS, coordinator, f"{round(time.time() * 1000)} "
                              f"{interval} {self.settled.get(node, settled)}")


def _pairs(node):
    flat = [part.decode() for part in node.call("HGETALL", _HEARTBEATS)]
    return zip(flat[::2], flat[1::2])
