"""Lives run in cluster time, the median of the nodes' clocks: a wrong clock loses no write, and makes
no life longer or shorter."""

import time
import unittest

from harness.case import SystemCase
from harness.clocks import ShiftedClock
from harness.system import System
from harness.waiting import wait_until

KEYS = 50


class ClockCase(SystemCase):
    # How far the clocks of redis[0] and of the coordinator are ahead.
    NODE_AHEAD = 0
    COORDINATOR_AHEAD = 0
    UP = 4

    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.node_clock = ShiftedClock(cls.system.folder, cls.NODE_AHEAD, "node-clock")
        cls.system.redis[0].settings.update(cls.node_clock.settings)
        if cls.COORDINATOR_AHEAD:
            clock = ShiftedClock(cls.system.folder, cls.COORDINATOR_AHEAD, "coordinator-clock")
            cls.system.server.settings.update(clock.settings)
        for process in reversed(cls.system.processes):
            process.start()
        cls.addClassCleanup(cls.system.close)
        cls.system.server.wait_up(cls.UP)
        cls.system.gateway.wait_ready()
        cls.rest = cls.system.rest()
        cls.grpc = cls.system.grpc()

    def node(self):
        name = self.system.redis[0].url
        return next(node for node in self.grpc.status().nodes if node.name == name)

    def check_that_nothing_acknowledged_is_missed(self):
        for level in ("one", "quorum"):
            for i in range(KEYS):
                key = self.key(f"-{level}-{i}")
                put = self.rest.put_json(key, {"value": "v", "ttl": 60}, f"?consistency={level}")
                self.assertEqual(put.status, 200, put.body)
                for asked in ("one", "quorum"):
                    self.assertEqual(self.rest.get(key, f"?consistency={asked}").status, 200)
        self.assertEqual(self.rest.put_raw(self.key(), b"for ever").status, 200)
        self.assertEqual(self.rest.get(self.key()).status, 200)

    def check_that_a_life_of_2_s_lives_2_s(self):
        keys = [self.key(f"-{i}") for i in range(20)]
        begun, written = {}, {}
        for key in keys:
            begun[key] = time.monotonic()
            put = self.rest.put_json(key, {"value": "v", "ttl": 2})
            self.assertEqual(put.status, 200, put.body)
            written[key] = time.monotonic()
        left = set(keys)
        while left:
            for key in list(left):
                asked = time.monotonic()
                if self.rest.get(key).status == 200:
                    self.assertLess(asked - written[key], 2.1, "lives too long")
                else:
                    self.assertGreater(time.monotonic() - begun[key], 1.9, "ended too early")
                    left.remove(key)


class NodeFarAheadTest(ClockCase):
    NODE_AHEAD = 600
    UP = 3

    def test_the_node_is_not_used_and_the_reason_is_named(self):
        node = wait_until(lambda: self.node() if self.node().reason == "clock_skew" else None,
                          "the node's clock is found wrong")
        self.assertEqual(node.state, self.grpc.pb.NODE_STATE_DOWN)
        self.assertAlmostEqual(node.clock_offset_ms, 600_000, delta=1000)
        self.assertIn("clock_skew", self.system.server.log)
        shown = next(n for n in self.rest.request("GET", "/status").json()["nodes"]
                     if n["name"] == self.system.redis[0].url)
        self.assertEqual((shown["state"], shown["reason"]), ("DOWN", "clock_skew"))
        self.assertAlmostEqual(shown["clockOffsetMs"], 600_000, delta=1000)

    def test_nothing_acknowledged_is_missed(self):
        self.check_that_nothing_acknowledged_is_missed()

    def test_a_life_of_2_s_lives_2_s(self):
        self.check_that_a_life_of_2_s_lives_2_s()


class NodeAheadTest(ClockCase):
    NODE_AHEAD = 3

    def test_the_node_is_used(self):
        self.assertEqual(self.node().state, self.grpc.pb.NODE_STATE_UP)
        self.assertAlmostEqual(self.node().clock_offset_ms, 3000, delta=200)

    def test_nothing_acknowledged_is_missed(self):
        self.check_that_nothing_acknowledged_is_missed()

    def test_a_life_of_2_s_lives_2_s(self):
        self.check_that_a_life_of_2_s_lives_2_s()


class NodeThatRanAheadTest(ClockCase):
    """While its clock was ahead, the node ended lives that are not over."""

    def test_it_is_not_read_before_it_has_them_again(self):
        keys = [self.key(f"-{i}") for i in range(40)]
        for key in keys:
            put = self.rest.put_json(key, {"value": "v", "ttl": 1800}, "?consistency=all")
            self.assertEqual(put.status, 200, put.body)
        self.node_clock.set(3600)
        wait_until(lambda: self.node().reason == "clock_skew", "the clock is found wrong")
        self.node_clock.set(0)
        self.system.server.wait_up()
        for key in keys:
            self.assertEqual(self.rest.get(key).status, 200, key)


class CoordinatorBehindTest(ClockCase):
    COORDINATOR_AHEAD = -6

    def test_nothing_acknowledged_is_missed(self):
        self.check_that_nothing_acknowledged_is_missed()

    def test_a_write_at_all_is_stored(self):
        put = self.rest.put_json(self.key(), {"value": "v", "ttl": 5}, "?consistency=all")
        self.assertEqual(put.status, 200)
        self.assertEqual(put.json()["acknowledged"], 3)
        self.assertEqual(self.rest.get(self.key(), "?consistency=all").status, 200)

    def test_a_life_of_2_s_lives_2_s(self):
        self.check_that_a_life_of_2_s_lives_2_s()

    def test_a_coordinator_tells_cluster_time(self):
        told = self.grpc.status().cluster_time_unix_ms
        self.assertAlmostEqual(told / 1000, time.time(), delta=0.5)


class CoordinatorFarBehindTest(CoordinatorBehindTest):
    COORDINATOR_AHEAD = -600


if __name__ == "__main__":
    unittest.main()
