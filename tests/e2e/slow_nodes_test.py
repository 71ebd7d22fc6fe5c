"""One node that is slow, or has lost what it held, costs no request and no more memory than it may."""

import concurrent.futures
import os
import re
import time
import unittest

import grpc

from harness import paths
from harness.command import run
from harness.grpc_client import KacheClient
from harness.kache import KacheServer
from harness.slow_link import SlowLink
from harness.system import System
from harness.waiting import wait_until

MIB = 2**20


def peak(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024


class SlowNodesTest(unittest.TestCase):
    def start(self, redis, settings=None):
        """Redis servers, the last one behind self.link, and a coordinator over them."""
        self.system = System(redis=redis, servers=0, gateways=0).start()
        self.addCleanup(self.system.close)
        self.link = SlowLink(self.system.redis[-1].port)
        self.addCleanup(self.link.close)
        ports = [*(node.port for node in self.system.redis[:-1]), self.link.port]
        self.server = KacheServer(
            [f"n{i}=127.0.0.1:{port}" for i, port in enumerate(ports)],
            {"SHARDS": 1, "GRPC_THREADS": 1, **(settings or {})}, folder=self.system.folder)
        self.server.start().wait_up()
        self.addCleanup(self.server.kill)
        self.client = KacheClient(self.server.address)
        self.client.timeout = 60
        self.addCleanup(self.client.close)

    def bench(self, operation, enough, *options):
        """Runs kache-bench until it counted enough operations; those that failed, by code."""
        requests, errors = 0, {}
        deadline = time.monotonic() + 60
        while requests < enough and time.monotonic() < deadline:
            ended = run(paths.BENCH, "--server", self.server.address, "--mode", "unary",
                        "--workload", operation, "--no-fill", "--warmup", "0s", "--duration", "3s",
                        "--json", *options, seconds=120)
            counted = next(o for o in ended.json()["operations"] if o["operation"] == operation)
            requests += counted["requests"]
            for code, count in counted["errors"].items():
                errors[code] = errors.get(code, 0) + count
        self.assertGreaterEqual(requests, enough, "too few to show anything")
        return errors

    def fill(self, keys):
        value = os.urandom(MIB)
        for number in range(keys):
            self.client.put(b"kache-bench:%d" % number, value,
                            consistency=self.client.pb.CONSISTENCY_ALL)

    def metric(self, series):
        lines = re.findall(rf"^{re.escape(series)}\S* (\S+)$", self.server.metrics(), re.M)
        return sum(map(float, lines))

    def read_all(self, keys, callers):
        """The error of each QUORUM read that failed."""
        def read(number):
            try:
                answer = self.client.get(b"kache-bench:%d" % number,
                                         consistency=self.client.pb.CONSISTENCY_QUORUM)
                return None if len(answer.value) == MIB else "another value"
            except grpc.RpcError as error:
                return f"{error.code()} {error.details()}"

        with concurrent.futures.ThreadPoolExecutor(callers) as threads:
            return [error for error in threads.map(read, range(keys)) if error]

    def test_no_write_fails_beside_a_slow_node(self):
        self.start(4, {"MAX_IN_FLIGHT_BYTES": 64 * MIB})
        self.link.to_rate = 2_000_000
        errors = self.bench("put", 1500, "--keys", 1000, "--value-size", "64KiB",
                            "--concurrency", 48, "--timeout", "30s")
        self.assertEqual(errors, {})
        self.assertGreater(self.metric("kache_node_queue_full_total"), 0, "the node has kept up")
        self.link.to_rate = 0
        self.server.wait_up()

    def test_quorum_reads_beside_a_slow_node_keep_no_values(self):
        self.start(3, {"MAX_IN_FLIGHT_BYTES": 64 * MIB})
        self.fill(20)
        before = peak(self.server)
        self.link.from_rate = 1_000_000
        self.bench("get", 500, "--keys", 20, "--value-size", "1MiB", "--concurrency", 32,
                   "--timeout", "8s", "--consistency", "quorum")
        grown = peak(self.server) - before
        print(f"grown by {grown // MIB} MiB")
        self.assertLess(grown, 250 * MIB)

    def test_repairs_of_many_large_values_fail_no_read(self):
        keys = 80
        self.start(2, {"REPLICATION_FACTOR": 2, "MAX_CONNECTION_QUEUE_BYTES": 48 * MIB})
        self.fill(keys)
        for number in range(keys):
            self.system.redis[0].call("DEL", f"kache:d:kache-bench:{number}")
        self.assertEqual(self.read_all(keys, callers=40), [])
        self.assertEqual(self.metric("kache_node_queue_full_total"), 0)
        self.assertEqual(self.metric("kache_reads_repaired_total"), keys)

    def test_a_resync_of_large_values_fits_the_smallest_queues(self):
        keys = 40
        self.start(3, {"MAX_CONNECTION_QUEUE_BYTES": MIB + 1024 + 4096})
        self.fill(keys)
        self.system.redis[0].call("FLUSHALL")
        wait_until(lambda: self.server.nodes_up() < 3, "the loss is seen")
        self.server.wait_up()
        self.assertEqual(self.system.redis[0].call("EXISTS", "kache:d:kache-bench:0"), 1)
        self.assertNotIn("broke off", self.server.log)


if __name__ == "__main__":
    unittest.main()
