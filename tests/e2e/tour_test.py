"""Runs each line of the README's tour as printed, against `deploy/local/up`.

The tour names fixed ports, so no other test, and nothing else, may use them meanwhile.
"""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import paths
from harness.kache import fetch
from harness.waiting import wait_until

PORTS = (6379, 6380, 6381, 6382, 50051, 9464, 8080)

# What the output of a line must match, by a part of the line; the first that fits counts. Every
# line of the tour is to be found here.
EXPECTED = (
    ("-X PUT localhost:8080/api/v1/keys/greeting", r'"acknowledged":[123]'),
    ("-X PUT localhost:8080/api/v1/keys/logo", r'"acknowledged":[123]'),
    ("keys/logo -H 'Accept", r"^$"),
    ("keys/greeting", None),  # see VALUES
    ("kachectl put greeting", r"^stored: version \S+, acknowledged by [123] "),
    ("kachectl get greeting", r"^hello again$"),
    ("kachectl status", r"(?m)^4 of 4 nodes UP"),
    ("8080/ping", r'"ok"'),
    ("8080/status", r'"nodes":\['),
    ("shutdown nosave", r"^$"),
    ("redis-server --port 6380", None),
    ("mkdir -p build/tour", r"^$"),
    ("protoc ", r"^$"),
    ("docs/clients/tour.py", r"(?s)stored on [123].*read back b'.x00any bytes.*deleted"),
    ("grep kache_gateway_requests_total", r'(?m)^kache_gateway_requests_total\{.*\} [1-9]'),
    ("grep kache_node_state", r'(?m)^kache_node_state\{'),
)
# What the readings of the greeting show, in their order.
VALUES = (r'"value":"hello","ttl":(60|59|58)\b', r'"value":"still here","ttl":0\b')


def tour_lines():
    """The commands of the tour: every line of its sh blocks."""
    text = (paths.ROOT / "README.md").read_text()
    tour = re.search(r"(?ms)^## A tour$(.*?)^## ", text).group(1)
    blocks = re.findall(r"(?ms)^```sh$\n(.*?)^```$", tour)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class TourTest(unittest.TestCase):
    def setUp(self):
        self.assertEqual(paths.BUILD, paths.ROOT / "build" / "release",
                         "deploy/local/up runs the release build: so does this test")
        taken = [port for port in PORTS if listens(port)]
        self.assertEqual(taken, [], "ports that the tour needs are taken by something else")
        environment = {name: value for name, value in os.environ.items() if name in
                       ("PATH", "HOME", "LANG", "TMPDIR")}
        environment.update(KACHE_SKIP_INSTALL="1", KACHE_SKIP_BUILD="1")
        self.log = tempfile.NamedTemporaryFile("w+", prefix="kache-tour.", suffix=".log")
        self.addCleanup(self.log.close)
        self.up = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "deploy/local/up"], cwd=paths.ROOT, env=environment,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            start_new_session=True)
        self.addCleanup(self.stop)
        wait_until(self.is_up, "deploy/local/up is up", seconds=60)
        # As a person would have it after reading: all four servers in use.
        wait_until(lambda: fetch("http://localhost:8080/status")[1].count(b'"UP"') == 4, "4 UP")

    def is_up(self):
        if self.up.poll() is not None:
            self.fail(f"deploy/local/up has ended\n{self.output()}")
        return "Kache is up" in self.output()

    def output(self):
        self.log.flush()
        with open(self.log.name) as log:
            return log.read()

    def stop(self):
        """Ctrl-C, and the Redis server that the tour started by itself."""
        if listens(6380):
            subprocess.run(["redis-cli", "-p", "6380", "shutdown", "nosave"], check=False)
        if self.up.poll() is None:
            self.up.send_signal(signal.SIGINT)
        self.assertEqual(self.up.wait(60), 0, self.output())
        deadline = time.monotonic() + 5
        while any(listens(port) for port in PORTS) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual([port for port in PORTS if listens(port)], [], "left behind")

    def run_line(self, line):
        ended = subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=paths.ROOT,
                               capture_output=True, text=True, timeout=60, errors="replace")
        self.assertEqual(ended.returncode, 0, f"{line}\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    def test_every_page_is_there(self):
        text = (paths.ROOT / "README.md").read_text()
        pages = re.findall(r"<(http://localhost:8080\S*)>", text)
        self.assertGreater(len(pages), 0)
        for page in pages:
            status, body = fetch(page)
            self.assertEqual((status, b"<title>" in body), (200, True), page)

    def test_every_line_works_as_printed(self):
        lines = tour_lines()
        self.assertGreater(len(lines), 10)
        readings = 0
        for line in lines:
            with self.subTest(line):
                output = self.run_line(line)
                matches = [pattern for part, pattern in EXPECTED if part in line]
                self.assertTrue(matches, "this line is new: say above what it prints")
                pattern = matches[0]
                if line.rstrip().endswith("localhost:8080/api/v1/keys/greeting") and (
                        "DELETE" not in line):
                    pattern = VALUES[readings]
                    readings += 1
                if pattern:
                    self.assertRegex(output, pattern)
        self.assertEqual(readings, len(VALUES))
        self.assertEqual(fetch("http://localhost:8080/api/v1/keys/greeting")[0], 404)
        wait_until(lambda: fetch("http://localhost:8080/status")[1].count(b'"UP"') == 4,
                   "the server that was started again is in use")


if __name__ == "__main__":
    unittest.main()
