"""kache::Client against real processes, by way of `kache-bench --mode client`: thousands of calls
under way over streams, while servers are killed, restarted and frozen. Every value that is read is
verified."""

import json
import subprocess
import unittest

from harness import exposition, paths
from harness.case import SystemCase
from harness.process import clean_environment
from harness.waiting import wait_until


class Load:
    """One kache-bench; started on the main thread, so that it ends with the test."""

    def __init__(self, servers, *arguments, keys=5000):
        command = [paths.BENCH, "--mode", "client", "--check", "--json", "--workload", "a",
                   "--distribution", "uniform",
                   "--keys", keys, "--warmup", 0, "--server", ",".join(s.address for s in servers),
                   *arguments]
        self._run = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *map(str, command)], env=clean_environment({}),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def running(self):
        return self._run.poll() is None

    def finish(self, seconds=90):
        out, err = self._run.communicate(timeout=seconds)
        if not out:
            raise AssertionError(err)
        return json.loads(out)


class ClientLibraryTest(SystemCase):
    SYSTEM = {"redis": 3, "servers": 2, "gateways": 0}

    def operations(self, server):
        metrics = exposition.parse(server.metrics())
        return metrics.total("kache_requests_total", via="pipeline")

    def await_more(self, load, server, count=500):
        """Until `server` took `count` more operations of streams."""
        before = self.operations(server)

        wait_until(lambda: self.operations(server) >= before + count or not load.running(),
                   f"{server.name}: {count} operations on streams")
        self.assertTrue(load.running(), "the load ended too early")

    def assert_nothing_failed(self, document):
        shown = json.dumps(document)
        self.assertEqual((document["errors"], document["wrongValues"]), (0, 0), shown)
        self.assertGreater(sum(o["keys"] for o in document["operations"]), 0, shown)

    def test_killed_and_restarted_servers_fail_nothing(self):
        for server in self.system.servers:
            load = Load(self.system.servers, "--concurrency", 2000, "--duration", "12s",
                        "--timeout", "20s")
            self.await_more(load, server)
            server.kill()
            server.start()
            server.wait_up()
            self.await_more(load, server)
            self.assert_nothing_failed(load.finish())

    def test_a_frozen_server_fails_nothing(self):
        frozen, other = self.system.servers
        load = Load(self.system.servers, "--concurrency", 1000, "--duration", "8s", "--timeout",
                    "20s")
        self.await_more(load, frozen)
        frozen.freeze()
        try:
            self.await_more(load, other, 2000)
            self.assert_nothing_failed(load.finish())
        finally:
            frozen.thaw()

    def test_a_frozen_server_alone_costs_the_deadline(self):
        frozen = self.system.server
        load = Load([frozen], "--concurrency", 100, "--duration", "2s", "--timeout", "500ms")
        self.await_more(load, frozen)
        frozen.freeze()
        try:
            document = load.finish()
        finally:
            frozen.thaw()
        # Nothing is lost and nothing waits for ever: each call ended, the late ones as such.
        self.assertGreater(document["errors"], 0)
        self.assertEqual(document["wrongValues"], 0)
        slowest = max(o["latencyMicros"]["max"] for o in document["operations"])
        self.assertLess(slowest, 5_000_000)

    def test_small_and_large_values_side_by_side(self):
        load = Load(self.system.servers, "--concurrency", 64, "--duration", "2s", "--value-size",
                    "100:20,65536:2,65537:2,1MiB:1", "--key-prefix", "large:",
                    "--timeout", "20s", keys=100)
        self.assert_nothing_failed(load.finish())

    def test_unary_calls_only(self):
        before = [self.operations(server) for server in self.system.servers]
        load = Load(self.system.servers, "--streams", 0, "--duration", "500ms", "--timeout", "20s")
        self.assert_nothing_failed(load.finish())
        self.assertEqual(before, [self.operations(server) for server in self.system.servers])


if __name__ == "__main__":
    unittest.main()
