"""Runs the examples of docs/clients as their README says. The tour of the main README runs tour.py."""

import os
import subprocess
import unittest

from harness import paths
from harness.case import SystemCase

CLIENTS = paths.ROOT / "docs" / "clients"
TOUR = r"stored on [123] or more replicas[\s\S]*read back .*\ndeleted\n$"


class ClientsTest(SystemCase):
    def run_client(self, *command, **environment):
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                             timeout=60, env={**os.environ, **environment})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def test_python(self):
        output = self.run_client(paths.PYTHON, CLIENTS / "tour.py", self.system.server.address,
                                 PYTHONPATH=str(paths.STUBS))
        self.assertRegex(output, TOUR)

    def test_python_over_rest(self):
        output = self.run_client(paths.PYTHON, CLIENTS / "rest.py", self.system.gateway.url)
        self.assertRegex(output, TOUR)

    def test_node(self):
        output = self.run_client("node", paths.NODE / "nodejs" / "tour.mjs",
                                 self.system.server.address, paths.ROOT / "proto")
        self.assertRegex(output, TOUR)

    def test_cpp(self):
        output = self.run_client(paths.BUILD / "tests" / "e2e" / "cpp_client" / "tour",
                                 self.system.server.address)
        self.assertRegex(output, TOUR)

    def test_go(self):
        output = self.run_client(paths.BUILD / "tests" / "e2e" / "go_client" / "tour",
                                 self.system.server.address)
        self.assertRegex(output, TOUR)


if __name__ == "__main__":
    unittest.main()
