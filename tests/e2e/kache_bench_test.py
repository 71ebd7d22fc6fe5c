"""kache-bench in each of its modes against real processes, with every value read verified. Figures
are not judged: this machine may be busy."""

import pathlib
import re
import unittest

from harness import paths
from harness.case import SystemCase
from harness.command import run
from harness.ports import free_port

SHORT = {"--keys": 200, "--duration": "300ms", "--warmup": "100ms", "--timeout": "10s"}


def short(arguments):
    """`arguments` and, where they do not say otherwise, what makes a run short."""
    missing = [word for pair in SHORT.items() if pair[0] not in arguments for word in pair]
    return (*missing, "--check", *arguments)


class KacheBenchTest(SystemCase):
    def bench(self, *arguments, code=0):
        ended = run(paths.BENCH, *short(arguments), "--server", self.system.server.address,
                    "--gateway", f"127.0.0.1:{self.system.gateway.port}", seconds=60)
        self.assertEqual(ended.code, code, f"{arguments}\n{ended.out!r}\n{ended.err}")
        return ended

    def measure(self, *arguments):
        document = self.bench(*arguments, "--json").json()
        self.assertEqual((document["errors"], document["wrongValues"]), (0, 0), document)
        return document, {o["operation"]: o for o in document["operations"]}

    def test_every_workload_in_every_mode(self):
        kinds = {"a": {"get", "put"}, "b": {"get", "put"}, "c": {"get"}, "d": {"get", "insert"},
                 "f": {"get", "read-modify-write"}, "get": {"get"}, "put": {"put"},
                 "delete": {"delete"}}
        for mode in ("unary", "batch", "rest"):
            for workload, wanted in kinds.items():
                if (mode, workload) == ("batch", "f"):
                    continue
                with self.subTest(f"{mode} {workload}"):
                    _, operations = self.measure("--mode", mode, "--workload", workload,
                                                 "--batch", 10, "--concurrency", 8)
                    self.assertLessEqual(set(operations), wanted)
                    self.assertGreater(sum(o["keys"] for o in operations.values()), 0)

    def test_filled_keys_are_hits(self):
        _, operations = self.measure("--workload", "c", "--threads", 2, "--value-size", "1-3000")
        self.assertEqual(operations["get"]["misses"], 0)

    def test_values_of_a_mebibyte(self):
        self.measure("--workload", "a", "--keys", 5, "--concurrency", 2, "--value-size", "1MiB")
        self.measure("--workload", "a", "--keys", 5, "--concurrency", 2, "--value-size", "1MiB",
                     "--mode", "rest")

    def test_open_loop_keeps_its_rate(self):
        document, operations = self.measure("--workload", "put", "--rate", 200, "--duration", "1s")
        started = operations["put"]["requests"] + document["neverStarted"]
        self.assertAlmostEqual(started, 200, delta=40)

    def test_own_and_other_cpu_time(self):
        document, _ = self.measure("--pid", self.system.server.pid)
        self.assertGreater(document["ownCpuMicrosPerKey"], 0)
        self.assertEqual([p["pid"] for p in document["processes"]], [self.system.server.pid])

    def test_text(self):
        text = self.bench().text
        self.assertRegex(text, r"(?m)^get +\d+")
        self.assertIn("kache-bench itself", text)
        self.assertIn("0 wrong values", text)

    def test_what_it_writes_expires(self):
        self.bench("--workload", "put", "--ttl", "1h")
        found = self.grpc.get(b"kache-bench:1")
        self.assertTrue(found.found)
        self.assertGreater(found.ttl_ms, 3_000_000)


class FailuresTest(unittest.TestCase):
    def test_nobody_there(self):
        address = f"127.0.0.1:{free_port()}"
        for more in ((), ("--mode", "rest"), ("--no-fill",)):
            ended = run(paths.BENCH, *short(("--timeout", "1s", *more)), "--server", address,
                        "--gateway", address)
            self.assertEqual(ended.code, 1, ended)
            self.assertRegex((ended.text + ended.err).lower(), "refused|connect")

    def test_usage(self):
        self.assertEqual(run(paths.BENCH, "--version").code, 0)
        self.assertEqual(run(paths.BENCH, "--workload", "e").code, 2)


class DocumentTest(unittest.TestCase):
    def test_the_document_names_every_option(self):
        text = (pathlib.Path(paths.ROOT) / "docs" / "kache-bench.md").read_text()
        options = set(re.findall(r"(?m)^ +(?:-\w,)?(--[a-z-]+)", run(paths.BENCH, "--help").text))
        self.assertGreater(len(options), 20)
        missing = {o for o in options if o not in text} - {"--help", "--version"}
        self.assertEqual(missing, set())


if __name__ == "__main__":
    unittest.main()
