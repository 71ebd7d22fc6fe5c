"""This release serves the bookkeeping and records of the release before: README.md.

Each test puts a recording on real nodes and starts this release's kache-server on them.
KACHE_RECORDINGS and KACHE_REPLAY_SERVER name other recordings, or another kache-server.
"""

import os
import pathlib
import tempfile
import time
import unittest

import grpc
import recordings  # noqa: F401 - finds the harness
from harness import paths
from harness.waiting import wait_until
from recordings import snapshot
from recordings.replay import Replay
from recordings.stage import ALL, ONE, QUORUM

_FOLDER = pathlib.Path(os.environ.get(
    "KACHE_RECORDINGS", pathlib.Path(__file__).resolve().parent / "fixtures" / "45cd15e"))
_SERVER = os.environ.get("KACHE_REPLAY_SERVER", paths.SERVER)
_LEVELS = (ONE, QUORUM, ALL)


class ReplayCase(unittest.TestCase):
    SCENE = ""
    _log = ""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="kache-replay.")
        self.addCleanup(scratch.cleanup)
        self.replay = Replay(_FOLDER, self.SCENE, scratch.name, _SERVER)
        self.addCleanup(self._end)

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(self._log)
        return result

    def _end(self):
        self._log = self.replay.server.tail(60)
        self.replay.close()

    def start(self):
        self.replay.start_server()
        self.replay.wait_serving()

    def wait_up(self, *names, seconds=30):
        """Until these nodes are UP; meanwhile reads at ONE show the state that callers were told of."""
        names = names or tuple(self.replay.nodes)
        deadline = time.monotonic() + seconds
        while any(self.replay.state(name) != "UP" for name in names):
            self.assertLess(time.monotonic(), deadline, f"not UP: {self.replay.client.status()}")
            self.assert_told(ONE)

    def assert_told(self, *levels):
        """Reads show the last acknowledged writes, with the rest of their lives."""
        for key, told in self.replay.told.items():
            for level in levels or _LEVELS:
                answer = self.replay.client.get(key, consistency=level)
                with self.subTest(key=key, level=level):
                    if told is None:
                        self.assertFalse(answer.found, answer)
                        continue
                    self.assertTrue(answer.found)
                    self.assertEqual(answer.value, snapshot.decode_value(told))
                    ends = told.get("ends")
                    self.assertEqual(answer.receipt.expires_at_unix_ms,
                                     self.replay.now_ms + ends if ends else 0)

    def assert_converged(self):
        """Without a reader, all home replicas of a living value become equal, and no other node keeps a
        copy."""
        for key in (key for key, told in self.replay.told.items() if told is not None):
            def equal():
                copies, homes = self.replay.copies(key)
                first = next(iter(copies.values()))
                return first and [*copies.values()] == [first] * homes + [None] * (len(copies) - homes)

            wait_until(equal, f"the replicas of {key} are equal", 20)

    def assert_nothing_foreign(self):
        for name in ("kache_foreign_records_read_total", "kache_newer_format_records_read_total",
                     "kache_recovery_ring_mismatch", "kache_recovery_data_losses_total"):
            self.assertEqual(self.replay.metric(name), 0, name)

    def fences(self, name):
        return self.replay.metric("kache_recovery_fences_total", node=name)

    def vanished(self):
        return self.replay.metric("kache_recovery_coordinators_vanished_total")


