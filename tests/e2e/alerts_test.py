"""Every alert fires by the fault that it is for, on the real /metrics of real processes, and none
before it (harness/scrapes.py)."""

import pathlib
import re
import resource
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import grpc
import yaml
from harness import exposition, paths, record
from harness.case import UNHURRIED, SystemCase
from harness.clocks import ShiftedClock
from harness.command import run
from harness.kache import KacheGateway, KacheServer
from harness.proxy import Proxy
from harness.rest import RestClient
from harness.scrapes import RULES, Scrapes
from harness.system import System
from harness.tokens import TokenFile
from harness.waiting import wait_until

class AlertsCase(SystemCase):
    def targets(self):
        return [*self.system.servers, *self.system.gateways]

    def assert_fire(self, alerts, scrapes, traffic=lambda: None, seconds=4, minutes=15):
        """The fault is there: `traffic` runs before each of the scrapes that show it."""
        for _ in range(seconds):
            traffic()
            scrapes.take()
        calm, firing = scrapes.firing(minutes)
        self.assertEqual(calm, set(), "fire before the fault")
        self.assertLessEqual(set(alerts), firing)

    def metric(self, name, server=None, **labels):
        return exposition.parse((server or self.system.server).metrics()).total(name, **labels)


class LostNodesTest(AlertsCase):
    SYSTEM = {"redis": 3, "durable": True}

    def kill(self, count):
        for redis in self.system.redis[:count]:
            redis.kill()
        wait_until(lambda: self.system.server.nodes_up() == 3 - count, f"{count} nodes DOWN")

    def tearDown(self):
        for redis in self.system.redis:
            if not redis.running:
                redis.start()
        self.system.server.wait_up()
        self.system.gateway.wait_ready()

    def test_two_of_three(self):
        """Single-key REST traffic, which goes by Pipeline streams, at QUORUM."""
        scrapes = Scrapes(self.targets())
        self.rest.put_raw("k", b"v")
        self.rest.get("k", "?consistency=quorum")
        self.kill(2)

        def traffic():
            for _ in range(3):
                self.assertEqual(self.rest.get("k", "?consistency=quorum").status, 503)

        self.assert_fire({"KacheNodeDown", "KacheNodesSeveralDown", "KacheErrors",
                          "KacheGatewayErrors"}, scrapes, traffic)

    def test_all(self):
        scrapes = Scrapes(self.targets())
        self.kill(3)
        wait_until(lambda: self.rest.request("GET", "/readyz").status == 503, "the gateway knows")
        self.assert_fire({"KacheNodesNoneUp", "KacheGatewayWithoutCoordinator"}, scrapes)

    def test_one_is_declared_lost(self):
        scrapes = Scrapes(self.targets())
        self.kill(1)
        ended = run(paths.CTL, "node", "forsake", self.system.redis[0].url, "--server",
                    self.system.server.address)
        self.assertEqual(ended.code, 0, ended.err)
        self.assert_fire({"KacheNodeDeclaredLost"}, scrapes)


class LostMemoryTest(AlertsCase):
    SYSTEM = {"redis": 3, "server_settings": {"REPLICATION_FACTOR": 2}}

    def test_all_home_replicas(self):
        scrapes = Scrapes(self.targets())
        for redis in self.system.redis[:2]:
            redis.kill()
        for redis in self.system.redis[:2]:
            redis.start()
        wait_until(lambda: self.metric("kache_recovery_data_losses_total") > 0, "data lost")
        self.assert_fire({"KacheDataLost"}, scrapes)


class LostProcessesTest(AlertsCase):
    SYSTEM = {"redis": 1, "servers": 2}

    def test_processes(self):
        gateway = KacheGateway([self.system.server.address], name="second",
                               folder=self.system.folder).start()
        self.addCleanup(gateway.kill)
        gateway.wait_ready()
        scrapes = Scrapes([*self.targets(), gateway])
        self.system.servers[1].stop()
        gateway.kill()
        self.assert_fire({"KacheCoordinatorGone", "KacheGatewayGone"}, scrapes)
        self.system.servers[1].start().wait_up()

    def test_targets(self):
        scrapes = Scrapes(self.targets())
        scrapes.targets.clear()
        self.assert_fire({"KacheCoordinatorAbsent", "KacheGatewayAbsent"}, scrapes)


