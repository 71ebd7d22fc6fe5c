#!/usr/bin/env python3
"""Passes ctest's output on as it comes, its summary last, and says what the summary does not.

usage: ctest ... | report.py [--note LINE]... FOLDER

FOLDER has test-list.json (ctest --show-only=json-v1) and test-results.xml (ctest --output-junit). Left
there are test-run.log, all of ctest's output, and test-durations.txt, the seconds of every test, the
slowest first. When ctest has ended, these follow its output, in this order:

  what failed tests printed, once more: a thousand lines of passed tests hide it
  the slowest tests, and the seconds of each label
  the notes
  ctest's summary

Exit code: 1 in CI (the variable CI is set and not empty) when a test was skipped or disabled, which
ctest lets pass; else 0.
"""
import argparse
import os
import pathlib
import re
import signal
import sys
import xml.etree.ElementTree as xml
from typing import NamedTuple

import plan

SLOWEST = 15
SUMMARY = re.compile(r"\d+% tests passed, \d+ tests? failed out of \d+$")
# A test starts, or ends: there is more to come than the summary.
PROGRESS = re.compile(r" *Start +\d+: | *\d+/\d+ +Test +#\d+: ")
PASSED = re.compile(r" *\d+/\d+ +Test +#\d+: .* Passed +[\d.]+ sec$")
LET_PASS = re.compile(r"^\t *\d+ - (.+) \((?:Skipped|Disabled)\)$", re.MULTILINE)
FAILED = re.compile(r" *\d+/\d+ +Test +#\d+: .*\*\*\*[A-Z]")


class Result(NamedTuple):
    name: str
    seconds: float


def hold_summary(lines, write):
    """Writes the lines but for the summary at their end, and returns that. A failed test may have
    printed a summary of its own: it is held only until the next test starts or ends."""
    held = []
    for line in lines:
        if held and PROGRESS.match(line):
            write("".join(held))
            held = []
        if held or SUMMARY.match(line):
            held.append(line)
        else:
            write(line)
    return "".join(held)


def failures(lines):
    """The lines of the tests that did not pass, and what ctest printed of their output."""
    found, within = [], False
    for line in lines:
        if FAILED.match(line):
            within = True
        elif PROGRESS.match(line) or PASSED.match(line):
            within = False
        if within:
            found.append(line)
    return "".join(found)


def read_results(text):
    """The results that a JUnit file holds."""
    return [
        Result(case.get("name"), float(case.get("time", 0)))
        for case in xml.fromstring(text).iter("testcase")
    ]


def slowest_first(results):
    return sorted(results, key=lambda result: (-result.seconds, result.name))


def durations(results):
    """A line for each test, for a file."""
    return "".join(f"{each.seconds:.2f} {each.name}\n" for each in slowest_first(results))


def duration_summary(results, labels):
    """The slowest tests, and the seconds of each label. `labels` are those of a test, by its name."""
    slowest = slowest_first(results)[:SLOWEST]
    text = f"The slowest {len(slowest)} of {len(results)} tests, in seconds:\n"
    text += "".join(f"{each.seconds:9.2f}  {each.name}\n" for each in slowest)
    seconds = {}
    for each in results:
        for label in labels.get(each.name, ()):
            seconds[label] = seconds.get(label, 0) + each.seconds
    by_label = sorted(seconds.items(), key=lambda entry: (-entry[1], entry[0]))
    if by_label:
        text += "By label: " + ", ".join(f"{name} {total:.1f}" for name, total in by_label) + "\n"
    return text


def conclude(folder, log, summary, notes, in_ci):
    """What stands between ctest's output and its summary, and the exit code."""
    text, code = failures(log).rstrip("\n") + "\n", 0
    results_file = folder / "test-results.xml"
    if results_file.exists():
        results = read_results(results_file.read_text(errors="replace"))
        tests = plan.read_tests((folder / "test-list.json").read_text())
        (folder / "test-durations.txt").write_text(durations(results))
        text += "\n" + duration_summary(results, {test.name: test.labels for test in tests})
        text += f"All: {os.path.relpath(folder / 'test-durations.txt')}\n"
    skipped = LET_PASS.findall(summary) if in_ci else []
    if skipped:
        notes, code = [*notes, f"skipped tests count as failed in CI: {', '.join(skipped)}"], 1
    text += "".join(f"tests/run: {note}\n" for note in notes)
    text = text.strip("\n")
    return f"\n{text}\n\n" if text else "", code


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--note", action="append", default=[])
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    # Ctrl-C ends ctest; what it still prints is passed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.reconfigure(errors="replace")
    log_file = arguments.folder / "test-run.log"
    with open(log_file, "w", encoding="utf-8") as log:

        def write(text):
            sys.stdout.write(text)
            sys.stdout.flush()
            log.write(text)

        summary = hold_summary(sys.stdin, write)
    text, code = conclude(
        arguments.folder,
        log_file.read_text(encoding="utf-8").splitlines(keepends=True),
        summary,
        arguments.note,
        bool(os.environ.get("CI")),
    )
    with open(log_file, "a", encoding="utf-8") as log:
        log.write(summary)
    sys.stdout.write(text + summary)
    return code


if __name__ == "__main__":
    sys.exit(main())
