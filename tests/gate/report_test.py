#!/usr/bin/env python3
"""What stands between ctest's output and its summary, and that the summary stays last."""
import pathlib
import tempfile
import unittest

import report

PASSED = "1/3 Test #1: Ring.Turns ........   Passed    0.10 sec\n"
FAILED = "2/3 Test #2: Ring.Breaks .......***Failed    1.50 sec\n"
NEXT = "      Start  3: Ring.Waits\n"
SUMMARY = "67% tests passed, 1 tests failed out of 3\n\nTotal Test time (real) =   1.60 sec\n"


def lines(text):
    return text.splitlines(keepends=True)


class SummaryTest(unittest.TestCase):
    def hold(self, text):
        written = []
        summary = report.hold_summary(lines(text), written.append)
        return "".join(written), summary

    def test_holds_the_summary_back(self):
        self.assertEqual(self.hold(PASSED + "\n" + SUMMARY), (PASSED + "\n", SUMMARY))

    def test_holds_the_last_of_several_summaries(self):
        nested = FAILED + "100% tests passed, 0 tests failed out of 7\nTotal\n"
        self.assertEqual(self.hold(nested + NEXT + SUMMARY), (nested + NEXT, SUMMARY))

    def test_passes_output_without_a_summary_on(self):
        self.assertEqual(self.hold(PASSED), (PASSED, ""))


class FailuresTest(unittest.TestCase):
    def test_repeats_what_failed_tests_printed(self):
        self.assertEqual(report.failures(lines(PASSED + FAILED + "why\n" + NEXT)), FAILED + "why\n")

    def test_repeats_nothing_of_passed_tests(self):
        self.assertEqual(report.failures(lines(PASSED + "chatter\n" + NEXT)), "")


class ConcludeTest(unittest.TestCase):
    SECONDS = {"Ring.Turns": 0.1, "Ring.Breaks": 1.5, "redis.Waits": 20}
    SKIPS = SUMMARY + "\nThe following tests did not run:\n\t  3 - redis.Waits (Skipped)\n"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        cases = "".join(f'<testcase name="{n}" time="{s}"/>' for n, s in self.SECONDS.items())
        (self.folder / "test-results.xml").write_text(f"<testsuite>{cases}</testsuite>")
        (self.folder / "test-list.json").write_text(
            '{"tests": [{"name": "Ring.Turns", "properties": [{"name": "LABELS", "value": ["unit"]}]},'
            '{"name": "Ring.Breaks", "properties": [{"name": "LABELS", "value": ["unit"]}]},'
            '{"name": "redis.Waits", "properties": [{"name": "LABELS", "value": ["redis"]}]}]}'
        )

    def conclude(self, log="", summary=SUMMARY, notes=(), in_ci=False):
        return report.conclude(self.folder, lines(log), summary, list(notes), in_ci)

    def test_lists_the_slowest_tests_first(self):
        text, code = self.conclude()
        self.assertEqual(code, 0)
        self.assertIn(
            "The slowest 3 of 3 tests, in seconds:\n"
            "    20.00  redis.Waits\n     1.50  Ring.Breaks\n     0.10  Ring.Turns\n",
            text,
        )
        self.assertIn("By label: redis 20.0, unit 1.6\n", text)

    def test_keeps_the_seconds_of_every_test(self):
        self.conclude()
        self.assertEqual(
            (self.folder / "test-durations.txt").read_text(),
            "20.00 redis.Waits\n1.50 Ring.Breaks\n0.10 Ring.Turns\n",
        )

    def test_lists_a_bounded_number(self):
        many = [report.Result(f"t{number}", number) for number in range(100)]
        text = report.duration_summary(many, {})
        self.assertIn(f"The slowest {report.SLOWEST} of 100", text)
        self.assertEqual(len(lines(text)), report.SLOWEST + 1)

    def test_puts_failures_first_and_notes_last(self):
        text, _ = self.conclude(FAILED + "why\n", notes=["left out x"])
        self.assertLess(text.index("why"), text.index("slowest"))
        self.assertTrue(text.endswith("\ntests/run: left out x\n\n"))

    def test_a_skipped_test_fails_in_ci_only(self):
        self.assertEqual(self.conclude(summary=self.SKIPS)[1], 0)
        text, code = self.conclude(summary=self.SKIPS, in_ci=True)
        self.assertEqual(code, 1)
        self.assertIn("skipped tests count as failed in CI: redis.Waits\n", text)
        self.assertEqual(self.conclude(in_ci=True)[1], 0)

    def test_says_nothing_when_no_test_ran(self):
        (self.folder / "test-results.xml").unlink()
        self.assertEqual(self.conclude(), ("", 0))


if __name__ == "__main__":
    unittest.main()
