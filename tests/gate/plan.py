#!/usr/bin/env python3
"""Decides, before ctest runs, what to fetch for it and which tests to leave out.

usage: plan.py LIST [CTEST ARGUMENT...]

LIST is the output of ctest --show-only=json-v1 with the same arguments. Printed are a line with the
things that tests/fetch is to fetch, a line with the tests to leave out (separated by semicolons), and
then lines for a reader, one for each thing that this machine lacks.

The rules. A test whose label names a requirement (REQUIREMENTS) is left out where the machine lacks
it, unless the test is asked for: then it runs, and fails. In CI (the variable CI is set and not
empty) every test is asked for. Elsewhere, arguments that choose tests (ASKING) ask for all that they
choose; without such arguments, or with arguments that only exclude tests, none is asked for.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "google-chrome-stable", "google-chrome")
# ctest's arguments that choose tests, and those that only look as if they did.
ASKING = ("-R", "--tests-regex", "-L", "--label-regex", "-I", "--tests-information",
          "--rerun-failed", "--tests-from-file")  # fmt: skip
NOT_ASKING = ("-LE",)


class Test(NamedTuple):
    name: str
    labels: tuple = ()
    command: tuple = ()


class Plan(NamedTuple):
    things: list  # for tests/fetch
    left_out: list  # names of tests
    notes: list  # lines for a reader


def lacks_engine():
    """Why the tests labelled engine can't run here; empty when they can."""
    ended = subprocess.run(
        [ROOT / "tests" / "deploy" / "engine"], capture_output=True, text=True, check=False
    )
    return "" if ended.returncode == 0 else ended.stdout.strip() or "no container engine"


def lacks_browser():
    """Why the tests labelled browser can't run here; empty when they can."""
    if any(shutil.which(name) for name in BROWSERS):
        return ""
    return f"no browser (none of {', '.join(BROWSERS)} is installed)"


# By label: the check, and what to do about it.
REQUIREMENTS = {
    "engine": (lacks_engine, "start a Docker engine with Compose and buildx, and set DOCKER_HOST"),
    "browser": (lacks_browser, "install Chromium or Google Chrome"),
}


def read_tests(listing):
    """The tests of ctest's listing. It is empty when ctest dislikes its arguments, as its run will
    say."""
    try:
        listed = json.loads(listing)["tests"]
    except ValueError:
        return []
    tests = []
    for test in listed:
        properties = {entry["name"]: entry["value"] for entry in test.get("properties", [])}
        labels = tuple(properties.get("LABELS", ()))
        tests.append(Test(test["name"], labels, tuple(test.get("command", ()))))
    return tests


def asks_for_tests(arguments):
    return any(
        argument.startswith(ASKING) and not argument.startswith(NOT_ASKING)
        for argument in arguments
    )


def things_to_fetch(tests):
    """What the tests among them that check for fetched things check for."""
    things = []
    for test in tests:
        if len(test.command) > 2 and test.command[0].endswith("tests/fetch"):
            things.extend(test.command[2:])
    return things


def make_plan(tests, arguments, in_ci, requirements=None):
    requirements = REQUIREMENTS if requirements is None else requirements
    asked = in_ci or asks_for_tests(arguments)
    runnable, left_out, notes = list(tests), [], []
    for label, (lacks, remedy) in requirements.items():
        concerned = [test.name for test in runnable if label in test.labels]
        reason = lacks() if concerned else ""
        if not reason:
            continue
        runnable = [test for test in runnable if label not in test.labels]
        names = ", ".join(sorted(concerned))
        if in_ci:
            notes.append(f"{reason}; in CI these fail: {names}. To run them, {remedy}; or say -LE {label}")
        elif asked:
            notes.append(f"{reason}; these fail: {names}. To run them, {remedy}")
        else:
            left_out.extend(concerned)
            notes.append(f"{reason}; left out: {names}. To run them, {remedy}")
    return Plan(things_to_fetch(runnable), left_out, notes)


if __name__ == "__main__":
    plan = make_plan(
        read_tests(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2:], bool(os.environ.get("CI"))
    )
    print(" ".join(plan.things))
    print(";".join(plan.left_out))
    for note in plan.notes:
        print(note)