class RefusingNodesTest(AlertsCase):
    """Nodes answer with errors."""

    SYSTEM = {"redis": 3, "server_settings": {"SWEEP_INTERVAL_SECONDS": 2}}

    def test_writes(self):
        scrapes = Scrapes(self.targets())
        node = self.system.redis[0]
        node.call("CONFIG", "SET", "min-replicas-to-write", 1)
        self.rest.put_raw(self.key(), b"v")
        wait_until(lambda: self.system.server.nodes_up() == 2, "SYNCING")
        self.assert_fire({"KacheNodeSyncing"}, scrapes, minutes=35)
        node.call("CONFIG", "SET", "min-replicas-to-write", 0)
        self.system.server.wait_up()

    def test_scans(self):
        wait_until(lambda: self.metric("kache_recovery_sweeps_total") > 3, "all were swept")
        scrapes = Scrapes(self.targets())
        for redis in self.system.redis:
            redis.call("ACL", "SETUSER", "default", "-scan")
        failed = self.metric("kache_recovery_sweeps_failed_total")
        wait_until(lambda: self.metric("kache_recovery_sweeps_failed_total") > failed + 1, "failures")
        scrapes.take()
        node = self.system.redis[0]
        node.kill()
        node.start()
        for redis in self.system.redis:
            redis.call("ACL", "SETUSER", "default", "-scan")
        wait_until(lambda: self.metric("kache_recovery_resyncs_total", result="failed") > 1,
                   "resyncs fail")
        self.assert_fire({"KacheNodeResyncFailing"}, scrapes, seconds=6)
        for redis in self.system.redis:
            redis.call("ACL", "SETUSER", "default", "+scan")
        self.system.server.wait_up()

    def test_sweeps(self):
        wait_until(lambda: self.metric("kache_recovery_sweeps_total") > 3, "all were swept")
        for redis in self.system.redis:
            redis.call("ACL", "SETUSER", "default", "-scan")
        scrapes = Scrapes(self.targets())
        self.assert_fire({"KacheCoordinatorSweepsFailing", "KacheNodeSweepLate"}, scrapes,
                         seconds=8, minutes=75)
        for redis in self.system.redis:
            redis.call("ACL", "SETUSER", "default", "+scan")


class TwoCoordinatorsTest(AlertsCase):
    """The second coordinator reaches the first node by a proxy."""

    def setUp(self):
        self.system = System(redis=3, servers=2, gateways=1)
        self.addCleanup(self.system.close)
        self.proxy = Proxy("proxy", self.system.redis, self.system.folder)
        first, *others = (redis.url for redis in self.system.redis)
        second = self.system.servers[1]
        second.settings["REDIS_URLS"] = ",".join(
            [f"{first}=127.0.0.1:{self.proxy.ports[0]}", *others])
        for redis in self.system.redis:
            redis.start()
        self.proxy.start()
        self.addCleanup(self.proxy.kill)
        for process in (*self.system.servers, self.system.gateway):
            process.start()
        for server in self.system.servers:
            server.wait_up()
        self.system.gateway.wait_ready()

    @classmethod
    def setUpClass(cls):
        pass

    def test_one_does_not_reach_a_node(self):
        scrapes = Scrapes(self.targets())
        self.proxy.cut(0)
        wait_until(lambda: self.system.servers[1].nodes_up() == 2, "DOWN for one")
        self.assert_fire({"KacheCoordinatorsDisagree"}, scrapes)

    def test_one_has_another_ring(self):
        scrapes = Scrapes(self.targets())
        other = KacheServer([redis.url for redis in self.system.redis],
                            {"VNODES_PER_NODE": 7}, "other-ring", self.system.folder).start()
        self.addCleanup(other.kill)
        wait_until(lambda: self.metric("kache_recovery_ring_mismatch", other) == 1, "mismatch")
        scrapes.targets.append(other)
        self.assert_fire({"KacheCoordinatorRingMismatch"}, scrapes)


