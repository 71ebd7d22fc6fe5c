"""Connections to the gRPC port: too many, half-made, and more than the process has files for. After each
play the server recovers, and others are served meanwhile."""

import contextlib
import pathlib
import resource
import socket
import tempfile
import unittest

from harness import exposition
from harness.case import SystemCase
from harness.certificates import Authority
from harness.grpc_client import KacheClient
from harness.http2 import GOAWAY, PREFACE, SETTINGS, frame
from harness.kache import KacheServer
from harness.waiting import wait_until


class ConnectionsCase(SystemCase):
    SYSTEM = {"redis": 2, "gateways": 0}

    def metric(self, name, **labels):
        return exposition.parse(self.system.server.metrics()).total(name, **labels)

    def connect(self, source="127.0.0.1", data=b""):
        """A connection of its own; the test's end closes it."""
        raw = socket.create_connection(("127.0.0.1", self.system.server.port), 30, (source, 0))
        self.addCleanup(raw.close)
        raw.sendall(data)
        return raw

    def assert_a_new_client_is_served(self):
        with KacheClient(self.system.server.address, timeout=30) as client:
            client.put(b"k", b"v")
            self.assertEqual(client.get(b"k").value, b"v")

    def is_closed(self, raw):
        raw.setblocking(False)
        try:
            while True:
                if not raw.recv(65536):
                    return True
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            raw.settimeout(30)


class ManyConnectionsTest(ConnectionsCase):
    SYSTEM = {**ConnectionsCase.SYSTEM, "server_settings": {"MAX_GRPC_CONNECTIONS": 80}}

    def test_one_address_leaves_room_for_others(self):
        crowd = [self.connect("127.0.0.2", PREFACE + frame(SETTINGS, 0, 0)) for _ in range(100)]

        def refused():
            return sum(self.is_closed(raw) for raw in crowd)

        wait_until(lambda: refused() >= 40, "those beyond three quarters are refused")
        self.assertGreater(self.metric("kache_rejected_total",
                                       reason="too_many_connections_of_address"), 0)
        self.assertLessEqual(self.metric("kache_grpc_connections"), 80)
        self.assert_a_new_client_is_served()
        self.assert_answers()
        for raw in crowd:
            raw.close()
        # What tests of this class hold themselves is a few.
        wait_until(lambda: self.metric("kache_grpc_connections") < 10, "their ends are seen")

    def test_a_refused_client_is_told_why(self):
        crowd = [self.connect("127.0.0.2") for _ in range(80)]
        wait_until(lambda: self.metric("kache_rejected_total",
                                       reason="too_many_connections_of_address") > 0, "refusals")
        told = b""
        late = self.connect("127.0.0.2")
        with contextlib.suppress(ConnectionError):
            while more := late.recv(65536):
                told += more
        self.assertEqual(told[3], SETTINGS)
        self.assertEqual(told[9 + 3], GOAWAY)
        self.assertIn(b"too many connections of one client address", told)
        for raw in crowd:
            raw.close()


class HalfMadeConnectionsTest(ConnectionsCase):
    def assert_all_are_closed(self, server, beginnings):
        crowd = []
        for beginning in beginnings:
            raw = socket.create_connection(("127.0.0.1", server.port), 30, ("127.0.0.2", 0))
            self.addCleanup(raw.close)
            raw.sendall(beginning)
            crowd.append(raw)

        def connections():
            return exposition.parse(server.metrics()).total("kache_grpc_connections")

        wait_until(lambda: connections() >= len(crowd), "they count")
        wait_until(lambda: all(self.is_closed(raw) for raw in crowd), "all are closed")
        wait_until(lambda: connections() < len(crowd), "their ends are seen")

    def test_without_tls(self):
        self.assert_all_are_closed(self.system.server, (b"", PREFACE[:10], PREFACE) * 5)
        self.assert_a_new_client_is_served()

    def test_with_tls(self):
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        self.addCleanup(folder.cleanup)
        authority = Authority(pathlib.Path(folder.name))
        certificate, key = authority.issue("kache")
        server = KacheServer(
            [redis.url for redis in self.system.redis],
            {"GRPC_TLS_CERT_FILE": certificate, "GRPC_TLS_KEY_FILE": key}, "secured", folder.name)
        server.client_options = {"ca": authority.cert}
        self.addCleanup(server.kill)
        server.start().wait_up()
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        self.assert_all_are_closed(server, (b"", hello[:3], hello) * 5)
        with KacheClient(server.address, timeout=30, ca=authority.cert) as client:
            self.assertFalse(client.get(b"never written").found)
        server.stop()


class FilesTest(ConnectionsCase):
    def limit_files(self, count):
        resource.prlimit(self.system.server.pid, resource.RLIMIT_NOFILE, (count, self.hard))

    def test_a_server_that_ran_out_of_files_accepts_again(self):
        pid = self.system.server.pid
        before, self.hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        self.assertEqual(before, self.hard, "raised at the start")
        self.addCleanup(lambda: self.limit_files(before))
        failures = self.metric("kache_grpc_accept_failures_total")
        self.assertFalse(self.grpc.get(b"never written").found)  # it is connected
        self.limit_files(4)
        crowd = [self.connect() for _ in range(10)]
        # Its metrics cannot be asked either, so its log is.
        wait_until(lambda: "cannot accept gRPC connections" in self.system.server.log, "no files")
        # Who was connected before is served.
        self.assertFalse(self.grpc.get(b"never written").found)
        self.limit_files(before)
        for raw in crowd:
            raw.close()
        self.assert_a_new_client_is_served()
        wait_until(lambda: self.metric("kache_grpc_accept_failures_total") > failures, "counted")

    def test_a_low_hard_limit_lowers_the_cap_and_is_warned_of(self):
        server = KacheServer([redis.url for redis in self.system.redis], name="few-files",
                             folder=self.system.folder)
        server.command = ["prlimit", "--nofile=300:300", *server.command]
        self.addCleanup(server.kill)
        server.start().wait_up()
        self.assertIn("MAX_GRPC_CONNECTIONS is 10000", server.log)
        crowd = []
        for _ in range(300):
            raw = socket.create_connection(("127.0.0.1", server.port), 30, ("127.0.0.2", 0))
            self.addCleanup(raw.close)
            crowd.append(raw)
        wait_until(lambda: exposition.parse(server.metrics()).total("kache_rejected_total") > 100,
                   "refusals")
        # Files are left for all else: a Redis server that went is connected to again.
        self.system.redis[0].kill()
        wait_until(lambda: server.nodes_up() == 1, "one node DOWN")
        self.system.redis[0].start()
        server.wait_up()
        for raw in crowd:
            raw.close()
        server.stop()


if __name__ == "__main__":
    unittest.main()
