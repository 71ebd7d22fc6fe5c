#!/usr/bin/env python3
"""deploy/compose.yaml on a real Docker engine: it comes up, stores and reads keys, and a Redis
server that dies or freezes fails no request.

The images are expected to be built (docker compose build). Without an engine the test fails.
"""
import json
import unittest

import rest
from stack import compose, start_for

NOTICE_SECONDS = 90


class ComposeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = rest.RestClient(start_for(cls))

    def wait_for_state(self, node, state):
        rest.wait_until(
            lambda: self.client.node_states()[node] == state, NOTICE_SECONDS, f"{node} {state}"
        )

    def test_stores_and_reads(self):
        rest.put_and_get_many(self.client, "plain")
        nodes = sorted(self.client.node_states())
        self.assertEqual(nodes, [f"cache-{i}" for i in (1, 2, 3, 4)])
        for node in nodes:
            self.wait_for_state(node, "UP")

    def test_killed_redis_fails_no_request(self):
        rest.put_and_get_many(self.client, "before")
        compose("kill", "redis-2")
        rest.put_and_get_many(self.client, "killed")
        self.wait_for_state("cache-2", "DOWN")
        rest.put_and_get_many(self.client, "down")
        compose("start", "redis-2")
        self.wait_for_state("cache-2", "UP")
        rest.put_and_get_many(self.client, "back")

    def test_frozen_redis_fails_no_request(self):
        compose("pause", "redis-3")
        self.addCleanup(self.wait_for_state, "cache-3", "UP")
        self.addCleanup(compose, "unpause", "redis-3")
        rest.put_and_get_many(self.client, "frozen")
        self.wait_for_state("cache-3", "DOWN")
        rest.put_and_get_many(self.client, "known")

    def test_each_image_is_built_once(self):
        services = json.loads(compose("config", "--format", "json"))["services"].values()
        built = sorted(service["image"] for service in services if "build" in service)
        self.assertEqual(built, sorted({service["image"] for service in services}))

    def test_the_profile_monitoring_is_understood(self):
        command = ("--profile", "monitoring", "config", "--format", "json")
        config = json.loads(compose(*command))
        watching = {"prometheus", "grafana"}
        self.assertLessEqual(watching, set(config["services"]))
        plain = json.loads(compose("config", "--format", "json"))["services"]
        self.assertFalse(watching & set(plain))

    def test_runs_without_privileges(self):
        for service in ("server", "gateway", "redis-1"):
            status = compose("exec", "-T", service, "cat", "/proc/1/status")
            fields = dict(line.split(":", 1) for line in status.splitlines())
            self.assertNotIn("0", fields["Uid"].split())
            self.assertEqual(int(fields["CapEff"], 16), 0)
            with self.assertRaises(AssertionError):
                compose("exec", "-T", service, "touch", "/file")


if __name__ == "__main__":
    unittest.main(verbosity=2)
