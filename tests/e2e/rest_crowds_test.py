"""Thousands of connections at once, slow ones among them."""

import contextlib
import resource
import socket
import unittest

from harness.case import SystemCase
from harness.exposition import parse
from harness.waiting import wait_until

_LIMIT = 2000
_FILES = 2 * _LIMIT + 500
_ADDRESSES = 8


class CrowdsTest(SystemCase):
    SYSTEM = {"redis": 1, "gateway_settings": {"MAX_HTTP_CONNECTIONS": _LIMIT,
                                               "HTTP_READ_TIMEOUT_SECONDS": 3,
                                               "HTTP_IDLE_TIMEOUT_SECONDS": 60}}

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < _FILES:
            raise AssertionError(f"only {hard} open files are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _FILES), hard))  # the gateway's, too
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        super().setUpClass()

    def connect(self, count, addresses=_ADDRESSES):
        """Connections of so many client addresses, in turn."""
        connections = [socket.create_connection(("127.0.0.1", self.system.gateway.port), 20,
                                                (f"127.0.0.{2 + i % addresses}", 0))
                       for i in range(count)]
        for connection in connections:
            self.addCleanup(connection.close)
        return connections

    def connections(self):
        for line in self.system.gateway.metrics().splitlines():
            if line.startswith("kache_gateway_connections "):
                return float(line.split()[1])
        return 0

    def test_a_full_house_of_slow_requests_empties_by_itself(self):
        slow = self.connect(_LIMIT)
        for connection in slow:
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"GET /api/v1/keys/k HTTP/1.1\r\nX-Slow: ")
        # There is room for whoever comes from another address.
        self.assertEqual(self.rest.request("GET", "/livez").status, 200)
        answers = [self.answer(connection) for connection in slow]
        self.assertLessEqual(set(answers), {b"408", b"503", b""})
        self.assertGreater(answers.count(b"408"), _LIMIT * 9 // 10)
        wait_until(lambda: self.connections() < 100, "they are gone")
        self.assertEqual(self.rest.put_raw(self.key(), b"v").status, 200)

    @staticmethod
    def answer(connection):
        connection.settimeout(30)
        try:
            return b" ".join(connection.recv(100).split(b" ")[1:2])
        except ConnectionError:
            return b""

    def test_one_address_keeps_nobody_out(self):
        crowd = self.connect(_LIMIT, addresses=1)
        wait_until(lambda: self.rejected() >= _LIMIT // 5, "those beyond three quarters are refused")
        self.assertEqual(self.rest.put_raw(self.key(), b"v").status, 200)
        self.assertEqual(self.answer(crowd[-1]), b"503")
        self.assertGreater(self.connections(), _LIMIT // 2)

    def rejected(self):
        return parse(self.system.gateway.metrics()).total("kache_gateway_rejected_total",
                                                          reason="too_many_connections_of_address")

    def test_idle_ones_leave_room_for_work(self):
        idle = self.connect(_LIMIT - 100)
        wait_until(lambda: self.connections() >= len(idle), "all are accepted")
        self.assertEqual(self.rest.put_raw(self.key(), b"v").status, 200)
        for connection in idle[::100]:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertIn(b" 200 ", connection.recv(1000).split(b"\r\n")[0])


if __name__ == "__main__":
    unittest.main()
