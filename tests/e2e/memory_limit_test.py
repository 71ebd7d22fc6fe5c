"""Crowds with values of 1 MiB at programs that run under the memory limits of deploy/kubernetes, as a
container would: refusals, but no kill; the memory is used, and comes back; callers with small values go
on being served. Needs root and a memory controller (cgroup version 1 or 2)."""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest

import grpc

from harness import paths
from harness.case import SystemCase
from harness.command import run
from harness.grpc_client import KacheClient
from harness.http2 import CONTINUATION, END_HEADERS, HEADERS, Connection, frame, headers
from harness.http_crowd import KEYS, MIB, key_name, value_of
from harness.memory_group import MemoryGroup
from harness.process import clean_environment
from harness.system import System
from harness.waiting import wait_until

CONNECTIONS = 300
HALF_REQUESTS = 800
REFUSED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
SECONDS = 4


def shipped_limit(program):
    """The memory limit of the container in deploy/kubernetes, in bytes."""
    text = (paths.ROOT / "deploy/kubernetes" / f"{program}.yaml").read_text(encoding="utf-8")
    limits = re.search(r"limits:\n\s+cpu: .*\n\s+memory: (\d+)Mi\n", text)
    return int(limits.group(1)) * MIB


class Refused(Exception):
    """Nothing was done, and the caller may try again."""


class Beside(threading.Thread):
    """Runs beside the block that it is the context of, and is told when that ends."""

    def __init__(self):
        super().__init__(daemon=True)
        self._ended = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()


class OrdinaryCaller(Beside):
    """Writes and reads small values one after another, and keeps what went wrong. What is refused it
    tries again, as the programs of docs/clients do."""

    WAITS = (0.05, 0.2, 1)

    def __init__(self, call, pause=0.02):
        super().__init__()
        self._call = call
        self._pause = pause
        self.calls = 0
        self.refused = 0  # and tried again
        self.slowest = 0
        self.problems = []

    def run(self):
        while not self._ended.is_set():
            problem = self._try()
            self.calls += 1
            if problem:
                self.problems.append(problem)
            time.sleep(self._pause)

    def _try(self):
        """What was wrong, None = nothing."""
        problem = None
        for wait in (*self.WAITS, 0):
            started = time.monotonic()
            try:
                return self._call(self.calls)
            except Refused as refusal:
                problem = str(refusal)
                self.refused += 1
                time.sleep(wait)
            except Exception as error:  # pylint: disable=broad-exception-caught
                return repr(error)
            finally:
                self.slowest = max(self.slowest, time.monotonic() - started)
        return problem


class Peak(Beside):
    """Samples what the group uses."""

    def __init__(self, group):
        super().__init__()
        self._group = group
        self.bytes = 0

    def run(self):
        while not self._ended.wait(0.02):
            self.bytes = max(self.bytes, self._group.used)


class StartTest(unittest.TestCase):
    LIMIT = 256 * MIB

    def start(self, program, **settings):
        group = MemoryGroup(self.LIMIT)
        self.addCleanup(group.close)
        return subprocess.run(group.entering([str(program)]), env=clean_environment(settings),
                              capture_output=True, text=True, timeout=20, check=False)

    def test_settings_that_do_not_fit_stop_the_start_and_the_sum_is_shown(self):
        for program, setting in ((paths.GATEWAY, "MAX_HTTP_BUFFER_BYTES"),
                                 (paths.SERVER, "MAX_IN_FLIGHT_BYTES")):
            with self.subTest(program.name):
                ended = self.start(program, **{setting: self.LIMIT})
                self.assertEqual(ended.returncode, 2, ended.stderr)
                self.assertRegex(ended.stderr, "memory limit of 256.0 MiB .*"
                                 f"{setting} 256.0 MiB [+] .* = [0-9.]+ MiB")

    def test_every_setting_that_does_not_fit_stops_the_start(self):
        for program, setting, value in ((paths.GATEWAY, "MAX_VALUE_BYTES", 64 * MIB),
                                        (paths.GATEWAY, "MAX_BATCH_BYTES", 64 * MIB),
                                        (paths.GATEWAY, "GATEWAY_THREADS", 1024),
                                        (paths.SERVER, "MAX_VALUE_BYTES", 64 * MIB),
                                        (paths.SERVER, "MAX_BATCH_BYTES", 64 * MIB),
                                        (paths.SERVER, "SHARDS", 256)):
            with self.subTest(f"{program.name} {setting}"):
                ended = self.start(program, **{setting: value})
                self.assertEqual(ended.returncode, 2, ended.stderr)
                self.assertIn(f"{setting}: the settings allow more than the memory limit", ended.stderr)


