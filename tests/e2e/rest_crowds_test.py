"""Thousands of connections at once, slow ones among them."""

import resource
import socket
import unittest

from harness.case import SystemCase
from harness.waiting import wait_until

_LIMIT = 2000
_FILES = 2 * _LIMIT + 500


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

    def connect(self, count):
        connections = [socket.create_connection(("127.0.0.1", self.system.gateway.port), 20)
                       for _ in range(count)]
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
            connection.sendall(b"GET /api/v1/keys/k HTTP/1.1\r\nX-Slow: ")
        # Whoever comes now is told so, or finds a place that has just become free.
        answer = self.rest.request("GET", "/livez")
        self.assertIn(answer.status, (200, 503))
        for connection in slow:
            connection.settimeout(30)
            self.assertEqual(connection.recv(100).split(b" ")[1:2], [b"408"])
        wait_until(lambda: self.rest.request("GET", "/livez").status == 200, "there is room again")
        wait_until(lambda: self.connections() < 100, "they are gone")
        self.assertEqual(self.rest.put_raw(self.key(), b"v").status, 200)

    def test_idle_ones_leave_room_for_work(self):
        idle = self.connect(_LIMIT - 100)
        wait_until(lambda: self.connections() >= len(idle), "all are accepted")
        self.assertEqual(self.rest.put_raw(self.key(), b"v").status, 200)
        for connection in idle[::100]:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertIn(b" 200 ", connection.recv(1000).split(b"\r\n")[0])


if __name__ == "__main__":
    unittest.main()
