#!/usr/bin/env python3
"""Which tests are left out, which are asked for, and what is fetched."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import plan
from plan import Test

ENGINE_SCRIPT = plan.ROOT / "tests" / "deploy" / "engine"
IMAGES = Test("deploy.images", ("deploy", "engine"))
PAGE = Test("e2e_web_page", ("browser", "e2e"))
RING = Test("Ring.Turns", ("unit",))
BASE_IMAGE = Test("fetched.base_image", ("engine", "fetch"), ("/k/tests/fetch", "--check", "image"))
NODE = Test("fetched.node", ("fetch",), ("/k/tests/fetch", "--check", "node"))


def lacks(**reasons):
    """Requirements of which those named are lacking, for the given reasons."""
    return {
        label: (lambda label=label: reasons.get(label, ""), f"get a {label}")
        for label in plan.REQUIREMENTS
    }


class LeavingOutTest(unittest.TestCase):
    def plan(self, arguments=(), in_ci=False, **reasons):
        return plan.make_plan([IMAGES, PAGE, RING], arguments, in_ci, lacks(**reasons))

    def test_leaves_nothing_out_when_all_is_there(self):
        self.assertEqual(self.plan(), ([], [], []))

    def test_leaves_out_what_the_machine_cannot_run(self):
        made = self.plan(engine="no engine")
        self.assertEqual(made.left_out, ["deploy.images"])
        self.assertEqual(
            made.notes, ["no engine; left out: deploy.images. To run them, get a engine"]
        )

    def test_says_a_line_for_each_thing_that_is_lacking(self):
        made = self.plan(engine="no engine", browser="no browser")
        self.assertEqual(made.left_out, ["deploy.images", "e2e_web_page"])
        self.assertEqual(len(made.notes), 2)

    def test_leaves_nothing_out_in_ci(self):
        made = self.plan(in_ci=True, engine="no engine")
        self.assertEqual(made.left_out, [])
        self.assertIn("in CI these fail: deploy.images.", made.notes[0])

    def test_leaves_nothing_out_that_is_asked_for(self):
        for arguments in (
            ["-L", "deploy"], ["-R", "deploy"], ["-Rdeploy"], ["--label-regex", "x"],
            ["--tests-regex=deploy"], ["-j", "2", "-I", "1,3"], ["--rerun-failed"],
        ):  # fmt: skip
            made = self.plan(arguments, engine="no engine")
            self.assertEqual(made.left_out, [], arguments)
            self.assertIn("these fail: deploy.images.", made.notes[0], arguments)

    def test_excluding_tests_asks_for_none(self):
        for arguments in (["-LE", "fuzz"], ["-E", "x"], ["--label-exclude", "x"], ["-j", "2"]):
            made = self.plan(arguments, engine="no engine")
            self.assertEqual(made.left_out, ["deploy.images"], arguments)

    def test_does_not_look_for_what_no_test_needs(self):
        def fail():
            raise AssertionError("looked")

        made = plan.make_plan([RING], ["-L", "unit"], True, {"engine": (fail, "")})
        self.assertEqual(made, ([], [], []))


class FetchingTest(unittest.TestCase):
    def test_fetches_what_the_tests_look_for(self):
        made = plan.make_plan([RING, NODE, BASE_IMAGE], [], False, lacks())
        self.assertEqual(made.things, ["node", "image"])

    def test_fetches_nothing_for_tests_that_cannot_run(self):
        for in_ci in (False, True):
            made = plan.make_plan([NODE, BASE_IMAGE], [], in_ci, lacks(engine="no engine"))
            self.assertEqual(made.things, ["node"])


class ListingTest(unittest.TestCase):
    def test_reads_names_labels_and_commands(self):
        listing = json.dumps(
            {
                "tests": [
                    {"name": "a", "properties": [{"name": "LABELS", "value": ["x", "y"]}]},
                    {"name": "b", "command": ["true", "1"]},
                ]
            }
        )
        self.assertEqual(
            plan.read_tests(listing), [Test("a", ("x", "y")), Test("b", (), ("true", "1"))]
        )

    def test_takes_no_listing_for_no_tests(self):
        self.assertEqual(plan.read_tests(""), [])


class EngineTest(unittest.TestCase):
    """tests/deploy/engine, with a docker that answers as told."""

    def run_engine(self, docker):
        with tempfile.TemporaryDirectory() as folder:
            if docker is not None:
                program = pathlib.Path(folder, "docker")
                program.write_text(f"#!/bin/sh\n{docker}\n")
                program.chmod(0o755)
                path = f"{folder}:{os.environ['PATH']}"
            else:
                path = folder
                for name in ("bash", "grep", "timeout"):
                    os.symlink(subprocess.getoutput(f"command -v {name}"), f"{folder}/{name}")
            return subprocess.run(
                ["bash", ENGINE_SCRIPT], env={"PATH": path}, capture_output=True, text=True,
                check=False,
            )  # fmt: skip

    def test_is_silent_when_there_is_an_engine(self):
        ended = self.run_engine("echo 28.0")
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))

    def test_says_what_is_missing(self):
        for docker, reason in (
            (None, "the program docker is not installed"),
            ("echo Client: 28; echo cannot connect >&2; exit 1", "docker version: cannot connect"),
            ("[ $1 != compose ] || { echo unknown >&2; exit 1; }", "docker compose: unknown"),
            ("[ $1 != buildx ] || exit 1", "docker buildx: no answer in 20 s"),
        ):
            ended = self.run_engine(docker)
            self.assertEqual(
                (ended.returncode, ended.stdout), (1, f"no container engine ({reason})\n")
            )


if __name__ == "__main__":
    unittest.main()
