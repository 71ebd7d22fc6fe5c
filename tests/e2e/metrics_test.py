"""/metrics of both programs: the format, the names, and that the counters move."""

import unittest

from harness import exposition
from harness.case import SystemCase
from harness.rest import key_path
from harness.waiting import wait_until


class MetricsTest(SystemCase):
    SYSTEM = {"durable": True}

    def server(self):
        return exposition.parse(self.system.server.metrics())

    def gateway(self):
        return exposition.parse(self.system.gateway.metrics())

    def wait_for(self, read, name, more_than=0, **labels):
        wait_until(lambda: read().total(name, **labels) > more_than, f"{name} {labels}")

    def test_requests_are_counted_by_rpc_and_code(self):
        def total(**labels):
            return self.server().total("kache_requests_total", **labels)

        before = {rpc: total(rpc=rpc, code="OK") for rpc in ("Get", "Put", "Delete", "BatchGet")}
        bad = total(rpc="Put", code="INVALID_ARGUMENT")
        for _ in range(3):
            self.grpc.put(b"k", b"v")
            self.grpc.get(b"k")
            self.grpc.delete(b"k")
            self.rest.post("batchGet", {"keys": ["k", "l"]})
            with self.assertRaises(Exception):
                self.grpc.put(b"", b"v")
        for rpc, count in before.items():
            wait_until(lambda: total(rpc=rpc, code="OK") == count + 3, rpc)
        wait_until(lambda: total(rpc="Put", code="INVALID_ARGUMENT") == bad + 3, "bad puts")

    def test_single_keys_by_rest_are_counted_in_the_same_family(self):
        """They go by Pipeline streams."""
        def counts():
            metrics = self.server()
            return (metrics.total("kache_requests_total", rpc="Get", code="OK"),
                    metrics.total("kache_requests_total", rpc="Get", via="pipeline", code="OK"),
                    metrics.total("kache_request_seconds_count", rpc="Get", via="pipeline"))

        self.rest.put_raw("k", b"v")
        before = counts()
        for _ in range(3):
            self.assertEqual(self.rest.get("k").status, 200)
        wait_until(lambda: counts() == tuple(n + 3 for n in before), f"3 more than {before}")

    def test_latencies_are_histograms(self):
        self.grpc.put(b"k", b"v")
        gateway = self.gateway()

        def counted():
            server = self.server()
            histograms = [name for name, kind in server.types.items() if kind == "histogram"]
            return any(server.total(name + "_count", rpc="Put") > 0 for name in histograms)

        wait_until(counted, "a histogram with Puts")
        self.rest.put_raw("k", b"v")
        self.assertEqual(gateway.types["kache_gateway_request_seconds"], "histogram")
        self.wait_for(self.gateway, "kache_gateway_request_seconds_count",
                      route="/api/v1/keys/{key}")

    def test_gateway_counts_by_route_method_and_status(self):
        def total(**labels):
            return self.gateway().total("kache_gateway_requests_total", **labels)

        key = "/api/v1/keys/{key}"
        before = (total(route=key, method="PUT", code="200"), total(route=key, code="404"),
                  total(route="none", code="404"), total(code="405"))
        self.rest.put_raw("k", b"v")
        self.rest.get("missing")
        self.rest.request("GET", "/nowhere")
        self.rest.request("PATCH", "/ping")

        def after():
            return (total(route=key, method="PUT", code="200"), total(route=key, code="404"),
                    total(route="none", code="404"), total(code="405"))

        wait_until(lambda: after() == tuple(n + 1 for n in before), "one of each is counted")

    def test_keys_never_become_labels(self):
        for i in range(20):
            self.rest.request("GET", f"/canary-{i}")
            self.rest.put_raw(f"canary-{i}", b"v")
            self.rest.request(f"CANARY{i}", key_path("k"))
        for text in (self.system.server.metrics(), self.system.gateway.metrics()):
            self.assertNotIn("canary", text.lower())

    def test_refusals_are_counted(self):
        name = "kache_gateway_rejected_total"
        before = self.gateway()
        with self.rest.raw() as raw:
            raw.send(b"nonsense\r\n\r\n").read()
        with self.rest.raw() as raw:
            raw.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000).read()
        self.rest.put_raw("k", b"v" * (2**20 + 1))
        for reason in ("bad_request", "headers_too_large", "body_too_large"):
            self.wait_for(self.gateway, name, before.total(name, reason=reason), reason=reason)

    def test_names_of_the_queues_and_limits(self):
        server, gateway = self.server(), self.gateway()
        for name in ("kache_in_flight_operations", "kache_rejected_total", "kache_node_state",
                     "kache_node_commands_total", "kache_node_error_replies_total",
                     "kache_node_timeouts_total", "kache_node_waiting_commands",
                     "kache_node_queued_bytes", "kache_shard_running_operations",
                     "kache_shard_cpu_seconds_total", "kache_reads_degraded_total",
                     "kache_writes_degraded_total", "kache_writes_to_stand_in_total",
                     "kache_write_replicas_missed_total", "kache_read_tries_failed_total"):
            self.assertTrue(server.has(name), name)
        for name in ("kache_gateway_in_flight_requests", "kache_gateway_connections",
                     "kache_gateway_rejected_total", "kache_gateway_upstream_retries_total",
                     "kache_gateway_upstream_healthy_servers",
                     "kache_gateway_upstream_requests_total"):
            self.assertTrue(gateway.has(name), name)
        for name in (*server.types, *gateway.types):
            if not name.startswith("exposer_"):
                self.assertRegex(name, "^kache_[a-z0-9_]+$")

    def test_node_state_and_degraded_paths_move_when_a_node_dies(self):
        node = self.system.redis[0].url
        key = self.system.key_with_homes(0).encode()
        self.grpc.put(key, b"v")
        before = self.server()
        self.assertEqual(before.label_values("kache_node_state", "node"),
                         {redis.url for redis in self.system.redis})
        self.system.redis[0].freeze()
        for _ in range(3):
            self.assertTrue(self.grpc.get(key).receipt.degraded)
            self.assertTrue(self.grpc.put(key, b"v").receipt.degraded)
        for name in ("kache_reads_degraded_total", "kache_writes_degraded_total",
                     "kache_read_tries_failed_total"):
            self.wait_for(self.server, name, before.total(name))
        self.wait_for(self.server, "kache_node_timeouts_total", node=node)
        wait_until(lambda: self.system.server.nodes_up() == 3, "DOWN")
        self.grpc.put(key, b"v")
        self.wait_for(self.server, "kache_writes_to_stand_in_total",
                      before.total("kache_writes_to_stand_in_total"))
        before_return = self.server()
        self.system.redis[0].thaw()
        self.system.server.wait_up()
        wait_until(lambda: self.server().samples != before_return.samples, "the states")


if __name__ == "__main__":
    unittest.main()
