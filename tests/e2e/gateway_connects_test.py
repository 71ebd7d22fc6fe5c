"""How the gateway finds, loses and finds again the servers behind it."""

import time
import unittest

from harness import exposition
from harness.case import UNHURRIED, SystemCase
from harness.kache import KacheGateway
from harness.rest import RestClient, key_path
from harness.waiting import wait_until


class ReadinessTest(SystemCase):
    SYSTEM = {"redis": 1, "gateways": 0}

    def gateway(self, **settings):
        gateway = KacheGateway([self.system.server.address], settings).start()
        self.addCleanup(gateway.stop)
        return gateway

    def test_ready_soon_after_the_start(self):
        begin = time.monotonic()
        self.gateway().wait_ready()
        self.assertLess(time.monotonic() - begin, 10)

    def test_comes_up_without_a_server_and_recovers_when_one_comes(self):
        self.system.server.stop()
        gateway = self.gateway()
        gateway.wait_for("/livez")
        rest = RestClient(gateway.port)
        for path in ("/readyz", "/ping", "/status"):
            self.assert_error(rest.request("GET", path), 503, "UNAVAILABLE")
        self.assert_error(rest.put_raw("k", b"v"), 503, "UNAVAILABLE")
        self.assertEqual(rest.request("GET", "/livez").status, 200)
        self.assertEqual(rest.request("GET", "/metrics").status, 200)

        for _ in range(2):
            self.system.server.start()
            gateway.wait_for("/readyz")
            self.assertEqual(rest.put_raw("k", b"v").status, 200)
            self.system.server.kill()
            gateway.wait_for("/readyz", status=503)
            self.assertEqual(rest.get("k").status, 503)
        self.system.server.start()
        gateway.wait_for("/readyz")
        self.assertEqual(rest.get("k").status, 200)

    def test_frozen_server_fails_in_time_and_comes_back(self):
        rest = RestClient(self.gateway(REQUEST_TIMEOUT_MS=1000).wait_ready().port)
        self.system.server.freeze()
        begin = time.monotonic()
        self.assertIn(rest.get("k").status, (503, 504))
        self.assertLess(time.monotonic() - begin, 8)
        self.system.server.thaw()
        wait_until(lambda: rest.put_raw("k", b"v").status == 200, "served again")


class HeldUpTest(SystemCase):
    SYSTEM = {"redis": 1, "server_settings": UNHURRIED,
              "gateway_settings": {"REQUEST_TIMEOUT_MS": 1000}}

    def in_flight(self):
        return exposition.parse(self.system.server.metrics()).total("kache_in_flight_operations")

    def status_of_a_get_held_up(self):
        """Redis answers within the deadline, while the gateway is held up beyond it."""
        self.system.redis[0].call("CLIENT", "PAUSE", "500", "ALL")
        with self.rest.raw() as raw:
            raw.send(b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % key_path("k").encode())
            wait_until(lambda: self.in_flight() == 1, "the server has it", pause=0.005)
            self.system.gateway.freeze()
            time.sleep(1.2)
            self.system.gateway.thaw()
            return raw.read().status

    def streams(self):
        return exposition.parse(self.system.gateway.metrics()).total(
            "kache_gateway_upstream_streams")

    def test_an_answer_that_came_meanwhile_is_no_timeout(self):
        """On a stream: an operation that travels as a call of its own has gRPC's own deadline."""
        for _ in range(6):
            wait_until(lambda: self.streams() > 0, "a stream is open")
            self.assertEqual(self.status_of_a_get_held_up(), 404)


class SeveralServersTest(SystemCase):
    SYSTEM = {"redis": 2, "servers": 2}

    def test_both_servers_get_requests(self):
        def served(server):
            metrics = exposition.parse(server.metrics())
            return metrics.total("kache_requests_total", rpc="Put", code="OK")

        def both_serve():
            for i in range(20):
                self.assertEqual(self.rest.put_raw(f"k{i}", b"v").status, 200)
            return all(served(server) > 0 for server in self.system.servers)

        wait_until(both_serve, "both servers serve")

    def test_one_of_two_is_enough(self):
        self.system.servers[0].kill()
        for i in range(100):
            self.assertEqual(self.rest.put_raw(f"k{i}", b"v").status, 200)
            self.assertEqual(self.rest.get(f"k{i}").status, 200)
        self.assertEqual(self.rest.request("GET", "/readyz").status, 200)
        self.system.servers[0].start()
        self.system.servers[0].wait_up()
        wait_until(lambda: "kache_gateway_upstream_healthy_servers 2" in self.system.gateway.metrics(),
                   "two healthy servers")

    def test_name_with_several_addresses(self):
        # localhost is 127.0.0.1 and ::1 on most machines; only one of them listens.
        gateway = KacheGateway([f"localhost:{self.system.servers[1].port}"]).start()
        self.addCleanup(gateway.stop)
        gateway.wait_ready()
        rest = RestClient(gateway.port)
        for _ in range(20):
            self.assertEqual(rest.put_raw("k", b"v").status, 200)


if __name__ == "__main__":
    unittest.main()
