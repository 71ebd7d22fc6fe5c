"""kachectl, against a cluster with all nodes UP, with one DOWN, and without any server."""

import base64
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import unittest

from harness import paths
from harness.case import SystemCase
from harness.command import run
from harness.ports import free_port
from harness.process import clean_environment
from harness.waiting import wait_until

NAMES = ("cache-a", "cache-b", "cache-c", "cache-d")
VERSION = "[0-9a-f]{16}-[0-9a-f]{16}"
ANY_BYTES = bytes(range(256)) + b"\0\r\n\xff"


class KachectlCase(SystemCase):
    SYSTEM = {"redis": 4, "gateways": 0, "names": NAMES}

    def ctl(self, *arguments, code=0, **more):
        settings = {"KACHE_SERVERS": ",".join(s.address for s in self.system.servers)}
        ended = run(paths.CTL, *arguments, settings=settings, **more)
        self.assertEqual(ended.code, code, f"{arguments}\n{ended.out!r}\n{ended.err}")
        return ended


class KeysTest(KachectlCase):
    def test_put_get_delete(self):
        stored = self.ctl("put", "k", "hello", "--ttl", "5m")
        self.assertRegex(stored.text, rf"^stored: version {VERSION}, acknowledged by [123] "
                                      r"\(1 required\), expires in (5m|4m59s)( \(degraded.*)?\n$")
        self.assertEqual(self.ctl("get", "k").out, b"hello")
        self.assertRegex(self.ctl("delete", "k").text, f"^deleted: version {VERSION}")
        missing = self.ctl("get", "k", code=3)
        self.assertEqual((missing.out, missing.err), (b"", "kachectl: k: not found\n"))

    def test_values_of_any_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = pathlib.Path(folder, "source"), pathlib.Path(folder, "target")
            source.write_bytes(ANY_BYTES)
            self.ctl("put", "file", "--file", source)
            self.ctl("get", "file", "--output", target)
            self.assertEqual(target.read_bytes(), ANY_BYTES)
        self.ctl("put", "stdin", stdin=ANY_BYTES)
        self.assertEqual(self.ctl("get", "stdin").out, ANY_BYTES)
        document = self.ctl("get", "stdin", "--json").json()
        self.assertEqual(document["encoding"], "base64")
        self.assertEqual(base64.b64decode(document["value"]), ANY_BYTES)
        self.ctl("put", "empty", "")
        self.assertEqual(self.ctl("get", "empty").out, b"")

    def test_json(self):
        stored = self.ctl("put", "j", "v", "--ttl", "90", "--json").json()
        self.assertRegex(stored["version"], f"^{VERSION}$")
        self.assertGreater(stored["expiresAt"], 1_500_000_000_000)
        found = self.ctl("get", "j", "--json").json()
        self.assertEqual((found["key"], found["found"], found["value"]), ("j", True, "v"))
        self.assertLessEqual(found["ttlMs"], 90_000)
        self.assertFalse(self.ctl("get", "none", "--json", code=3).json()["found"])

    def test_levels_and_versions(self):
        stored = self.ctl("put", "level", "v", "--consistency", "quorum", "--json").json()
        self.assertEqual(stored["required"], 2)
        self.assertGreaterEqual(stored["acknowledged"], 2)
        for level in ("one", "quorum", "all"):
            self.assertEqual(self.ctl("get", "level", "--consistency", level).out, b"v", level)
        newest = self.ctl("get", "level", "--min-version", stored["version"])
        self.assertEqual(newest.out, b"v")
        later = stored["version"].replace(stored["version"][:12], "f" * 12)
        self.assertIn("min_version", self.ctl("get", "level", "--min-version", later, code=1).err)

    def test_errors_name_the_server_and_the_mistake(self):
        ended = self.ctl("put", "", "v", code=1)
        self.assertIn(self.system.server.address, ended.err)
        self.assertIn("key", ended.err)
        self.ctl("put", "k", "v", "--ttl", "soon", code=2)
        self.ctl("put", "k", "--file", "/does/not/exist", code=1)
        self.ctl("frobnicate", code=2)

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.ctl("put", "full", "x" * 100)
        with open("/dev/full", "wb") as full:
            ended = subprocess.run([paths.CTL, "get", "full", "--server",
                                    self.system.server.address], stdout=full, timeout=30,
                                   stderr=subprocess.PIPE, env=clean_environment({}))
        self.assertEqual(ended.returncode, 1)
        self.assertIn(b"cannot write the output", ended.stderr)

    def test_locate_shows_each_copy(self):
        self.ctl("put", "where", "12345")
        wait_until(lambda: self.ctl("locate", "where", "--json").json()["agreeing"] == 3, "copies")
        document = self.ctl("locate", "where", "--json").json()
        self.assertEqual(document["homeReplicas"], 3)
        self.assertEqual(sorted(r["node"] for r in document["replicas"]), list(NAMES))
        self.assertEqual(document["servedBy"], document["replicas"][0]["node"])
        self.assertEqual(self.ctl("get", "where", "--json").json()["node"], document["servedBy"])
        self.assertEqual([r["check"] for r in document["replicas"]], ["newest"] * 3 + ["-"])
        text = self.ctl("locate", "where").text
        self.assertRegex(text, r"^key where stands at \d+\.\d\d% of the ring \(token [0-9a-f]{16}")
        self.assertIn("3 of 3 home replicas as they should be", text)


