"""Clients that send HTTP/2 as no gRPC library does, to make the server work, or grow. While each of them
plays, another client is served; the server does not grow beyond what it may; and once they are gone, all
is as before."""

import pathlib
import re
import struct
import tempfile
import threading
import time
import unittest

from harness import exposition
from harness.case import SystemCase
from harness.certificates import Authority
from harness.grpc_client import KacheClient
from harness.http2 import (CONTINUATION, DATA, END_HEADERS, HEADERS, PING, PREFACE, PRIORITY, SETTINGS,
                           Connection, frame, headers, message, reset)
from harness.kache import KacheServer
from harness.waiting import wait_until

MIB = 2**20
FLOOD_SECONDS = 8  # unless the server closes the connection
ATTACKER = "127.0.0.2"
GRPC_BUFFERS = 32 * MIB
GRPC_CALLS = 2000
CONNECTIONS = 60  # more than any attack makes
# Calls that attacks open until they are counted again: 25 ms of a thread that does nothing else.
OPENED_MEANWHILE = 2500
# The sum of docs/limits.md, with the allocator's eighth.
MAY_GROW = (GRPC_BUFFERS + (GRPC_CALLS + OPENED_MEANWHILE) * 14 * 1024 +
            CONNECTIONS * 20 * 1024) * 9 // 8


