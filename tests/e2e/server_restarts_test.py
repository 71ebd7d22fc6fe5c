"""kache-server and kache-gateway stopped, killed and restarted under load."""

import time
import unittest

from harness import exposition
from harness.case import SystemCase
from harness.kache import fetch
from harness.load import Hey, KeyLoad
from harness.rest import RestClient, key_path
from harness.waiting import wait_until


class OneServerTest(SystemCase):
    SYSTEM = {"redis": 3}

    def test_restart_fails_no_request_of_a_client_that_retries(self):
        with KeyLoad(self.system.gateway, retry_seconds=15) as load:
            load.wait_for(100)
            self.system.server.stop()
            self.system.server.start()
            load.wait_for(100)
            self.system.server.kill()
            self.system.server.start()
            load.wait_for(100)
        self.assertEqual(load.failures[:5], [])
        metrics = exposition.parse(self.system.gateway.metrics())
        self.assertGreater(metrics.total("kache_gateway_upstream_retries_total"), 0)

    def test_failures_while_it_is_away_are_503_with_advice(self):
        with KeyLoad(self.system.gateway) as load:
            load.wait_for(100)
            self.system.server.kill()
            load.wait_for(20)
            self.system.server.start()
            wait_until(lambda: fetch(self.system.gateway.url + "/readyz")[0] == 200, "ready")
            after = time.time()
            load.wait_for(100)
        self.assertEqual({status for _, _, _, status in load.failures}, {503})
        self.assertEqual([f for f in load.failures if f[0] > after], [])


class TwoServersTest(SystemCase):
    SYSTEM = {"redis": 3, "servers": 2}

    def test_stopping_one_under_load_fails_nothing(self):
        with KeyLoad(self.system.gateway) as load:
            for server in self.system.servers:
                load.wait_for(200)
                server.stop()  # also checks that the exit code is 0
                load.wait_for(200)
                server.start()
                server.wait_up()
                self.wait_healthy(2)
        self.assertEqual(load.failures[:5], [])

    def test_killing_one_under_load_fails_nothing(self):
        with KeyLoad(self.system.gateway) as load:
            for server in self.system.servers:
                load.wait_for(200)
                server.kill()
                load.wait_for(200)
                server.start()
                server.wait_up()
                self.wait_healthy(2)
        self.assertEqual(load.failures[:5], [])

    def test_hey_while_one_stops(self):
        self.assertEqual(self.rest.put_raw("hey", b"v").status, 200)
        loads = [Hey(method, self.system.gateway, "hey", 6) for method in ("GET", "PUT")]
        time.sleep(2)
        self.system.servers[0].stop()
        self.system.servers[0].start()
        outcomes = [load.finish() for load in loads]
        for outcome in outcomes:
            self.assertEqual(outcome.failures, 0, outcomes)
        self.system.servers[0].wait_up()
        self.wait_healthy(2)

    def wait_healthy(self, servers):
        wait_until(lambda: f"kache_gateway_upstream_healthy_servers {servers}\n"
                   in self.system.gateway.metrics(), "healthy servers")


class StoppingTest(SystemCase):
    SYSTEM = {"redis": 3, "gateways": 2}

    def test_all_copies_of_accepted_writes_are_there_after_a_stop(self):
        rest = self.system.rest()
        for i in range(200):
            self.assertEqual(rest.put_raw(f"stop-{i}", b"v").status, 200)
        self.system.server.stop()
        for redis in self.system.redis:
            self.assertEqual(sum(key.startswith(b"kache:d:stop-") for key in redis.keys()), 200)
        self.system.server.start()
        self.system.server.wait_up()

    def test_gateway_finishes_what_it_accepted(self):
        gateway = self.system.gateways[1]
        gateway.settings["DRAIN_DELAY_SECONDS"] = 5
        gateway.stop()
        gateway.start()
        gateway.wait_ready()
        raw = RestClient(gateway.port).raw()
        body = b"v" * 1000
        raw.send(b"PUT %b HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"
                 % key_path("drained").encode() + body[:500])
        gateway.terminate()
        wait_until(lambda: fetch(gateway.url + "/readyz")[0] == 503, "not ready")
        self.assertEqual(fetch(gateway.url + "/livez")[0], 200)
        raw.send(body[500:])
        answer = raw.read()
        self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
        raw.close()
        gateway.stop()
        self.assertEqual(self.grpc.get(b"drained").value, body)


if __name__ == "__main__":
    unittest.main()
