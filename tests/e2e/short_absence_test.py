"""A node that is away for seconds, and keeps its memory, is brought what it missed: how much else it holds
makes no difference."""

import concurrent.futures
import json
import re
import time
import unittest

import grpc
from harness import paths
from harness.command import run
from harness.proxy import Proxy
from harness.system import System
from harness.waiting import wait_until

KEYS = 100_000
AWAY_SECONDS = 5
PER_SECOND = 500  # writes meanwhile
NAMES = ("cache-a", "cache-b", "cache-c", "cache-d")
NOT_SERVING = 2
CUT = (1, 2, 3)  # of the nodes, from one coordinator
READERS = 4
REFUSED_WITHIN = 0.5  # seconds


class ShortAbsenceTest(unittest.TestCase):
    def start(self, coordinators=3, proxied=False, **settings):
        """`proxied`: the last coordinator reaches the nodes by a proxy of its own."""
        self.system = System(servers=coordinators, gateways=0, names=NAMES,
                             server_settings={"SHARDS": 2, **settings})
        self.addCleanup(self.system.close)
        self.homes = {}  # by key
        if proxied:
            self.proxy = Proxy("proxy", self.system.redis, self.system.folder)
            self.system.servers[-1].settings["REDIS_URLS"] = ",".join(
                f"{name}=127.0.0.1:{port}" for name, port in zip(NAMES, self.proxy.ports))
            self.addCleanup(self.proxy.kill)
            self.proxy.start()
        self.system.start()
        self.clients = [self.system.grpc(i) for i in range(coordinators)]
        for client in self.clients:
            client.timeout = 10

    def fill(self, keys=KEYS):
        asked = run(paths.BENCH, "--server", self.system.server.address, "--keys", keys,
                    "--workload", "c", "--duration", "1s", "--warmup", "0s", "--ttl", "0", "--json",
                    seconds=120)
        self.assertEqual(asked.code, 0, asked.text)
        wait_until(self.all_up, "all nodes are UP")

    def metric(self, name, of=None):
        """Of all coordinators and nodes together."""
        pattern = re.compile(rf"^{name}(?:\{{.*\}})? (\S+)$", re.M)
        return sum(float(value) for server in of or self.system.servers
                   for value in pattern.findall(server.metrics()))

    def all_up(self):
        return all(server.nodes_up() == len(self.system.redis)
                   for server in self.system.servers if server.running)

    def write(self, number, value, may_fail):
        """The number, where the write was acknowledged."""
        try:
            self.clients[number % len(self.clients)].put(b"missed-%d" % number, value)
        except grpc.RpcError:
            if not may_fail:
                raise
            return None
        return number

    def write_for(self, seconds, value=b"new", may_fail=False):
        """The numbers of the keys that were acknowledged."""
        begun, number = time.monotonic(), 0
        with concurrent.futures.ThreadPoolExecutor(16) as callers:
            due = []
            while time.monotonic() < begun + seconds:
                due.append(callers.submit(self.write, number, value, may_fail))
                number += 1
                time.sleep(max(0, begun + number / PER_SECOND - time.monotonic()))
            written = [done.result() for done in due]
        return [number for number in written if number is not None]

    def assert_holds(self, node, numbers, value=b"new"):
        """Each key of which the node is a home replica."""
        connection = node.connect(timeout=30)
        self.addCleanup(connection.close)
        missing = []
        for number in numbers:
            key = b"missed-%d" % number
            if key not in self.homes:
                self.homes[key] = self.system.homes_of(key)
            if node not in self.homes[key]:
                continue
            held = connection.call("GET", b"kache:d:" + key)
            if held is None or not held.endswith(value):
                missing.append(key)
        self.assertEqual(missing, [])

    def test_a_freeze_costs_what_was_missed(self):
        self.start()
        self.fill()
        node = self.system.redis[1]
        seen_before = self.metric("kache_recovery_resync_keys_seen_total")
        node.freeze()
        numbers = self.write_for(AWAY_SECONDS)
        node.thaw()
        begun = time.monotonic()
        wait_until(lambda: not self.all_up() or time.monotonic() > begun + 0.5, "it is noticed")
        wait_until(self.all_up, "all nodes are UP")
        took = time.monotonic() - begun
        self.assert_holds(node, numbers)
        seen = self.metric("kache_recovery_resync_keys_seen_total") - seen_before
        replayed = self.metric("kache_recovery_hints_replayed_total")
        print(json.dumps({"written": len(numbers), "seconds": round(took, 2), "seen": seen,
                          "replayed": replayed,
                          "copied": self.metric("kache_recovery_resync_keys_copied_total")}))
        self.assertEqual(self.metric("kache_recovery_hint_overflows_total"), 0)
        # A key that was missed is named on each node that took it: three at most.
        self.assertLessEqual(seen, 3 * len(numbers))
        self.assertGreater(replayed, 0)
        self.assertEqual(seen, replayed)
        self.assertLess(took, 10)

    def end_connections_of(self, coordinator):
        name = f"name=kache:{coordinator:016x}"
        for node in self.system.redis:
            for line in node.call("CLIENT", "LIST").decode().splitlines():
                words = line.split()
                if name in words:
                    node.call("CLIENT", "KILL", "ID", words[0].removeprefix("id="))

    def test_a_coordinator_whose_connections_are_all_reset_costs_no_comparison(self):
        self.start()
        self.fill(keys=20_000)
        first = self.clients[0].status().coordinator
        seen_before = self.metric("kache_recovery_resync_keys_seen_total")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            written = pool.submit(self.write_for, 6, may_fail=True)
            time.sleep(2)
            self.end_connections_of(first)
            numbers = written.result()
        wait_until(self.all_up, "all nodes are UP")
        for node in self.system.redis:
            self.assert_holds(node, numbers)
        seen = self.metric("kache_recovery_resync_keys_seen_total") - seen_before
        print(json.dumps({"written": len(numbers), "seen": seen,
                          "late": self.metric("kache_hints_late_total"),
                          "fences": self.metric("kache_recovery_fences_total")}))
        self.assertEqual(self.metric("kache_recovery_hint_overflows_total"), 0)
        self.assertEqual(self.metric("kache_hints_lost_total"), 0)
        self.assertLessEqual(seen, 3 * len(numbers))

    def test_a_coordinator_that_is_cut_off_from_most_nodes_turns_callers_away(self):
        self.start(proxied=True, PING_INTERVAL_SECONDS=1)
        self.fill(keys=20_000)
        cut_off = self.clients[-1]
        seen_before = self.metric("kache_recovery_resync_keys_seen_total")
        for node in (1, 2, 3):
            self.proxy.cut(node)
        numbers = self.write_for(4, may_fail=True)
        wait_until(lambda: cut_off.check() == NOT_SERVING, "it is NOT_SERVING")
        self.assertEqual(self.metric("kache_recovery_in_minority"), 1)
        self.assertNotEqual(self.clients[0].check(), NOT_SERVING)
        for node in (1, 2, 3):
            self.proxy.reset(node)  # Connections that stood still are gone.
            self.proxy.heal(node)
        wait_until(self.all_up, "all nodes are UP")
        wait_until(lambda: cut_off.check() != NOT_SERVING, "it serves again")
        for node in self.system.redis:
            self.assert_holds(node, numbers)
        seen = self.metric("kache_recovery_resync_keys_seen_total") - seen_before
        print(json.dumps({"written": len(numbers), "seen": seen}))
        self.assertEqual(self.metric("kache_recovery_hint_overflows_total"), 0)
        self.assertLessEqual(seen, 3 * len(numbers))

    def read_for(self, client, reader, until):
        """QUORUM reads, one after another: (seconds, code or None) of each."""
        asked, number = [], reader
        while time.monotonic() < until:
            begun, code = time.monotonic(), None
            try:
                client.get(b"missed-%d" % (number % 1000),
                           consistency=client.pb.CONSISTENCY_QUORUM)
            except grpc.RpcError as error:
                code = error.code()
            asked.append((time.monotonic() - begun, code))
            number += READERS
            time.sleep(0.005)
        return asked

    def assert_answers_in_time(self, break_off):
        """From before the coordinator is cut off until it has called the nodes DOWN for a while."""
        self.start(proxied=True)
        self.write_for(2)
        wait_until(self.all_up, "all nodes are UP")
        ends = time.monotonic() + 8
        with concurrent.futures.ThreadPoolExecutor(2 * READERS) as pool:
            by_itself = [pool.submit(self.read_for, self.clients[-1], i, ends) for i in range(READERS)]
            by_others = [pool.submit(self.read_for, self.clients[0], i, ends) for i in range(READERS)]
            time.sleep(1)
            for node in CUT:
                break_off(node)
            by_itself, by_others = (sum((reads.result() for reads in all_reads), [])
                                    for all_reads in (by_itself, by_others))
        refused = [code for _, code in by_itself if code is not None]
        print(json.dumps({"reads": len(by_itself), "refused": len(refused),
                          "slowest": round(max(by_itself)[0], 3), "by_others": len(by_others),
                          "slowest_by_others": round(max(by_others)[0], 3)}))
        self.assertEqual(set(refused), {grpc.StatusCode.UNAVAILABLE})
        self.assertLess(max(by_itself)[0], REFUSED_WITHIN)
        self.assertEqual([code for _, code in by_others if code is not None], [])

    def test_a_coordinator_cut_off_silently_refuses_quorum_reads_in_half_a_second(self):
        self.assert_answers_in_time(lambda node: self.proxy.cut(node))
        self.assertGreater(self.metric("kache_reads_cut_off_total"), 0)

    def test_a_coordinator_cut_off_by_resets_refuses_quorum_reads_in_half_a_second(self):
        self.assert_answers_in_time(lambda node: self.proxy.reset(node))

    def test_a_coordinator_that_hears_no_replies_refuses_quorum_reads_in_half_a_second(self):
        self.assert_answers_in_time(lambda node: self.proxy.cut(node, "replies"))

    def test_a_coordinator_that_is_killed_meanwhile_costs_a_comparison_and_no_write(self):
        self.start(PING_INTERVAL_SECONDS=1)
        self.fill(keys=2000)
        node = self.system.redis[2]
        node.freeze()
        numbers = self.write_for(2)
        self.system.servers[-1].kill()
        node.thaw()
        wait_until(self.all_up, "all nodes are UP")
        self.assert_holds(node, numbers)

    def test_a_coordinator_that_stops_meanwhile_costs_nothing(self):
        self.start(PING_INTERVAL_SECONDS=1)
        self.fill(keys=2000)
        node = self.system.redis[2]
        node.freeze()
        numbers = self.write_for(2)
        self.system.servers[-1].stop()
        node.thaw()
        rest = self.system.servers[:-1]
        wait_until(lambda: self.metric("kache_recovery_hints_replayed_total", rest) > 0,
                   "hints are replayed")
        wait_until(self.all_up, "all nodes are UP")
        self.assert_holds(node, numbers)
        self.assertEqual(self.metric("kache_recovery_hint_overflows_total", rest), 0)


if __name__ == "__main__":
    unittest.main()
