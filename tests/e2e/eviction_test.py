"""Redis servers that evict keys for their memory limit: Kache's bookkeeping goes with the rest, and that is
no loss of memory."""

import concurrent.futures
import json
import os
import re
import time
import unittest

import grpc

from harness import paths
from harness.command import run
from harness.system import System
from harness.waiting import wait_until

KIB = 2**10
LIMIT = 24 * 2**20
VALUE = 256 * KIB
PER_SECOND = 100  # writes; with three copies on four nodes their memory turns over within 2 seconds
FENCES = "kache_recovery_fences_total"
RESYNCS = "kache_recovery_resyncs_total"
RESTORED = "kache_recovery_markers_restored_total"
OVERFLOWS = "kache_recovery_hint_overflows_total"


class EvictionTest(unittest.TestCase):
    def start(self, policy="allkeys-lru", settings=None, limit=LIMIT, patient=True):
        options = ("--maxmemory", limit, "--maxmemory-policy", policy)
        # Where a pause of a busy machine counted as a missed write, a resync would be due for that.
        patient = {"WRITE_TIMEOUT_MS": 20000, "REQUEST_TIMEOUT_MS": 20000} if patient else {}
        self.system = System(servers=2, gateways=0, redis_options=options,
                             server_settings={**patient, **(settings or {})}).start()
        self.addCleanup(self.system.close)
        self.clients = [self.system.grpc(i) for i in range(2)]
        for client in self.clients:
            client.timeout = 30

    def metric(self, name):
        pattern = re.compile(rf"^{name}(?:\{{.*\}})? (\S+)$", re.M)
        return sum(float(value) for server in self.system.servers
                   for value in pattern.findall(server.metrics()))

    def evicted(self):
        """By each node."""
        return [int(re.search(rb"evicted_keys:(\d+)", node.call("INFO", "stats")).group(1))
                for node in self.system.redis]

    def has_marker(self, node):
        return node.call("EXISTS", "kache:m:marker") == 1

    def all_up(self):
        return all(server.nodes_up() == len(self.system.redis) for server in self.system.servers)

    def assert_nothing_was_resynced(self):
        self.assertEqual((self.metric(FENCES), self.metric(RESYNCS)), (0, 0))

    def write(self, number, value):
        """A write, and for every fifth a QUORUM read of it by the other coordinator; the errors. Each such
        read uses the marker: with more of them it would stay."""
        key = b"key-%d" % number
        try:
            self.clients[number % 2].put(key, value)
            if number % 5 == 0:
                self.clients[1 - number % 2].get(
                    key, consistency=self.clients[0].pb.CONSISTENCY_QUORUM)
            return []
        except grpc.RpcError as error:
            return [f"{error.code()} {error.details()}"]

    def test_memory_that_turns_over_within_a_few_seconds(self):
        self.start(settings={"PING_INTERVAL_SECONDS": 3})
        value = os.urandom(VALUE)
        errors, number, begun = [], 0, time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(8) as callers:
            # The memory of each node, nine times over.
            while min(self.evicted()) < 8 * LIMIT // VALUE:
                due = [callers.submit(self.write, number + i, value)
                       for i in range(PER_SECOND // 10)]
                number += len(due)
                errors += sum((done.result() for done in due), [])
                # No faster than this; slower where the machine is.
                time.sleep(max(0, begun + number / PER_SECOND - time.monotonic()))
        asked = run(paths.CTL, "--server", self.system.server.address, "doctor",
                    settings={"REDIS_URLS": self.system.redis[0].url, "PING_INTERVAL_SECONDS": 3})
        self.assertIn("evicts all that it holds within", asked.text)
        # None, but where the machine is so busy that a marker goes all the same: it is written again.
        self.assertLessEqual(len(errors), 10 * self.metric(RESTORED), errors)
        wait_until(self.all_up, "all are UP")
        self.assert_nothing_was_resynced()

    def test_a_freeze_while_nodes_evict_costs_what_was_missed(self):
        self.start(limit=64 * 2**20, patient=False)
        value = os.urandom(VALUE)
        node, frozen_for = self.system.redis[1], 5
        errors, number, begun = [], 0, time.monotonic()
        freezes, thaws, thawed, up_after = begun + 10, begun + 10 + frozen_for, None, None
        with concurrent.futures.ThreadPoolExecutor(16) as callers:
            due = []
            while time.monotonic() < begun + 30:
                due.append(callers.submit(self.write, number, value))
                number += 1
                time.sleep(max(0, begun + number / PER_SECOND - time.monotonic()))
                if freezes and time.monotonic() >= freezes:
                    node.freeze()
                    freezes = None
                if thaws and time.monotonic() >= thaws:
                    node.thaw()
                    thaws, thawed = None, time.monotonic()
                if thawed and up_after is None and number % 10 == 0 and self.all_up():
                    up_after = time.monotonic() - thawed
            errors = sum((done.result() for done in due), [])
        seen, replayed = (self.metric(f"kache_recovery_{name}_total")
                          for name in ("resync_keys_seen", "hints_replayed"))
        print(json.dumps({
            "writes": number, "errors": len(errors), "evicted": self.evicted(),
            "up_after": up_after and round(up_after, 2), "seen": seen, "replayed": replayed,
            "resyncs": self.metric(RESYNCS), "restored": self.metric(RESTORED),
            "overflows": self.metric(OVERFLOWS)}))
        self.assertEqual(errors, [])
        self.assertGreater(min(self.evicted()), 0)
        self.assertIsNotNone(up_after)
        if self.metric(RESTORED) > 0:
            return  # So busy a machine that it touches keys too late: hints may be evicted, too.
        self.assertLess(up_after, 3)
        self.assertEqual(self.metric(OVERFLOWS), 0)
        self.assertGreater(replayed, 0)
        self.assertEqual(seen, replayed, "it was not compared with all others")

    def evict_all(self, node):
        """Redis evicts every key, at once."""
        connection = node.connect()
        self.addCleanup(connection.close)
        before = connection.call("GET", "kache:m:marker")
        connection.call("CONFIG", "SET", "maxmemory", 1)
        while connection.call("DBSIZE") > 0:
            pass
        connection.call("CONFIG", "SET", "maxmemory", LIMIT)
        return before

    def test_a_marker_that_was_evicted_is_written_again(self):
        self.start()
        for number in range(20):
            self.clients[0].put(b"key-%d" % number, b"value")
        for node in self.system.redis:
            before = self.evict_all(node)
            wait_until(lambda node=node: self.has_marker(node), "the marker stands again")
            self.assertEqual(node.call("GET", "kache:m:marker"), before)
        self.assert_nothing_was_resynced()
        self.assertEqual(self.metric(RESTORED), len(self.system.redis))
        wait_until(self.all_up, "all nodes are UP")

    def test_a_flush_is_a_loss_of_memory_all_the_same(self):
        self.start()
        self.clients[0].put(b"key", b"value", consistency=self.clients[0].pb.CONSISTENCY_ALL)
        node = self.system.homes_of(b"key")[0]
        self.evict_all(self.system.redis[0])  # It evicts, as far as anybody can tell.
        wait_until(lambda: self.has_marker(self.system.redis[0]), "the marker stands again")
        node.call("FLUSHALL")
        self.evict_all(node)
        wait_until(lambda: self.metric(FENCES) > 0, "the node is fenced")
        wait_until(self.all_up, "all nodes are UP")
        wait_until(lambda: self.metric(RESYNCS) > 0, "it was resynced")

    def test_doctor_warns_of_policies_that_hurt(self):
        self.start(policy="volatile-lru")
        asked = run(paths.CTL, "--server", self.system.server.address, "doctor",
                    "--redis", self.system.redis[0].url)
        self.assertIn("maxmemory-policy volatile-lru", asked.text)


if __name__ == "__main__":
    unittest.main()
