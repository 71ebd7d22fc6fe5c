"""Runs every command of docs/kachectl.md against a cluster with one node down and one syncing, and holds
what it prints against what is printed there: versions, times, sizes, ports and the widths of columns may
differ, nothing else."""

import os
import re
import subprocess
import unittest

from harness import paths
from harness.case import SystemCase
from harness.process import clean_environment
from harness.waiting import wait_until

NAMES = ("cache-a", "cache-b", "cache-c", "cache-d")


def documented():
    """(command, output) of each `$ ` line in the console blocks."""
    text = (paths.ROOT / "docs" / "kachectl.md").read_text()
    for block in re.findall(r"(?ms)^```console$\n(.*?)^```$", text):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def shape(text):
    text = re.sub(r"\b[0-9a-f]{16}(-[0-9a-f]{16})?\b", "HEX", text)
    text = re.sub(r"\b(localhost|127\.0\.0\.1):\d+", "ADDRESS", text)
    text = re.sub(r"\b(\d+(ms|[dhms]))+\b", "TIME", text)
    text = re.sub(r"\b\d+(\.\d+)*\b", "N", text)
    text = re.sub(r"connection_(refused|lost)", "connection_REASON", text)
    return re.sub(r"[ \t]+", " ", re.sub(r"#+", "#", text)).strip()


class DocsTest(SystemCase):
    SYSTEM = {"redis": 4, "gateways": 0, "names": NAMES}

    def setUp(self):
        self.environment = clean_environment({"KACHE_SERVERS": self.system.server.address})
        self.environment["PATH"] = f"{paths.BUILD / 'bin'}{os.pathsep}{self.environment['PATH']}"

    def shell(self, command):
        # The document names the servers of deploy/local/up.
        for i, redis in enumerate(self.system.redis):
            command = command.replace(f"localhost:{6379 + i}", redis.url)
        command = command.replace("localhost:50051", self.system.server.address)
        return subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, text=True, timeout=60,
                              stderr=subprocess.STDOUT, env=self.environment,
                              cwd=self.system.folder).stdout

    def make_trouble(self):
        """cache-b is gone, and cache-c came back without its memory: it waits for what only
        cache-b may hold."""
        self.system.redis[1].kill()
        wait_until(lambda: "DOWN" in self.shell("kachectl status"), "cache-b is DOWN")
        self.system.redis[2].kill()
        self.system.redis[2].start()
        wait_until(lambda: "waits to be refilled" in self.shell("kachectl status"), "cache-c is SYNCING")

    def test_every_command_prints_what_is_documented(self):
        commands = list(documented())
        self.assertGreater(len(commands), 10)
        self.make_trouble()
        for command, output in commands:
            with self.subTest(command):
                wait_until(lambda: shape(self.shell(command)) == shape(output) or
                           self.fail(self.shell(command)), command, seconds=20)


if __name__ == "__main__":
    unittest.main()
