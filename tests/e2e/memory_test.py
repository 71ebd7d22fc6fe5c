"""What the server's memory stays under while others do not keep up. KACHE_MEMORY_SECONDS makes the
loads longer (default 6)."""

import os
import re
import threading
import time
import unittest

from harness import paths
from harness.case import SystemCase
from harness.command import run

SECONDS = int(os.environ.get("KACHE_MEMORY_SECONDS", "6"))
MIB = 2**20
IN_FLIGHT = 32 * MIB
QUEUE = 8 * MIB
# Besides what the settings bound: what the allocator keeps, and gRPC's own buffers, which have a quota
# of 512 MiB. Under the load below they take some 150 MiB, after a minute as after ten seconds.
SLACK = 256 * MIB


def memory(process, field):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(rf"{field}:\s+(\d+) kB", status.read()).group(1)) * 1024


class MemoryTest(SystemCase):
    SYSTEM = {"gateways": 0, "server_settings": {
        "MAX_IN_FLIGHT_BYTES": IN_FLIGHT, "MAX_CONNECTION_QUEUE_BYTES": QUEUE, "SHARDS": 1}}

    def setUp(self):
        self.before = memory(self.system.server, "VmRSS")
        with open(f"/proc/{self.system.server.pid}/clear_refs", "w", encoding="ascii") as clear:
            clear.write("5")  # The peak is measured anew.

    def grown(self):
        return memory(self.system.server, "VmHWM") - self.before

    def test_frozen_redis_under_full_write_load(self):
        bound = IN_FLIGHT + 4 * QUEUE + SLACK
        frozen = self.system.redis[1]
        frozen.freeze()
        try:
            # For longer where it takes longer to write enough to show anything.
            written = 0
            deadline = time.monotonic() + 10 * SECONDS
            while written <= bound and time.monotonic() < deadline:
                written += self.write_for_a_while()
        finally:
            frozen.thaw()
        print(f"{written // MIB} MiB written, grown by {self.grown() // MIB} MiB")
        self.assertGreater(written, bound, "too little to show anything")
        self.assertLess(self.grown(), bound)
        self.system.server.wait_up()

    def write_for_a_while(self):
        """The bytes that a full write load stored."""
        ended = run(paths.BENCH, "--server", self.system.server.address, "--workload", "put",
                    "--keys", 500, "--value-size", "100KiB", "--concurrency", 400, "--ttl", "1m",
                    "--warmup", "0", "--no-fill", "--timeout", "3s", "--duration", f"{SECONDS}s",
                    "--json", seconds=SECONDS + 60)
        put = next(o for o in ended.json()["operations"] if o["operation"] == "put")
        return put["requests"] * 100 * 1024

    def test_client_that_never_reads_its_answers(self):
        """Its stream is read no further once its operations and their answers fill the limits."""
        bound = IN_FLIGHT + SLACK
        pb = self.grpc.pb
        self.grpc.put(b"large", b"v" * (256 * 1024))
        sent = 0
        stop = threading.Event()

        def requests():
            nonlocal sent
            while not stop.is_set():
                sent += 1
                yield pb.PipelineRequest(operations=[
                    pb.PipelineOperation(id=sent * 16 + i, get=pb.GetRequest(key=b"large"))
                    for i in range(16)])

        client = self.system.grpc()
        call = client.stub.Pipeline(requests(), timeout=SECONDS + 30)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            self.assertLess(self.grown(), bound)
            # Others are served meanwhile; the connection itself has its share alone.
            self.assertTrue(self.grpc.get(b"large").found)
            time.sleep(0.05)
        stop.set()
        call.cancel()
        client.close()
        print(f"{sent * 16} operations sent, grown by {self.grown() // MIB} MiB")
        self.assertGreater(sent * 16, 100)

    def test_clients_that_vanish_leave_nothing_behind(self):
        pb = self.grpc.pb
        self.grpc.put(b"large", b"v" * (256 * 1024))
        for _ in range(50):
            client = self.system.grpc()
            call = client.stub.Pipeline(iter([pb.PipelineRequest(operations=[
                pb.PipelineOperation(id=i, get=pb.GetRequest(key=b"large"))
                for i in range(100)])]), timeout=5)
            next(call)
            client.close()
        self.assertLess(self.grown(), IN_FLIGHT + SLACK)


class FreedMemoryTest(SystemCase):
    """Calls that end on one thread while another one hands their answers over. jemalloc overwrites what
    is freed, so that a program which uses it again ends."""

    SYSTEM = {"redis": 3, "gateways": 0, "server_settings": {
        "SHARDS": 1, "GRPC_THREADS": 1, "MALLOC_CONF": "junk:true,tcache:false"}}
    BURSTS = 60
    CALLS = 48  # more than the endpoint of a batch keeps for the next calls
    VALUE = b"v" * 70_000  # messages of this size are given back early

    def play_bursts(self, start_call):
        for _ in range(self.BURSTS):
            for call in [start_call(number) for number in range(self.CALLS)]:
                call.result()
        self.assert_answers()

    def test_bursts_of_large_answers(self):
        pb = self.grpc.pb
        self.grpc.put(b"large", self.VALUE, consistency=pb.CONSISTENCY_ALL)
        self.play_bursts(lambda _: self.grpc.stub.BatchGet.future(
            pb.BatchGetRequest(keys=[b"large"]), timeout=10))

    def test_bursts_of_large_requests(self):
        pb = self.grpc.pb
        self.play_bursts(lambda number: self.grpc.stub.BatchPut.future(
            pb.BatchPutRequest(entries=[pb.BatchPutRequest.Entry(
                key=b"large-%d" % number, value=self.VALUE)]), timeout=10))


if __name__ == "__main__":
    unittest.main()
