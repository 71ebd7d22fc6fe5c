"""/ping, /status, /livez, /readyz, /metrics; paths and methods that are not there."""

import unittest

from harness.case import SystemCase
from harness.kache import KacheGateway
from harness.rest import RestClient, key_path
from harness.waiting import wait_until


class OpsTest(SystemCase):
    def test_probes_answer(self):
        for path in ("/ping", "/livez", "/readyz"):
            answer = self.rest.request("GET", path)
            self.assertEqual(answer.status, 200, path)
            self.assertEqual(answer.headers["content-type"], "application/json")
            self.assertEqual(answer.headers["cache-control"], "no-store")
            self.assertEqual(self.rest.request("HEAD", path).status, 200)

    def test_status_shows_every_node(self):
        answer = self.rest.request("GET", "/status")
        self.assertEqual(answer.status, 200, answer.body)
        document = answer.json()
        self.assertEqual(document["replicationFactor"], 3)
        self.assertEqual(document["vnodesPerNode"], 100)
        self.assertRegex(document["ringFingerprint"], "^[0-9a-f]{16}$")
        nodes = document["nodes"]
        self.assertEqual([node["name"] for node in nodes], [r.url for r in self.system.redis])
        self.assertEqual([node["address"] for node in nodes], [r.url for r in self.system.redis])
        self.assertAlmostEqual(sum(node["share"] for node in nodes), 1, places=3)
        for node in nodes:
            self.assertEqual((node["state"], node["reason"]), ("UP", "ok"))
            self.assertRegex(node["runId"], "^[0-9a-f]{40}$")
            self.assertRegex(node["redisVersion"], r"^\d+\.\d+")
            self.assertGreater(node["since"], 1_500_000_000_000)
        wait_until(lambda: all(node["lastPing"] > 0 and node["pingRttMicros"] > 0 for node in
                               self.rest.request("GET", "/status").json()["nodes"]), "pings")

    def test_status_takes_no_parameters(self):
        answer = self.rest.request("GET", "/status?consistency=one")
        self.assert_error(answer, 400, "BAD_PARAMETER")

    def test_metrics_are_prometheus_text(self):
        answer = self.rest.request("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["content-type"].startswith("text/plain; version=0.0.4"))

    def test_unknown_paths_are_404(self):
        for path in ("/api", "/api/v1", "/api/v1/keys", "/api/v2/keys/k", "/api/v1/keys:batchGe",
                     "/api/v1/keys/a/b", "/Ping", "/ping/", "//ping", "/api/v1/keys:batchGet/",
                     "/api/v1/../v1/keys/k", "/metrics/x", "/api/v1/keysk"):
            with self.assert_writes_nothing():
                for method in ("GET", "PUT", "POST", "DELETE"):
                    answer = self.rest.request(method, path, b"v" if method == "PUT" else None)
                    self.assert_error(answer, 404, "NOT_FOUND")

    def test_wrong_methods_are_405_with_allow(self):
        key, batch = key_path("k"), "/api/v1/keys:batchPut"
        for method, path, allowed in (
            ("POST", key, {"GET", "HEAD", "PUT", "DELETE"}),
            ("PATCH", key, {"GET", "HEAD", "PUT", "DELETE"}),
            ("OPTIONS", key, {"GET", "HEAD", "PUT", "DELETE"}),
            ("TRACE", key, {"GET", "HEAD", "PUT", "DELETE"}),
            ("GET", batch, {"POST"}), ("PUT", batch, {"POST"}), ("DELETE", batch, {"POST"}),
            ("PUT", "/ping", {"GET", "HEAD"}), ("POST", "/status", {"GET", "HEAD"}),
            ("DELETE", "/metrics", {"GET", "HEAD"}), ("POST", "/livez", {"GET", "HEAD"}),
        ):
            with self.subTest(f"{method} {path}"), self.assert_writes_nothing():
                answer = self.rest.request(method, path)
                self.assert_error(answer, 405, "METHOD_NOT_ALLOWED")
                self.assertEqual(set(answer.headers["allow"].split(", ")), allowed)


class HostsTest(SystemCase):
    """What a web page sends whose own name leads to the gateway (DNS rebinding)."""

    SYSTEM = {"redis": 1, "gateways": 0}
    STRANGER = {"Host": "evil.example:8080"}

    def gateway(self, **settings):
        gateway = KacheGateway([self.system.server.address], settings, folder=self.system.folder)
        gateway.start()
        self.addCleanup(gateway.kill)
        gateway.wait_ready()
        return RestClient(gateway.port)

    def test_a_strangers_page_neither_writes_nor_reads(self):
        rest = self.gateway()
        self.assertEqual(rest.put_raw("k", b"mine").status, 200)
        for method, path in (("PUT", key_path("k")), ("GET", key_path("k")),
                             ("DELETE", key_path("k")), ("POST", "/api/v1/keys:batchPut"),
                             ("GET", "/status"), ("GET", "/metrics"), ("GET", "/"), ("GET", "/no")):
            body = b"theirs" if method in ("PUT", "POST") else None
            answer = rest.request(method, path, body, self.STRANGER)
            self.assert_error(answer, 403, "HOST_NOT_ALLOWED")
            self.assertIn("HTTP_ALLOWED_HOSTS", answer.json()["error"]["message"])
        self.assertEqual(rest.get("k").json()["value"], "mine")
        for probe in ("/livez", "/readyz", "/ping"):
            self.assertEqual(rest.request("GET", probe, headers=self.STRANGER).status, 200, probe)

    def test_the_gateways_own_names_are_allowed(self):
        rest = self.gateway(HTTP_ALLOWED_HOSTS="kache.example.com")
        for host in ("kache.example.com", "KACHE.example.com:443", "localhost:8080", "[::1]:8080",
                     "10.0.0.1", "kache-gateway", "kache-gateway.kache.svc.cluster.local"):
            self.assertEqual(rest.get(self.key(), host=host).status, 404, host)
        self.assert_error(rest.get(self.key(), host="evil.example"), 403, "HOST_NOT_ALLOWED")
        rest = self.gateway(HTTP_ALLOWED_HOSTS="*")
        self.assertEqual(rest.get(self.key(), host="evil.example").status, 404)


class NodeStatesTest(SystemCase):
    def nodes(self):
        return self.rest.request("GET", "/status").json()["nodes"]

    def test_dead_and_frozen_servers_are_shown_and_come_back(self):
        dead, frozen = self.system.redis[1], self.system.redis[2]
        run_id = self.nodes()[1]["runId"]
        dead.kill()
        frozen.freeze()

        def with_two_down():
            nodes = self.nodes()
            states = [node["state"] for node in nodes]
            # A little later it is one that can't be connected to.
            asked = nodes[2]["reason"] == "unresponsive"
            return nodes if asked and states == ["UP", "DOWN", "DOWN", "UP"] else None

        nodes = wait_until(with_two_down, "two nodes DOWN")
        self.assertIn(nodes[1]["reason"], ("connection_refused", "connection_lost"))
        for path in ("/ping", "/readyz", "/livez"):
            self.assertEqual(self.rest.request("GET", path).status, 200, path)

        dead.start()
        frozen.thaw()
        wait_until(lambda: all(n["state"] == "UP" for n in self.nodes()), "all nodes UP")
        self.assertNotEqual(self.nodes()[1]["runId"], run_id)

    def test_without_any_redis_nothing_is_ready_but_alive(self):
        for redis in self.system.redis:
            redis.kill()
        wait_until(lambda: self.rest.request("GET", "/ping").status == 503, "/ping 503")
        for path in ("/ping", "/readyz"):
            self.assert_error(self.rest.request("GET", path), 503, "UNAVAILABLE")
        self.assertEqual(self.rest.request("GET", "/livez").status, 200)
        self.assertEqual([n["state"] for n in self.nodes()], ["DOWN"] * 4)
        self.assert_error(self.rest.get("k"), 503, "UNAVAILABLE")
        self.assert_error(self.rest.put_raw("k", b"v"), 503, "UNAVAILABLE")
        self.assert_error(self.rest.delete("k"), 503, "UNAVAILABLE")

        for redis in self.system.redis:
            redis.start()
        wait_until(lambda: self.rest.request("GET", "/readyz").status == 200, "/readyz 200")
        wait_until(lambda: self.rest.put_raw("k", b"v").status == 200, "writes again")


if __name__ == "__main__":
    unittest.main()
