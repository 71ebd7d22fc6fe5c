"""A small checkout in which a test runs the real scripts among programs that only pretend."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What the run around this one may have told its tests.
FOREIGN = ("CI", "DOCKER_HOST", "KACHE_ENGINE_TOOLS", "KACHE_TESTS_LEFT_OUT")


class ScriptTreeCase(unittest.TestCase):
    """Each test has a `tree`, and in front of PATH its folder `bin`."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name, "checkout")
        (self.tree / "bin").mkdir(parents=True)

    def copy(self, *paths):
        """Copies files of the real checkout."""
        for path in paths:
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.tree / path)

    def write(self, path, text):
        target = self.tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def write_program(self, path, text):
        self.write(path, f"#!/bin/bash\n{text}\n")
        (self.tree / path).chmod(0o755)

    def run_script(self, *command, **environment):
        """The ended process; its stdout and stderr are in stdout."""
        inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        inherited["PATH"] = f"{self.tree / 'bin'}:{inherited['PATH']}"
        return subprocess.run(
            command, cwd=self.tree, env={**inherited, **environment}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
        )  # fmt: skip

    def read(self, path):
        return (self.tree / path).read_text()