class FloodsTest(SystemCase):
    """Without TLS."""

    SYSTEM = {"redis": 2, "gateways": 0,
              "server_settings": {"MAX_GRPC_BUFFER_BYTES": GRPC_BUFFERS, "MAX_GRPC_CALLS": GRPC_CALLS,
                                  "LOG_LEVEL": "warn"}}
    CA = None

    def server(self):
        return self.system.server

    def client(self):
        client = KacheClient(self.server().address, timeout=30, **self.server().client_options)
        self.addCleanup(client.close)
        return client

    def connect(self):
        connection = Connection(self.server().port, ATTACKER, self.CA)
        self.addCleanup(connection.close)
        return connection

    def memory(self, name="VmRSS"):
        status = pathlib.Path(f"/proc/{self.server().pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024

    def metric(self, name, **labels):
        return exposition.parse(self.server().metrics()).total(name, **labels)

    def closed_for_calls(self):
        return self.metric("kache_rejected_total", reason="too_many_calls")

    def play(self, *attacks):
        """Runs the attacks, each on a thread; a known client and a new one are served meanwhile."""
        known = self.client()
        known.put(b"k", b"v")
        before = self.memory()
        pathlib.Path(f"/proc/{self.server().pid}/clear_refs").write_text("5")  # the peak is now
        threads = [threading.Thread(target=attack) for attack in attacks]
        for thread in threads:
            thread.start()
        served = 0
        self.longest = 0  # seconds that both took
        while any(thread.is_alive() for thread in threads) or served < 3:
            began = time.monotonic()
            self.assert_served(known)
            with KacheClient(self.server().address, timeout=30,
                             **self.server().client_options) as late:
                self.assert_served(late)
            self.longest = max(self.longest, time.monotonic() - began)
            served += 1
            self.assertLess(self.memory() - before, MAY_GROW)
        for thread in threads:
            thread.join()
        self.assertTrue(self.server().running)
        self.assertLess(self.memory("VmHWM") - before, MAY_GROW)

    def assert_served(self, client):
        """As long as gRPC's buffers are full it closes connections without a call (docs/limits.md), and
        a client may meet that; calls are tried again then, as every client does."""
        def served():
            return client.get(b"k").value == b"v"

        wait_until(served, "the client is served")

    def assert_recovers(self):
        self.doCleanups()
        wait_until(lambda: self.metric("kache_grpc_connections") <= 3, "all connections are gone")
        with KacheClient(self.server().address, timeout=30,
                         **self.server().client_options) as client:
            self.assertEqual(client.get(b"k").value, b"v")

    def test_rapid_resets(self):
        def attack():
            connection = self.connect()
            for _ in range(200):
                burst = b"".join(
                    frame(HEADERS, END_HEADERS, stream, headers(b"Put")) + reset(stream)
                    for stream in connection.streams(250))
                if not connection.send(burst):
                    return
                connection.is_closed()  # reads what has come

        # Closed, unless the machine frees calls as fast as they come: then they take no memory.
        self.play(attack, attack)
        self.assert_recovers()

    def test_streams_opened_and_abandoned(self):
        def attack():
            for _ in range(20):
                connection = self.connect()
                for stream in connection.streams(1000):
                    if not connection.send(frame(HEADERS, END_HEADERS, stream, headers(b"Put"))):
                        break

        before = self.closed_for_calls()
        self.play(attack)
        wait_until(lambda: self.closed_for_calls() > before, "connections are closed")
        wait_until(lambda: self.metric("kache_grpc_calls") <= GRPC_CALLS, "the calls are bounded")
        self.assert_recovers()

    def test_a_connection_that_floods_from_its_first_byte(self):
        """gRPC reads a connection that never pauses on one thread, on and on, and others wait."""
        frames = frame(PRIORITY, 0, 1, bytes(5)) * 50_000

        def attack():
            connection = Connection(self.server().port, ATTACKER, self.CA, greet=False)
            self.addCleanup(connection.close)
            deadline = time.monotonic() + FLOOD_SECONDS
            sent = connection.send(PREFACE + frame(SETTINGS, 0, 0) + frames)
            while sent and time.monotonic() < deadline:
                sent = connection.send(frames)

        self.play(attack)
        self.assertLess(self.longest, FLOOD_SECONDS / 2)
        self.assert_recovers()

    def test_settings_flood(self):
        def attack():
            connection = self.connect()
            one = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535))
            for _ in range(200):
                if not connection.send(one * 1000):
                    return

        self.play(attack, attack)
        self.assert_recovers()

    def test_ping_flood(self):
        connection = self.connect()

        def attack():
            for _ in range(200):
                if not connection.send(frame(PING, 0, 0, b"12345678") * 1000):
                    return

        self.play(attack)
        wait_until(connection.is_closed, "the connection is closed over its pings")
        self.assert_recovers()

    def test_streams_with_much_metadata(self):
        """gRPC keeps the metadata of a stream as long as the stream: this much is refused."""
        field = b"\0\x07x-extra\x7e" + b"y" * 126
        why = b"metadata takes more than 16 KiB"
        for service, method in ((b"kache.v1.Kache", b"Pipeline"),
                                (b"grpc.health.v1.Health", b"Watch")):
            connection = self.connect()
            connection.send(frame(HEADERS, 0, 1, headers(method, service)) +
                            frame(CONTINUATION, 0, 1, field) * 200 +
                            frame(CONTINUATION, END_HEADERS, 1, b"") +
                            frame(DATA, 0, 1, message(b"")))
            self.assertIn(why, connection.receive(why), method)

    def test_endless_metadata(self):
        def attack():
            connection = self.connect()
            stream = connection.streams(1)[0]
            connection.send(frame(HEADERS, 0, stream, headers(b"Put")))
            more = b"\0\x07x-extra\x7e" + b"y" * 126
            for _ in range(500):
                if not connection.send(frame(CONTINUATION, 0, stream, more * 110)):
                    return

        self.play(attack, attack)
        self.assert_recovers()

    def test_messages_begun_and_abandoned(self):
        def attack():
            for _ in range(5):
                connection = self.connect()
                half = message(b"x" * 2**20)[:2**14]
                for stream in connection.streams(1000):
                    if not connection.send(frame(HEADERS, END_HEADERS, stream, headers(b"Put")) +
                                           frame(DATA, 0, stream, half)):
                        break
                    connection.is_closed()

        self.play(attack)
        self.assert_recovers()

    def test_frames_that_come_byte_by_byte(self):
        connections = [self.connect() for _ in range(50)]

        def attack():
            call = (frame(HEADERS, END_HEADERS, 1, headers(b"Put")) +
                    frame(DATA, 0, 1, message(b"x" * 100)))
            for byte in call[:-1]:
                for connection in connections:
                    connection.send(bytes([byte]))

        self.play(attack)
        self.assert_recovers()


class FloodsWithTlsTest(FloodsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        cls.addClassCleanup(folder.cleanup)
        authority = Authority(pathlib.Path(folder.name))
        certificate, key = authority.issue("kache")
        cls.CA = authority.cert
        cls.secured = KacheServer(
            [redis.url for redis in cls.system.redis],
            {**cls.SYSTEM["server_settings"], "GRPC_TLS_CERT_FILE": certificate,
             "GRPC_TLS_KEY_FILE": key}, "secured", cls.system.folder)
        cls.secured.client_options = {"ca": authority.cert}
        cls.addClassCleanup(cls.secured.stop)
        cls.secured.start().wait_up()

    def server(self):
        return self.secured


if __name__ == "__main__":
    unittest.main()
