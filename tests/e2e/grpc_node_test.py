"""Runs the Node client's tests (node/kache.test.mjs) against a system."""

import os
import subprocess
import unittest

from harness import paths
from harness.case import UNHURRIED, SystemCase


class NodeClientTest(SystemCase):
    SYSTEM = {"gateways": 0, "server_settings": UNHURRIED}

    def test_node_client(self):
        environment = {**os.environ, "KACHE_ADDRESS": self.system.server.address,
                       "KACHE_PROTO": str(paths.ROOT / "proto")}
        run = subprocess.run(["node", "--test", "kache.test.mjs"], cwd=paths.NODE / "node",
                             env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"pass [1-9]", run.stdout)
        self.assert_answers()


if __name__ == "__main__":
    unittest.main()