class ClusterTest(KachectlCase):
    def test_status(self):
        text = self.ctl("status").text
        for name, redis in zip(NAMES, self.system.redis):
            self.assertRegex(text, rf"(?m)^{name} +UP +ok +\S+ ago +.*{redis.url}")
        self.assertIn("4 of 4 nodes UP", text)
        self.assertEqual([n["name"] for n in self.ctl("status", "--json").json()["nodes"]],
                         list(NAMES))

    def test_watch_shows_it_again(self):
        watched = self.ctl("status", "--watch", "--count", 3, "--interval", "10ms")
        self.assertEqual(watched.text.count("nodes UP"), 3)
        lines = self.ctl("status", "--watch", "--count", 2, "--interval", "10ms", "--json").text
        self.assertEqual(len(lines.splitlines()), 2)

    def test_ring(self):
        document = self.ctl("ring", "--json").json()
        self.assertAlmostEqual(sum(n["share"] for n in document["nodes"]), 1, places=3)
        self.assertRegex(self.ctl("ring").text, r"(?m)^cache-a +\d+\.\d% +#+ +UP$")

    def test_health(self):
        self.assertRegex(self.ctl("health").text, r"(?m) SERVING +SERVING$")
        gone = f"127.0.0.1:{free_port()}"
        servers = f"{self.system.server.address},{gone}"
        document = self.ctl("health", "--json", "--server", servers, code=1).json()
        self.assertEqual([s["keys"] for s in document["servers"]], ["SERVING", "NO_ANSWER"])
        self.assertFalse(document["healthy"])

    def test_doctor_finds_nothing_but_the_missing_memory_limits(self):
        redis = ",".join(r.url for r in self.system.redis)
        self.ctl("put", "sample", "v")
        wait_until(lambda: self.ctl("locate", "sample", "--json").json()["agreeing"] == 3, "copies")
        document = self.ctl("doctor", "--key", "sample", "--redis", redis, "--json").json()
        self.assertEqual(document["failures"], 0, document)
        warnings = {f["message"].split(": ", 1)[1] for f in document["findings"]
                    if f["level"] == "warning"}
        self.assertEqual(warnings, {"has no memory limit"})
        self.assertIn("skipped", self.ctl("doctor").text)

    def test_colours_are_for_terminals(self):
        self.assertNotIn(b"\x1b[", self.ctl("status").out)
        for extra, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            shown = self.on_terminal({"TERM": "xterm", **extra}, "status")
            self.assertEqual(b"\x1b[" in shown, coloured, shown)

    def on_terminal(self, environment, *arguments):
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [paths.CTL, *arguments, "--server", self.system.server.address], stdout=theirs,
                stdin=subprocess.DEVNULL, env=clean_environment(environment))
            os.close(theirs)
            shown = b""
            try:
                while block := os.read(ours, 65536):
                    shown += block
            except OSError:  # how Linux tells the end of a terminal
                pass
            self.assertEqual(process.wait(30), 0)
            return shown
        finally:
            os.close(ours)

    def test_a_node_that_answers_is_not_given_up(self):
        self.assertIn("can be reached", self.ctl("node", "forsake", "cache-a", code=1).err)
        self.ctl("node", "forsake", "no-such-node", code=1)


