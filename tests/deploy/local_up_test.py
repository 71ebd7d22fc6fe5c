#!/usr/bin/env python3
"""deploy/local/up: it comes up on free ports, serves, survives a killed Redis server, and leaves
nothing behind when it is stopped, by whatever end.

The programs are expected in build/release/bin; nothing is installed or built here.
"""
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import threading
import unittest

import rest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness.ports import free_port  # noqa: E402

READY_SECONDS = 60
STOP_SECONDS = 60


class LocalUp:
    """One running deploy/local/up."""

    def __init__(self, **settings):
        http, grpc, metrics, *redis = [free_port() for _ in range(7)]
        self.http, self.redis = f"127.0.0.1:{http}", redis
        self.listening = [http, grpc, metrics, *redis]
        environment = {
            **os.environ,
            "KACHE_SKIP_INSTALL": "1",
            "KACHE_SKIP_BUILD": "1",
            "HTTP_LISTEN_ADDRESS": self.http,
            "GRPC_LISTEN_ADDRESS": f"127.0.0.1:{grpc}",
            "METRICS_LISTEN_ADDRESS": f"127.0.0.1:{metrics}",
            "REDIS_URLS": ", ".join(f"localhost:{port}" for port in redis),
            **settings,
        }
        self.process = subprocess.Popen(
            [ROOT / "deploy/local/up"],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Also where the tests themselves run in the background, with Ctrl-C ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.lines = queue.Queue()
        self.output = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, text, seconds=READY_SECONDS):
        """Reads the output up to a line that holds `text`."""
        while text not in self.output:
            line = self.lines.get(timeout=seconds)
            if line is None:
                raise AssertionError(f"ended without {text!r}:\n{self.output}")
            self.output += line

    def wait_for_end(self):
        """The exit code, after reading the rest of the output."""
        while (line := self.lines.get(timeout=STOP_SECONDS)) is not None:
            self.output += line
        return self.process.wait(STOP_SECONDS)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.wait_for_end()
        self.process.stdout.close()


def ports_in_use(ports):
    """Those of the ports that a listening socket of this machine has."""
    table = pathlib.Path("/proc/net/tcp").read_text() + pathlib.Path("/proc/net/tcp6").read_text()
    listening = {int(m, 16) for m in re.findall(r": [0-9A-F]+:([0-9A-F]{4}) \S+ 0A ", table)}
    return sorted(listening & set(ports))


def process_of(port):
    """The redis-server that listens on `port`."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if command.startswith("redis-server") and f":{port}" in command:
            return int(folder.name)
    raise AssertionError(f"no redis-server on port {port}")


class LocalUpTest(unittest.TestCase):
    def start(self, **settings):
        up = LocalUp(**settings)
        self.addCleanup(up.stop)
        return up

    def test_serves_and_stops_cleanly(self):
        up = self.start()
        up.wait_for("Ctrl-C stops everything")
        rest.put_and_get_many(rest.RestClient(up.http), "plain")
        self.assertEqual(ports_in_use(up.listening), sorted(up.listening))

        up.process.send_signal(signal.SIGTERM)
        self.assertEqual(up.wait_for_end(), 0, up.output)
        self.assertEqual(ports_in_use(up.listening), [])

    def test_ctrl_c_stops_it(self):
        up = self.start()
        up.wait_for("Ctrl-C stops everything")
        os.killpg(up.process.pid, signal.SIGINT)
        self.assertEqual(up.wait_for_end(), 0, up.output)
        self.assertEqual(ports_in_use(up.listening), [])

    def test_killed_redis_is_reported_and_fails_no_request(self):
        up = self.start()
        up.wait_for("Ctrl-C stops everything")
        client = rest.RestClient(up.http)
        os.kill(process_of(up.redis[1]), signal.SIGKILL)
        rest.put_and_get_many(client, "killed")
        up.wait_for(f"redis-{up.redis[1]} has ended")
        name = f"localhost:{up.redis[1]}"
        rest.wait_until(lambda: client.node_states()[name] == "DOWN", 30, f"{name} is DOWN")
        rest.put_and_get_many(client, "down")

    def test_wrong_setting_stops_it_with_the_programs_message(self):
        up = self.start(VNODES_PER_NODE="0")
        self.assertEqual(up.wait_for_end(), 1, up.output)
        self.assertIn("VNODES_PER_NODE", up.output)
        self.assertEqual(ports_in_use(up.listening), [])

    def test_taken_port_is_named(self):
        taken = self.start()
        taken.wait_for("Ctrl-C stops everything")
        up = self.start(HTTP_LISTEN_ADDRESS=taken.http)
        self.assertEqual(up.wait_for_end(), 1, up.output)
        self.assertIn(f"{taken.http} is taken", up.output)
        self.assertIn("HTTP_LISTEN_ADDRESS", up.output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
