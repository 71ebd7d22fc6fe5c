"""A coordinator that lives and holds up a resync is declared lost, by kachectl on real processes."""

import threading
import unittest

from harness import paths
from harness.case import UNHURRIED
from harness.command import run
from harness.proxy import Proxy
from harness.system import System
from harness.waiting import wait_until

NAMES = ("cache-a", "cache-b", "cache-c")
QUORUM = 2
ALL = 3


class LostCoordinator(unittest.TestCase):
    """Coordinator 0 stays; coordinator 1 reaches cache-c through a proxy of its own."""

    PING_INTERVAL_SECONDS = 1

    def setUp(self):
        settings = {**UNHURRIED, "PING_INTERVAL_SECONDS": self.PING_INTERVAL_SECONDS}
        self.system = System(redis=3, servers=2, gateways=0, names=NAMES, server_settings=settings)
        self.addCleanup(self.system.close)
        self.redis = self.system.redis
        self.first, self.second = self.system.servers
        self.proxy = Proxy("proxy", self.redis, self.system.folder)
        urls = [f"{name}={redis.url}" for name, redis in zip(NAMES, self.redis)]
        self.urls = ",".join(urls)
        self.second.settings["REDIS_URLS"] = ",".join(
            [*urls[:2], f"cache-c=127.0.0.1:{self.proxy.ports[2]}"])
        for redis in self.redis:
            redis.start()
        self.proxy.start()
        self.addCleanup(self.proxy.kill)
        for server in self.system.servers:
            server.start()
        for server in self.system.servers:
            server.wait_up()
        self.grpc, self.grpc_second = self.system.grpc(0), self.system.grpc(1)
        self.lost = f"{self.grpc_second.status().coordinator:016x}"

    def state(self, client, name="cache-c"):
        node = next(node for node in client.status().nodes if node.name == name)
        return client.pb.NodeState.Name(node.state).removeprefix("NODE_STATE_"), node

    def empty_cache_c(self):
        self.redis[2].kill()
        self.redis[2].start()
        wait_until(lambda: self.state(self.grpc)[1].resync.waiting_for == f"coordinator {self.lost}",
                   "cache-c waits for the second coordinator")

    def declare_lost(self, *options, code=0, stdin=b"", settings=None):
        ended = run(paths.CTL, "coordinator", "declare-lost", self.lost, *options, stdin=stdin,
                    settings={"KACHE_SERVERS": self.first.address, "REDIS_URLS": self.urls,
                              **(settings or {})})
        self.assertEqual(ended.code, code, f"{ended.out!r}\n{ended.err}")
        return ended

    def assert_it_ends_itself(self):
        self.assertEqual(self.second.wait(60), 1)
        self.assertIn("an operator declared this coordinator lost", self.second.log)
        self.second.kill()  # forgotten by the clean-up

    def assert_all_hold(self, values):
        for key, value in values.items():
            answer = self.grpc.get(key, consistency=ALL)
            self.assertEqual((answer.found, answer.value), (value is not None, value or b""), key)