class OneNodeDownTest(KachectlCase):
    def test_every_command(self):
        self.system.redis[1].kill()
        wait_until(lambda: self.ctl("status", "--json").json()["nodes"][1]["state"] == "DOWN",
                   "cache-b is DOWN")
        text = self.ctl("status").text
        self.assertRegex(text, r"(?m)^cache-b +DOWN +connection_(refused|lost)")
        self.assertIn("3 of 4 nodes UP", text)
        self.assertRegex(self.ctl("ring").text, r"(?m)^cache-b .* DOWN$")
        self.ctl("health")

        key = self.key_with_home("cache-b")
        self.ctl("put", key, "v")
        self.assertEqual(self.ctl("get", key).out, b"v")
        place = self.ctl("locate", key, "--json").json()
        down = next(r for r in place["replicas"] if r["node"] == "cache-b")
        self.assertEqual((down["state"], down["check"]), ("DOWN", "unknown"))
        self.assertGreaterEqual(place["unknown"], 1)

        doctor = self.ctl("doctor", "--key", key, "--redis", self.system.redis[1].url, code=1).text
        self.assertRegex(doctor, r"(?m)^failure +nodes +cache-b .* is DOWN: connection_")
        self.assertIn("start", doctor.lower())
        self.assertRegex(doctor, r"(?m)^failure +redis +127.0.0.1:\d+: Connection refused")
        self.ctl("delete", key)
        self.assertIn("given up: cache-b", self.ctl("node", "forsake", "cache-b").text)

        self.system.redis[1].start()
        wait_until(lambda: "4 of 4 nodes UP" in self.ctl("status").text, "cache-b is back")

    def key_with_home(self, name):
        for i in range(1000):
            place = self.ctl("locate", f"key-{i}", "--json").json()
            if name in [r["node"] for r in place["replicas"] if r["home"]]:
                return f"key-{i}"
        raise AssertionError("no such key")


class TwoServersTest(KachectlCase):
    SYSTEM = {"redis": 3, "servers": 2, "gateways": 0, "names": NAMES[:3]}

    def test_the_second_answers_when_the_first_is_gone(self):
        self.assertIn("2 Kache servers answer", self.ctl("doctor").text)
        self.system.servers[0].stop()
        self.ctl("put", "k", "v")
        self.assertEqual(self.ctl("get", "k").out, b"v")
        self.assertIn(f"answered by {self.system.servers[1].address}", self.ctl("status").text)
        self.assertIn("no answer from " + self.system.servers[0].address,
                      self.ctl("doctor", code=1).text)
        self.system.servers[0].start().wait_up()


class NoServerTest(unittest.TestCase):
    def test_the_error_says_what_to_do(self):
        ended = run(paths.CTL, "status", "--server", f"127.0.0.1:{free_port()}")
        self.assertEqual(ended.code, 1)
        self.assertIn("Is kache-server running there?", ended.err)

    def test_usage(self):
        self.assertEqual(run(paths.CTL, "--version").code, 0)
        self.assertIn("Exit codes", run(paths.CTL, "--help").text)
        self.assertEqual(run(paths.CTL).code, 2)
        wrong = run(paths.CTL, "status", settings={"KACHE_SERVERS": "nowhere"})
        self.assertEqual(wrong.code, 2)
        self.assertTrue(re.search("KACHE_SERVERS", wrong.err), wrong.err)


if __name__ == "__main__":
    unittest.main()