class SlowNodesTest(AlertsCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(redis=3)
        cls.addClassCleanup(cls.system.close)
        cls.proxy = Proxy("proxy", cls.system.redis, cls.system.folder)
        cls.system.server.settings["REDIS_URLS"] = ",".join(
            f"127.0.0.1:{port}" for port in cls.proxy.ports)
        for redis in cls.system.redis:
            redis.start()
        cls.proxy.start()
        cls.addClassCleanup(cls.proxy.kill)
        cls.system.server.start().wait_up()
        cls.system.gateway.start().wait_ready()
        cls.rest = cls.system.rest()

    def test_single_keys_by_rest(self):
        self.rest.put_raw("k", b"v")
        scrapes = Scrapes(self.targets())
        for node in range(3):
            self.proxy.delay(node, 100)
        self.assert_fire({"KacheSlow"}, scrapes, lambda: self.rest.get("k"))


class LimitsTest(AlertsCase):
    SYSTEM = {"redis": 2, "server_settings": {"MAX_IN_FLIGHT": 4},
              "gateway_settings": {"MAX_HTTP_CONNECTIONS": 4}}

    def test_operations(self):
        scrapes = Scrapes(self.targets())

        def crowd():
            """More than MAX_IN_FLIGHT at once, as the nodes stand still for a moment."""
            for redis in self.system.redis:
                redis.call("CLIENT", "PAUSE", 300)
            threads = [threading.Thread(target=self.grpc_get) for _ in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        self.assert_fire({"KacheCoordinatorRefusing"}, scrapes, crowd)

    def grpc_get(self):
        try:
            self.grpc.get(b"k")
        except grpc.RpcError:
            pass  # some are refused

    def test_connections(self):
        scrapes = Scrapes(self.targets())

        def crowd():
            raws = [self.rest.raw() for _ in range(12)]
            wait_until(lambda: any(self.is_refused(raw) for raw in raws[4:]), "one is refused")
            for raw in raws:
                raw.close()
            wait_until(lambda: self.rest.request("GET", "/livez").status == 200, "room again")

        self.assert_fire({"KacheGatewayRefusing"}, scrapes, crowd)

    @staticmethod
    def is_refused(raw):
        return raw.read().status == 503

    def test_files(self):
        scrapes = Scrapes(self.targets())
        pid = self.system.server.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4, before[1]))
        crowd = threading.Thread(target=self.connect_to_the_server)
        crowd.start()
        # Its metrics cannot be asked either, so its log is.
        wait_until(lambda: "cannot accept gRPC connections" in self.system.server.log, "no files")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        crowd.join()
        self.assert_fire({"KacheCoordinatorCannotAccept"}, scrapes, minutes=2)

    def connect_to_the_server(self):
        self.system.grpc().get(b"k")


class NodeLimitsTest(AlertsCase):
    SYSTEM = {"redis_options": ("--proto-max-bulk-len", "1mb")}

    def test_large_writes(self):
        scrapes = Scrapes(self.targets())

        def traffic():
            self.assertEqual(self.rest.put_raw("large", b"x" * (1 << 20)).status, 413)

        self.assert_fire({"KacheNodeLimitsExceeded", "KacheCopiesMissed"}, scrapes, traffic,
                         minutes=22)


class StrangeRecordsTest(AlertsCase):
    SYSTEM = {"redis": 3, "server_settings": {
        **UNHURRIED, "STALENESS_CHECK_ONE_IN": 1, "WRITE_TIMEOUT_MS": 300, "MAX_CLOCK_SKEW_MS": 200}}

    def store(self, key, stored):
        for redis in self.system.redis:
            redis.call("SET", record.DATA_PREFIX + key.encode(), stored)

    def read(self, key):
        return lambda: self.rest.get(key)

    def test_foreign(self):
        scrapes = Scrapes(self.targets())
        self.store(self.key(), b"not of Kache")
        self.assert_fire({"KacheForeignRecords"}, scrapes, self.read(self.key()))

    def test_newer_format(self):
        scrapes = Scrapes(self.targets())
        self.store(self.key(), struct.pack(">HBBQQQ", 0x4BAC, 9, 0, 1 << 16, 1, 0) + b"v")
        self.assert_fire({"KacheNewerRecords"}, scrapes, self.read(self.key()), minutes=75)

    def test_far_ahead(self):
        scrapes = Scrapes(self.targets())
        ahead = int((time.time() + 3600) * 1000) << 16
        self.store(self.key(), record.encode(record.Record(False, ahead, 7 << 16, 0, b"v")))
        # A write meets it, and is stamped above it.
        self.assert_fire({"KacheClockSkew"}, scrapes, lambda: self.rest.put_raw(self.key(), b"v"))

    def test_stale(self):
        key = self.key()
        self.rest.put_raw(key, b"old")
        self.settled_digests()
        home = self.system.homes_of(key.encode())[0]
        old = home.call("GET", record.DATA_PREFIX + key.encode())
        self.rest.put_raw(key, b"new")
        time.sleep(0.6)  # until the write is old enough: WRITE_TIMEOUT_MS and MAX_CLOCK_SKEW_MS
        scrapes = Scrapes(self.targets())
        home.call("SET", record.DATA_PREFIX + key.encode(), old)
        self.assert_fire({"KacheStaleReads"}, scrapes, self.read(key))