class WholeTest(ReplayCase):
    SCENE = "whole"

    def test_it_is_served_at_once(self):
        nodes = self.replay.nodes
        markers = {name: self.replay.marker(name) for name in nodes}
        self.start()
        for name in nodes:
            wait_until(lambda: self.replay.state(name) == "UP", f"{name} is UP", 5)
        self.assert_told()
        self.assert_nothing_foreign()
        self.assertEqual({name: self.replay.marker(name) for name in nodes}, markers)
        self.assertEqual([self.fences(name) for name in nodes], [0] * len(nodes))
        self.assertEqual(self.vanished(), 0)
        self.assert_converged()

    def test_new_writes_are_newer(self):
        self.start()
        self.wait_up()
        for i, key in enumerate(self.replay.told):
            if i % 3:
                self.replay.client.put(key, b"new", consistency=QUORUM)
            else:
                self.replay.client.delete(key, consistency=QUORUM)
            self.replay.told[key] = {"text": "new"} if i % 3 else None
        self.assert_told()

    def test_another_ring_is_refused_and_left_alone(self):
        before = {name: node.digest() for name, node in self.replay.nodes.items()}
        self.replay.start_server(VNODES_PER_NODE=50)
        wait_until(lambda: self.replay.metric("kache_recovery_ring_mismatch") == 1, "the rings differ")
        with self.assertRaises(grpc.RpcError) as refused:
            self.replay.client.put(b"plain", b"new")
        self.assertEqual(refused.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual({name: node.digest() for name, node in self.replay.nodes.items()}, before)
        self.assertIn(" 50 ", self.replay.server.log)


class LivingTest(ReplayCase):
    """A coordinator of that release lives beside this one."""
    SCENE = "living"

    def test_its_heartbeats_are_understood(self):
        coordinator, = self.replay.coordinators()
        self.replay.keep_heartbeats()
        self.start()
        self.wait_up()
        self.replay.nodes["cache-b"].kill()
        self.replay.nodes["cache-b"].start()
        wait_until(lambda: coordinator in self.replay.node("cache-b").resync.waiting_for,
                   "the resync waits until the other coordinator's writes have ended")
        end = time.monotonic() + 1
        while time.monotonic() < end:
            self.assert_told(ONE)
            self.assertEqual(self.replay.state("cache-b"), "SYNCING")
        self.replay.settle("cache-b", self.replay.marker("cache-b").split(" ")[5])
        self.wait_up()
        self.assert_told()
        self.assert_converged()
        self.assertEqual(self.vanished(), 0)
        self.replay.end_heartbeats()
        wait_until(lambda: self.vanished() >= 1, "its end is noticed", 15)
        self.assert_nothing_foreign()


class VanishedTest(ReplayCase):
    SCENE = "vanished"

    def test_all_nodes_are_swept(self):
        gone = self.replay.coordinators()
        self.start()
        self.wait_up()
        self.assert_told()
        wait_until(lambda: self.vanished() >= 1, "the end of the coordinator is noticed", 15)
        for name, node in self.replay.nodes.items():
            wait_until(lambda: int(node.call("HGET", "kache:m:sweep", "swept")) > self.replay.now_ms
                       and not node.call("HGET", "kache:m:sweep", "cursor"), f"{name} is swept", 20)
            wait_until(lambda: not gone & {field.decode() for field in node.call(
                "HKEYS", "kache:m:coordinators")}, f"{name} forgets the coordinator", 5)
            self.assertEqual(self.fences(name), 0)
        self.assert_nothing_foreign()


class MissedTest(ReplayCase):
    """The node's own marker says that it is whole."""
    SCENE = "missed"

    def test_the_node_is_not_read_before_it_has_the_missed_writes(self):
        self.replay.keep_heartbeats()
        self.start()
        wait_until(lambda: self.replay.node("cache-b").reason == "missed_writes", "the hint is read")
        self.wait_up("cache-a", "cache-c", "cache-d")
        self.assert_told(ONE, QUORUM)
        self.assertEqual(self.fences("cache-b"), 0, "its coordinator lives: it raises the fence itself")
        self.replay.end_heartbeats()
        self.wait_up()
        # Once more, as its writer left no hints: the node is compared with all others.
        self.assertEqual(self.fences("cache-b"), 2)
        self.assert_told()
        self.assert_converged()
        for name, node in self.replay.nodes.items():
            wait_until(lambda: not node.call("EXISTS", "kache:m:missed"), f"{name} forgets the hint", 5)
        self.assert_nothing_foreign()


class RestartedTest(ReplayCase):
    SCENE = "restarted"

    def test_an_older_memory_is_not_read(self):
        self.start()
        self.wait_up()
        self.assertEqual(self.fences("cache-b"), 1)
        self.assert_told()
        self.assert_converged()
        self.assert_nothing_foreign()


class ResyncingTest(ReplayCase):
    SCENE = "resyncing"

    def test_the_resync_is_taken_over(self):
        self.start()
        self.wait_up()
        self.assertEqual(self.fences("cache-b"), 0, "it is fenced already")
        self.assert_told()
        self.assert_converged()
        self.assert_nothing_foreign()


class AwayTest(ReplayCase):
    SCENE = "away"

    def test_it_comes_back_empty(self):
        self.start()
        self.wait_up("cache-a", "cache-c", "cache-d")
        self.assert_told(ONE, QUORUM)
        self.replay.nodes["cache-b"].start()
        self.wait_up()
        self.assert_told()
        self.assert_converged()
        self.assert_nothing_foreign()


class DeclaredLostTest(ReplayCase):
    SCENE = "declared_lost"

    def test_no_resync_waits_for_it(self):
        self.start()
        self.wait_up("cache-a", "cache-c", "cache-d")
        self.replay.nodes["cache-d"].kill()
        self.replay.nodes["cache-d"].start()
        wait_until(lambda: self.replay.state("cache-d") != "UP", "it is seen to be empty")
        self.wait_up("cache-a", "cache-c", "cache-d")
        self.assert_told(ONE)
        self.assert_nothing_foreign()


if __name__ == "__main__":
    unittest.main()
