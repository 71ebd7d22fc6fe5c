#!/usr/bin/env python3
"""deploy/compose.yaml on a real Docker engine: it comes up, stores and reads keys, and a Redis
server that dies or freezes fails no request.

The images are expected to be built (docker compose build). Without an engine the test fails.
"""
import os
import pathlib
import subprocess
import unittest

import rest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = f"kache-test-{os.getpid()}"
UP_SECONDS = 180
NOTICE_SECONDS = 90


def compose(*arguments):
    """Runs docker compose for the test's own project, on free ports; returns its output."""
    command = ["docker", "compose", "-f", "deploy/compose.yaml", "-p", PROJECT, *arguments]
    environment = {**os.environ, "KACHE_HTTP_PORT": "", "KACHE_GRPC_PORT": ""}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=UP_SECONDS
    )
    if ended.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def containers_with_trouble():
    return compose("ps", "-a", "--format", "{{.Service}} {{.Status}}") + compose(
        "logs", "--no-color", "--tail", "20"
    )


class ComposeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(compose, "down", "-v", "--timeout", "10")
        try:
            compose("up", "-d", "--wait", "--no-build")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{containers_with_trouble()}") from error
        cls.client = rest.RestClient(compose("port", "gateway", "8080").strip())

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