class LimitCase(SystemCase):
    PROGRAM = None  # whose limit it runs under
    KINDS = ()

    @classmethod
    def setUpClass(cls):
        cls.group = MemoryGroup(shipped_limit(cls.PROGRAM))
        cls.addClassCleanup(cls.group.close)
        cls.system = System(**cls.SYSTEM)
        cls.limited().group = cls.group
        cls.system.start()
        cls.addClassCleanup(cls.system.close)
        cls.rest = cls.system.rest()
        cls.grpc = cls.system.grpc()
        # So that what a first request allocates for good is not taken for a crowd's.
        for number in range(KEYS):
            cls.system.rest().put_raw(key_name(number), value_of(key_name(number), 0))
        time.sleep(1)

    @classmethod
    def limited(cls):
        raise NotImplementedError

    def crowd(self, kind):
        """What the crowd's program printed."""
        raise NotImplementedError

    def ordinary_call(self, number):
        """None, or what was wrong."""
        raise NotImplementedError

    def play(self, kind):
        """One crowd, and all that must hold of every one; returns what it printed."""
        before = self.group.used
        with Peak(self.group) as peak, OrdinaryCaller(self.ordinary_call) as caller:
            seen = self.crowd(kind)
        print(f"{kind}: {seen.get('statuses', seen)} before={before // MIB} MiB "
              f"peak={peak.bytes // MIB} of {self.group.limit // MIB} MiB "
              f"calls={caller.calls} refused={caller.refused} slowest={caller.slowest:.2f} s")
        self.assertEqual(self.group.killed, 0, "killed for want of memory")
        self.assertTrue(self.limited().running)
        self.assertEqual(caller.problems[:5], [], f"of {caller.calls} calls of the other caller")
        # A few at least, behind the hundreds of mebibytes that one machine is busy with.
        self.assertGreater(caller.calls, 4)
        self.assertLessEqual(caller.refused, 3 + caller.calls // 10)
        # Back to what it was, but for what the allocator keeps.
        wait_until(lambda: self.group.used < before + self.group.limit // 8,
                   f"memory to come back, {self.group.used // MIB} MiB now", seconds=15)
        return seen

    def play_standstill(self, behind, kind):
        """A crowd while the processes behind the limited one stand still: what may wait, waits."""
        before = self.group.used
        with Peak(self.group) as peak:
            for process in behind:
                process.freeze()
            try:
                self.crowd(kind)
            finally:
                for process in behind:
                    process.thaw()
        print(f"{kind}, standstill: peak={peak.bytes // MIB} of {self.group.limit // MIB} MiB")
        self.assertEqual(self.group.killed, 0, "killed for want of memory")
        wait_until(lambda: self.group.used < before + self.group.limit // 8,
                   f"memory to come back, {self.group.used // MIB} MiB now", seconds=15)
        wait_until(lambda: self.ordinary_call(0) is None, "all is as before")

    def assert_not_padded(self):
        peak = self.group.peak  # as the limit counts
        print(f"the peak of all: {peak // MIB} of {self.group.limit // MIB} MiB")
        self.assertGreaterEqual(peak, self.group.limit // 2, "the sum is padded")

    def run_crowd(self, module, port, kind):
        ended = subprocess.run(
            [sys.executable, "-m", module, str(port), kind, str(CONNECTIONS), str(SECONDS)],
            cwd=os.path.dirname(os.path.abspath(__file__)), capture_output=True, text=True,
            timeout=120, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)


class GatewayTest(LimitCase):
    PROGRAM = "gateway"
    SYSTEM = {"servers": 2}

    @classmethod
    def limited(cls):
        return cls.system.gateway

    def crowd(self, kind):
        return self.run_crowd("harness.http_crowd", self.system.gateway.port, kind)

    def ordinary_call(self, number):
        key, value = f"ordinary-{number % 100}", b"o" * 1000
        # At ONE a read through the other coordinator may miss what is on its way.
        put = self.rest.put_raw(key, value, "?consistency=quorum")
        got = self.rest.get(key, "?consistency=quorum", accept="application/octet-stream")
        for name, answer in (("PUT", put), ("GET", got)):
            if answer.status in (429, 503):
                raise Refused(f"{name} {answer.status} {answer.body[:200]}")
            if answer.status != 200:
                return f"{name} {answer.status} {answer.body[:200]}"
        return None if got.body == value else "another value"

    def test_crowds(self):
        for kind in ("put", "slow_put", "slow_get", "mixed"):
            with self.subTest(kind):
                seen = self.play(kind)
                statuses = {int(status): count for status, count in seen["statuses"].items()}
                self.assertLessEqual(set(statuses), {0, 200, 429, 503, 504}, statuses)
                self.assertGreater(statuses.get(200, 0), 0, statuses)
                if kind != "put":  # where all wait at once, not all can be held
                    self.assertGreater(statuses.get(503, 0), 0, statuses)
                self.assert_nothing_half_done(seen)
        # More connections than the crowd's, each with the beginning of a request.
        with contextlib.ExitStack() as half:
            for _ in range(HALF_REQUESTS):
                raw = half.enter_context(self.rest.raw())
                raw.send(b"GET / HTTP/1.1\r\nHost: crowd\r\nX-Half: " + b"x" * 3000)
            self.play_standstill(self.system.servers, "put")
        self.assert_not_padded()
        self.assertIn('kache_gateway_rejected_total{reason="memory"}',
                      self.system.gateway.metrics())

    def assert_nothing_half_done(self, seen):
        """Each key holds one of the values that were acknowledged, or of which nobody knows."""
        for key, attempts in seen["stored"].items():
            got = self.rest.get(key, accept="application/octet-stream")
            self.assertEqual(got.status, 200, key)
            attempt = int(got.body[:40].split(b" ")[1])
            self.assertEqual(got.body, value_of(key, attempt), key)
            self.assertIn(attempt, attempts + seen["unknown"].get(key, []), key)


class ServerTest(LimitCase):
    PROGRAM = "server"
    SYSTEM = {"server_settings": {"REQUEST_TIMEOUT_MS": 5000}}

    @classmethod
    def limited(cls):
        return cls.system.server

    def crowd(self, kind):
        if kind == "put":
            return self.bench()
        return self.run_crowd("harness.grpc_crowd", self.system.server.port, kind)

    def bench(self):
        ended = run(paths.BENCH, "--server", self.system.server.address, "--workload", "put",
                    "--keys", KEYS, "--value-size", "1MiB", "--connections", CONNECTIONS,
                    "--concurrency", CONNECTIONS, "--ttl", "10m", "--warmup", "0", "--timeout",
                    "5s", "--duration", f"{SECONDS}s", "--json", seconds=SECONDS + 60)
        return ended.json()

    def ordinary_call(self, number):
        """gRPC may end a connection to get memory back, also one that has little."""
        key, value = b"ordinary-%d" % (number % 100), b"o" * 1000
        try:
            self.grpc.put(key, value)
            return None if self.grpc.get(key).value == value else "another value"
        except grpc.RpcError as error:
            if error.code() in REFUSED:
                raise Refused(f"{error.code()} {error.details()}") from error
            raise

    def test_crowds(self):
        for kind in ("put", "slow_put", "slow_get", "mixed"):
            with self.subTest(kind):
                self.play(kind)
        connections = [Connection(self.system.server.port, "127.0.0.2") for _ in range(3)]
        for connection in connections:  # calls without a request
            self.addCleanup(connection.close)
            connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, headers(b"Put"))
                                     for stream in connection.streams(HALF_REQUESTS)))
        self.play_standstill(self.system.redis, "put")
        self.assert_not_padded()
        self.assertRegex(self.system.server.metrics(),
                         r'kache_rejected_total\{reason="too_many_bytes"\} [1-9]')

    def test_metadata_without_an_end(self):
        """In frames so small that gRPC bounds none of them."""
        # A field of 126 bytes; and one that is named by one byte, once the first frame has named it.
        for name, first, fields, pause in (
                ("long", b"", b"\0\x07x-extra\x7e" + b"y" * 126, 0),
                ("patient", b"\x40\x01a\x01b", b"\xbe" * 230, 0.02)):
            with self.subTest(name):
                self.play_metadata(first, frame(CONTINUATION, 0, 1, fields), pause)
        self.assertRegex(self.system.server.metrics(),
                         r'reason="(unanswered_bytes|flooding_connection)"\} [1-9]')

    def play_metadata(self, first, more, pause):
        """With pauses: on 100 connections at once, each of which sends 100 frames and ends."""
        ends = time.monotonic() + 8
        frames = 20 if pause else 1000

        def begin():
            connection = Connection(self.system.server.port, "127.0.0.2")
            connection.send(frame(HEADERS, 0, 1, headers(b"Put") + first))
            return connection

        def attack():
            while time.monotonic() < ends:
                connections = [begin() for _ in range(25 if pause else 1)]
                open_ones, turns = connections, 0
                while open_ones and time.monotonic() < ends and (turns < 5 or not pause):
                    open_ones = [each for each in open_ones if each.send(more * frames)]
                    turns += 1
                    time.sleep(pause)
                for connection in connections:
                    connection.close()

        patient = KacheClient(self.system.server.address, timeout=60)
        self.addCleanup(patient.close)

        def call(number):
            """Tried again, as gRPC may end its connection to get memory back."""
            key, value = b"patient-%d" % (number % 100), b"o" * 1000
            for attempt in range(10):
                try:
                    patient.put(key, value)
                    return None if patient.get(key).value == value else "another value"
                except grpc.RpcError as error:
                    if error.code() not in REFUSED or attempt == 9:
                        raise

        with Peak(self.group) as peak, OrdinaryCaller(call) as caller:
            threads = [threading.Thread(target=attack) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        print(f"peak={peak.bytes // MIB} of {self.group.limit // MIB} MiB calls={caller.calls} "
              f"refused={caller.refused} slowest={caller.slowest:.2f} s")
        self.assertEqual(self.group.killed, 0, "killed for want of memory")
        self.assertTrue(self.limited().running)
        self.assertEqual(caller.problems[:5], [])


if __name__ == "__main__":
    unittest.main()