class CutOffTest(LostCoordinator):
    """The second coordinator can't reach cache-c any more, and the first can."""

    def put_through(self, client, prefix, count=50):
        values = {f"{prefix}-{i}".encode(): prefix.encode() for i in range(count)}
        for key, value in values.items():
            client.put(key, value, consistency=QUORUM)
        return values

    def test_the_resync_goes_on_without_it(self):
        values = self.put_through(self.grpc, "before")
        self.proxy.cut(2)
        wait_until(lambda: self.state(self.grpc_second)[0] == "DOWN", "cache-c is cut off")
        values |= self.put_through(self.grpc_second, "missed")
        self.empty_cache_c()

        # It lives: its heartbeats go on, so this would last for ever.
        beat = self.heartbeat()
        wait_until(lambda: self.heartbeat() > beat + 6000, "many of its heartbeats")
        self.assertEqual(self.state(self.grpc)[0], "SYNCING")

        self.assert_nothing_is_done_unasked()
        shown = self.declare_lost(stdin=b"yes\n").text
        self.assertRegex(shown, r"(?m)^cache-a .* cut off$")
        self.assertIn(f"declared lost: coordinator {self.lost}", shown)
        wait_until(lambda: self.state(self.grpc)[0] == "UP", "cache-c is UP")
        self.assert_it_ends_itself()
        self.assert_all_hold(values)
        self.assertNotIn(self.lost.encode(), self.redis[0].call("HGETALL", "kache:m:heartbeats"))
        # A new process takes its place.
        self.proxy.heal(2)
        self.second.start().wait_up()
        self.assertNotEqual(f"{self.grpc_second.status().coordinator:016x}", self.lost)

    def heartbeat(self):
        beat = self.redis[0].call("HGET", "kache:m:heartbeats", self.lost)
        return int(beat.split()[1])

    def assert_nothing_is_done_unasked(self):
        shown = self.declare_lost(stdin=b"no\n", code=1)
        self.assertRegex(shown.text, r"(?m)^cache-b .* to be cut off$")
        self.assertIn("nothing was done", shown.err)
        document = self.declare_lost("--json").json()
        self.assertFalse(document["declaredLost"])
        self.assertGreater(document["nodes"][0]["connections"], 0)
        self.assertEqual(document["nodes"][2]["connections"], 0)
        two_away = self.urls.replace(self.redis[1].url, "127.0.0.1:1").replace(
            self.redis[2].url, "127.0.0.1:1")
        refused = self.declare_lost("--yes", code=1, settings={"REDIS_URLS": two_away})
        self.assertIn("cache-b, cache-c are out of reach", refused.err)
        self.assertIsNone(self.redis[0].call("HGET", "kache:m:lost-coordinators", self.lost))
        self.assertTrue(self.second.running)


class FrozenTest(LostCoordinator):
    """The second coordinator stands still in the middle of writes. By its heartbeats it lives for
    minutes more."""

    PING_INTERVAL_SECONDS = 60

    def test_nothing_acknowledged_is_undone_when_it_goes_on(self):
        writers = [Writer(self.system.grpc(1), number) for number in range(4)]
        for writer in writers:
            writer.start()
        wait_until(lambda: all(len(writer.acknowledged) > 20 for writer in writers), "writes")
        self.second.freeze()
        self.empty_cache_c()
        document = self.declare_lost("--yes", "--json").json()
        self.assertTrue(document["declaredLost"])
        self.assertTrue(all(node["cutOff"] for node in document["nodes"]), document)
        wait_until(lambda: self.state(self.grpc)[0] == "UP", "cache-c is UP")

        values = {}
        for writer in writers:  # in turn overwritten, deleted, and left
            for i, (key, value) in enumerate(sorted(writer.acknowledged.items())):
                values[key] = (b"later", None, value)[i % 3]
                if i % 3 == 0:
                    self.grpc.put(key, b"later", consistency=ALL)
                elif i % 3 == 1:
                    self.grpc.delete(key, consistency=ALL)
        self.second.thaw()
        self.assert_it_ends_itself()
        for writer in writers:
            writer.join(60)
            self.assertFalse(writer.is_alive())
            for key, value in writer.acknowledged.items():
                values.setdefault(key, value)
        self.assert_all_hold(values)


class Writer(threading.Thread):
    """Writes keys of its own, one after another, until one fails."""

    def __init__(self, client, number):
        super().__init__(daemon=True)
        self._client = client
        self._client.timeout = 120
        self._number = number
        self.acknowledged = {}

    def run(self):
        for i in range(10**6):
            key, value = f"writer-{self._number}-{i:06}".encode(), str(i).encode()
            try:
                self._client.put(key, value, consistency=QUORUM)
            except Exception:  # noqa: BLE001 - nobody was told that it was written
                return
            self.acknowledged[key] = value


if __name__ == "__main__":
    unittest.main()
