"""The first setup of docs/secured-setups.md, run as it stands there, on other ports."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from harness import paths
from harness.ports import free_port
from harness.process import clean_environment
from harness.waiting import wait_until

PORTS = ("7001", "7002", "7003", "50051", "9464", "8443")


def steps():
    """(heading, commands) of each part of the setup."""
    text = (paths.ROOT / "docs" / "secured-setups.md").read_text()
    setup = re.search(r"(?ms)^## One machine.*?$(.*?)^## ", text).group(1)
    for part in re.split(r"(?m)^### ", setup)[1:]:
        heading, _, rest = part.partition("\n")
        for block in re.findall(r"(?ms)^```sh$\n(.*?)^```$", rest):
            yield heading, block


def script(ports):
    """All steps as one script, which says where each begins."""
    text = "\n".join(f"echo '== {heading}'\n{commands}" for heading, commands in steps())
    for old, new in ports.items():
        text = text.replace(old, str(new))
    # The three nodes' ports no longer have one beginning.
    return text.replace("redis-700?.pid", "redis-*.pid")


class SecuredSetupsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.addCleanup(self.stop)

    def stop(self):
        """Ends what a step that failed left behind."""
        for file in self.folder.glob("*.pid"):
            try:
                os.kill(int(file.read_text()), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                pass

    def logs(self):
        return "".join(f"\n{log.name}: {log.read_text()}" for log in self.folder.glob("*.log"))

    def test_the_setup(self):
        ports = {port: free_port() for port in PORTS}
        environment = clean_environment({})
        environment["PATH"] = f"{paths.BUILD / 'bin'}{os.pathsep}{environment['PATH']}"
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script(ports)], cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90, env=environment)
        said = ended.stdout + self.logs()
        self.assertEqual(ended.returncode, 0, said)
        tried = ended.stdout.split("== Try it\n")[1].split("== Stop\n")[0]
        self.assertRegex(tried, r'"acknowledged":[123]', said)
        self.assertRegex(tried, r"\nhello\n401\n", said)
        self.assertRegex(tried, r"\n0 failures", said)
        self.assertEqual(len(re.findall(r'kache_node_state\{.*state="up"\} 1', tried)), 3, said)
        wait_until(lambda: not list(self.folder.glob("redis-*.pid")), "the Redis servers end")


if __name__ == "__main__":
    unittest.main()
