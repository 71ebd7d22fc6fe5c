"""The scripts of the pod of `helm test` (deploy/helm/kache/templates/tests), on real processes."""

import os
import re
import subprocess
import textwrap
import unittest

from harness import paths
from harness.case import SystemCase

TEMPLATE = paths.ROOT / "deploy" / "helm" / "kache" / "templates" / "tests" / "put-get.yaml"


def scripts():
    """The script of each container. It must hold no templates."""
    blocks = re.findall(r"(?m)^        - \|\n((?:          .*\n|\n)+)", TEMPLATE.read_text())
    return [textwrap.dedent(block) for block in blocks]


class HelmTestTest(SystemCase):
    def run_script(self, shell, script, **settings):
        self.assertNotIn("{{", script)
        environment = {"PATH": f"{paths.CTL.parent}:{os.environ['PATH']}", **settings}
        return subprocess.run([shell, "-euc", script], env=environment, capture_output=True,
                              text=True, timeout=60)

    def test_it_puts_and_gets(self):
        grpc, rest = scripts()
        ended = self.run_script("sh", grpc, KACHE_SERVERS=self.system.server.address)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("UP", ended.stdout)
        ended = self.run_script("bash", rest, HOST="127.0.0.1", PORT=str(self.system.gateway.port))
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertIn("over REST", ended.stdout)

    def test_it_fails_where_nothing_answers(self):
        grpc, rest = scripts()
        ended = self.run_script("sh", grpc, KACHE_SERVERS="127.0.0.1:1")
        self.assertNotEqual(ended.returncode, 0)
        ended = self.run_script("bash", rest, HOST="127.0.0.1", PORT="1")
        self.assertNotEqual(ended.returncode, 0)

    def test_it_fails_where_a_gateway_refuses(self):
        _, rest = scripts()
        rest = rest.replace("/api/v1/keys/", "/api/v0/keys/")
        ended = self.run_script("bash", rest, HOST="127.0.0.1", PORT=str(self.system.gateway.port))
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("404", ended.stdout)


if __name__ == "__main__":
    unittest.main()
