"""Requests that a Redis server's own limits do not allow: each fails alone, and for good."""

import threading
import unittest

from harness.case import SystemCase
from harness.exposition import parse
from harness.rest import key_path
from harness.waiting import wait_until

_LARGE = 1 << 20  # MAX_VALUE_BYTES; the record has a header more


class NodeLimitsCase(SystemCase):
    def changes(self):
        """How often a node's state has changed, as the server counts."""
        return self.system.server.tail(100000).count("node state changed")

    def play_beside_others(self, act):
        """Others read all the while that `act` runs: none of them fails, no node is judged."""
        for i in range(20):
            self.assertEqual(self.rest.put_raw(f"small-{i}", b"v").status, 200)
        before = self.states(), self.changes()
        done, statuses = threading.Event(), []

        def read():
            rest = self.system.rest()
            while not done.is_set():
                statuses.append(rest.get(f"small-{len(statuses) % 20}").status)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            act()
        finally:
            done.set()
            reader.join()
        self.assertEqual(set(statuses), {200})
        self.assertEqual((self.states(), self.changes()), before)

    def states(self):
        nodes = self.rest.request("GET", "/status").json()["nodes"]
        return [(node["state"], node["reason"]) for node in nodes]

    def assert_refused(self, answer, setting):
        self.assert_error(answer, 413, "NODE_LIMIT")
        self.assertIn(setting, answer.json()["error"]["message"])


class LargeWritesTest(NodeLimitsCase):
    # A busy machine takes longer than a try may take by default.
    SYSTEM = {"redis_options": ("--proto-max-bulk-len", "1mb"),
              "server_settings": {"TRY_TIMEOUT_MS": 5000}}

    def test_a_write_that_no_node_digests_fails_alone(self):
        def act():
            for i in range(20):
                self.assert_refused(self.rest.put_raw(f"large-{i}", b"x" * _LARGE),
                                    "proto-max-bulk-len")

        self.play_beside_others(act)
        self.assertEqual(self.rest.put_raw("fits", b"x" * (_LARGE - 1000)).status, 200)
        for consistency in ("quorum", "all"):
            answer = self.rest.put_raw("large", b"x" * _LARGE, f"?consistency={consistency}")
            self.assert_refused(answer, "proto-max-bulk-len")
        self.assertEqual(self.rest.get("large").status, 404)


class LargeReadsTest(NodeLimitsCase):
    SYSTEM = {"redis_options": ("--client-output-buffer-limit", "normal 1500000 0 0")}

    def test_a_read_that_no_node_answers_fails_alone(self):
        # Beyond the limit, as only several such answers at once are.
        keys = [f"large-{i}" for i in range(8)]
        for key in keys:
            self.assertEqual(self.rest.put_raw(key, b"x" * _LARGE).status, 200)

        def act():
            for _ in range(3):
                answer = self.rest.post("batchGet", {"keys": keys})
                self.assertEqual(answer.status, 200)
                for result in answer.json()["results"]:
                    self.assertEqual(len(result.get("value", "")), _LARGE, result.get("error"))

        self.play_beside_others(act)

    def test_a_value_beyond_the_limit(self):
        for redis in self.system.redis:
            redis.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0")
        self.assertEqual(self.rest.put_raw("beyond", b"x" * _LARGE).status, 200)
        self.settled_digests()
        for redis in self.system.redis:
            redis.call("CONFIG", "SET", "client-output-buffer-limit", "normal 500000 0 0")

        def act():
            for _ in range(5):
                self.assert_refused(self.rest.get("beyond"), "client-output-buffer-limit")
                answer = self.rest.request("GET", key_path("beyond") + "?consistency=quorum")
                self.assert_refused(answer, "client-output-buffer-limit")

        self.play_beside_others(act)

    def test_a_node_that_comes_back_empty_is_whole_again_without_it(self):
        self.addCleanup(self.set_output_limit, 1_500_000)
        self.set_output_limit(0)
        keys = [f"refilled-{i}" for i in range(50)]
        for key in keys:
            self.assertEqual(self.rest.put_raw(key, b"x" * 100_000).status, 200)
        for i in range(5):
            self.assertEqual(self.rest.put_raw(f"too-large-{i}", b"x" * _LARGE).status, 200)
        self.settled_digests()
        self.set_output_limit(500_000)
        emptied = self.system.redis[0]
        emptied.kill()
        wait_until(lambda: self.system.server.nodes_up() == 3, "it is noticed")
        emptied.start()
        self.set_output_limit(500_000)
        self.system.server.wait_up()
        # It holds what the others can answer.
        self.assertGreater(emptied.call("DBSIZE"), len(keys) // 2)
        for key in keys:
            self.assertEqual(self.rest.get(key).status, 200)
        metrics = parse(self.system.server.metrics())
        self.assertGreater(metrics.total("kache_recovery_keys_left_out_total"), 0)

    def set_output_limit(self, size):
        for redis in self.system.redis:
            redis.call("CONFIG", "SET", "client-output-buffer-limit", f"normal {size} 0 0")


class OneNodesLimitTest(NodeLimitsCase):
    """One node takes less than the others."""

    def test_what_was_acknowledged_is_read(self):
        small = self.system.redis[0]
        small.call("CONFIG", "SET", "proto-max-bulk-len", "1048576")
        keys = [f"large-{i}" for i in range(8)]
        for key in keys:
            self.assertEqual(self.rest.put_raw(key, b"x" * _LARGE).status, 200)
        metric = "kache_recovery_keys_left_out_total"
        wait_until(lambda: parse(self.system.server.metrics()).total(metric) > 0, "a resync")
        for key in keys:
            self.assertEqual(self.rest.get(key).status, 200)
        # The node is whole once it takes them.
        small.call("CONFIG", "SET", "proto-max-bulk-len", "536870912")
        self.system.server.wait_up()
        for key in keys:
            self.assertEqual(self.rest.get(key).status, 200)


if __name__ == "__main__":
    unittest.main()