class NodeClockTest(AlertsCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.clock = ShiftedClock(cls.system.folder)
        cls.system.redis[0].settings.update(cls.clock.settings)
        cls.addClassCleanup(cls.system.close)
        cls.system.start()

    def test_a_node_ahead(self):
        scrapes = Scrapes(self.targets())
        self.clock.set(2)
        wait_until(lambda: self.metric("kache_node_clock_offset_seconds") > 1, "seen")
        self.assert_fire({"KacheNodeClockOff"}, scrapes)


class TokensFileTest(AlertsCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        cls.addClassCleanup(folder.cleanup)
        cls.file = TokenFile(folder.name)
        cls.token = cls.file.add("admin", "admin")
        cls.SYSTEM = {"redis": 1, "gateways": 0, "token": cls.token,
                      "server_settings": {"TOKENS_FILE": cls.file.path}}
        super().setUpClass()

    def test_a_spoilt_file(self):
        gateway = KacheGateway([self.system.server.address], {"KACHE_TOKEN": self.token},
                               folder=self.system.folder).start()
        self.addCleanup(gateway.kill)
        gateway.wait_ready()
        scrapes = Scrapes([*self.targets(), gateway], self.token)
        self.file.write("nonsense\n")
        wait_until(lambda: "the file of tokens is wrong" in self.system.server.log, "it is read")
        self.assert_fire({"KacheTokensFileWrong"}, scrapes)


class StoppedLogReaderTest(AlertsCase):
    SYSTEM = {"redis": 1, "gateways": 0}

    def test_lines_are_lost(self):
        gateway = KacheGateway([self.system.server.address],
                               {"LOG_LEVEL": "trace", "LOG_LINES_PER_SECOND": 0},
                               folder=self.system.folder)
        gateway.start_unread(self)
        scrapes = Scrapes([*self.targets(), gateway])

        def traffic():
            head = f"GET /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nX-Request-Id: {'x' * 128}\r\n\r\n"
            for _ in range(20):
                with RestClient(gateway.port).raw() as connection:
                    connection.send(head.encode() * 100)
                    for _ in range(100):
                        connection.read()

        self.assert_fire({"KacheLogLinesLost"}, scrapes, traffic, seconds=6)


class BusyShardTest(AlertsCase):
    SYSTEM = {"redis": 2, "gateways": 0, "server_settings": {"SHARDS": 1}}

    def test_one_shard(self):
        """A second of the play is the time in which the shard uses 0.95 s of CPU: no load of a test
        keeps it busier than the processes around it on a machine of few CPUs."""
        gateway = KacheGateway([self.system.server.address], folder=self.system.folder).start()
        self.addCleanup(gateway.kill)
        gateway.wait_ready()
        scrapes = Scrapes([*self.targets(), gateway])
        load = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", paths.BENCH, "--server", self.system.server.address,
             "--mode", "batch", "--workload", "get", "--no-fill", "--keys", "1000", "--duration",
             "120s", "--timeout", "20s"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(load.wait)
        self.addCleanup(load.kill)
        used = self.metric("kache_shard_cpu_seconds_total")

        def work():
            nonlocal used
            used += 0.95
            wait_until(lambda: self.metric("kache_shard_cpu_seconds_total") >= used, "CPU is used")

        self.assert_fire({"KacheCoordinatorShardSaturated"}, scrapes, work, seconds=3)


class EveryAlertTest(unittest.TestCase):
    def test_each_is_fired_here(self):
        named = set(re.findall(r'"(Kache[A-Z]\w+)"', pathlib.Path(__file__).read_text()))
        groups = yaml.safe_load(RULES.read_text())["groups"]
        self.assertEqual(named, {rule["alert"] for group in groups for rule in group["rules"]})


if __name__ == "__main__":
    unittest.main()
