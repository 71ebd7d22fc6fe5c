"""The harness itself: a test that can't fail would show nothing."""

import pathlib
import re
import sys
import tempfile
import time
import unittest

from harness import exposition
from harness.clocks import ShiftedClock
from harness.kache import KacheServer
from harness.process import Process, cpu_seconds
from harness.redis_server import RedisServer
from harness.waiting import wait_until


def _python(name, code):
    return Process(name, [sys.executable, "-c", code])


class ProcessTest(unittest.TestCase):
    def test_stop_fails_on_an_exit_code(self):
        process = _python("failing", "import sys; sys.exit(3)").start()
        process.wait()
        with self.assertRaisesRegex(AssertionError, "exit code 3"):
            process.stop()

    def test_stop_fails_on_a_sanitizer_report(self):
        process = _python("leaky", "print('ERROR: AddressSanitizer: heap-use')").start()
        process.wait()
        with self.assertRaisesRegex(AssertionError, "sanitizer"):
            process.stop()

    def test_settings_of_the_caller_do_not_leak_into_the_program(self):
        process = _python("plain", "import os; print(sorted(os.environ))")
        process.settings = {"REDIS_URLS": "a:1"}
        process.start().wait()
        self.assertIn("REDIS_URLS", process.log)
        self.assertNotIn("KACHE_BUILD_DIR", process.log)
        process.stop()


class ShiftedClockTest(unittest.TestCase):
    def test_moves_the_wall_clock_and_no_other(self):
        for ahead in (8, 0.7, -0.7):
            with tempfile.TemporaryDirectory() as folder:
                process = _python("shifted", "import time; print(time.time(), time.monotonic())")
                process.settings = ShiftedClock(pathlib.Path(folder), ahead).settings
                before = time.time() + ahead, time.monotonic()
                process.start().wait()
                after = time.time() + ahead, time.monotonic()
                told = map(float, process.log.split())
                process.stop()
            for earliest, shown, latest in zip(before, told, after, strict=True):
                self.assertTrue(earliest <= shown <= latest, f"{earliest} {shown} {latest}")

    def test_who_waits_by_it_does_not_spin(self):
        for ahead in (3600, -3600):
            with tempfile.TemporaryDirectory() as folder:
                server = KacheServer(["127.0.0.1:1"], folder=pathlib.Path(folder))
                server.settings |= ShiftedClock(server.folder, ahead).settings
                server.start()
                wait_until(lambda: " serving " in server.log, "the server is there")
                before, began = cpu_seconds(server.pid), time.monotonic()
                time.sleep(1)
                part = (cpu_seconds(server.pid) - before) / (time.monotonic() - began)
                server.kill()
            self.assertLess(part, 0.2, f"{ahead} s ahead")


class RedisServerTest(unittest.TestCase):
    def test_durable_server_comes_back_with_its_data_after_a_crash(self):
        for durable in (True, False):
            redis = RedisServer(durable=durable).start()
            redis.call("SET", "key", b"\x00\xff")
            redis.kill()
            redis.start()
            self.assertEqual(redis.call("GET", "key"), b"\x00\xff" if durable else None)
            redis.stop()

    def test_digest_sees_values_and_expiry_times(self):
        redis = RedisServer().start()
        self.addCleanup(redis.stop)
        empty = redis.digest()
        redis.call("SET", "key", "value")
        value = redis.digest()
        redis.call("PEXPIRE", "key", 100000)
        self.assertEqual(len({empty, value, redis.digest()}), 3)


class ExpositionTest(unittest.TestCase):
    GOOD = (
        "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"1\"} 3\na_total{x=\"2\"} 4\n"
        "# TYPE s histogram\ns_bucket{le=\"1\"} 1\ns_bucket{le=\"+Inf\"} 2\ns_sum 3\ns_count 2\n"
    )

    def test_reads_samples(self):
        metrics = exposition.parse(self.GOOD)
        self.assertEqual(metrics.total("a_total"), 7)
        self.assertEqual(metrics.total("a_total", x="2"), 4)
        self.assertEqual(metrics.total("s_count"), 2)

    def test_refuses_what_prometheus_would(self):
        for bad in (
            "a_total 1\n",  # no TYPE
            "# TYPE a_total counter\na_total{x=1} 1\n",
            "# TYPE a_total counter\na_total one\n",
            "# TYPE a_total counter\na_total -1\n",
            "# TYPE a_total counter\na_total 1\na_total 1\n",
            "# TYPE a_total counter\n# TYPE a_total counter\na_total 1\n",
            "# TYPE s histogram\ns_bucket{le=\"1\"} 2\ns_bucket{le=\"+Inf\"} 1\ns_sum 1\ns_count 1\n",
            "# TYPE s histogram\ns_bucket{le=\"+Inf\"} 1\ns_sum 1\ns_count 2\n",
            "# TYPE a gauge\na 1",  # no line end
        ):
            with self.subTest(bad), self.assertRaises(exposition.Malformed):
                exposition.parse(bad)


class ListedTestsTest(unittest.TestCase):
    def test_no_class_of_a_file_is_left_out_where_ctest_names_classes(self):
        folder = pathlib.Path(__file__).parent
        listed = {}
        calls = re.findall(r"(?m)^kache_e2e_test\(([^)]*)\)", (folder / "CMakeLists.txt").read_text())
        for call in calls:
            name, *classes = call.partition("PROPERTIES")[0].split()
            listed.setdefault(name, []).extend(classes)
        for name, classes in listed.items():
            text = (folder / f"{name}_test.py").read_text()
            if classes:
                self.assertCountEqual(classes, re.findall(r"(?m)^class (\w+Test)\(", text), name)


if __name__ == "__main__":
    unittest.main()
