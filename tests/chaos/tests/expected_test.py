"""Expected failures: known faults are counted apart, and nothing else is."""

import unittest

from histories import History, us
from kit import expected
from kit.checker.violation import Violation
from kit.history.operation import DELETE, GET, ONE, Operation
from kit.report import Report

SHORT = {"tombstone_ttl_seconds": 8, "nodes": 4, "replication_factor": 3}
DEFAULT = {**SHORT, "tombstone_ttl_seconds": 3600}


def violation(kind, at=60):
    read = Operation(2, 0, 0, GET, ONE, "k", us(at), us(at + 0.01), "OK")
    deleted = Operation(1, 0, 0, DELETE, ONE, "k", us(1), us(1.01), "OK")
    return Violation(kind, ONE, "k", "", (deleted, read))


class ExpectedTest(unittest.TestCase):
    def sort_out(self, history, scenario, *violations):
        return expected.sort_out(violations, scenario, history.faults)

    def two_away(self, begin, end):
        return History().fault("long_absence", 10, 20, silences=True).fault(
            "freeze", begin, end, nodes=[1])

    def test_long_absences_of_two_nodes(self):
        for begin, end, staged in ((10, 20, True), (19, 30, True), (18, 20, False), (21, 30, False)):
            known = self.sort_out(self.two_away(begin, end), {**SHORT, "nodes": 3})[1]
            self.assertEqual("long absences of two nodes" in known, staged, (begin, end))

    def test_an_only_copy_is_away_for_longer_than_a_tombstone_lives(self):
        name = "an only copy away for longer than a tombstone lives"
        for scenario, factor, healed, staged in (
                (SHORT, 1, 20, True), (SHORT, 1, 17, False), (SHORT, 3, 20, False),
                (DEFAULT, 1, 20, False)):
            known = self.sort_out(
                History().fault("freeze", 10, healed), {**scenario, "replication_factor": factor})[1]
            self.assertEqual(name in known, staged, (factor, healed))

    def test_one_node_that_is_away_twice_is_not_two(self):
        history = History().fault("long_absence", 10, 20, silences=True).fault("freeze", 15, 22)
        self.assertNotIn("long absences of two nodes",
                         self.sort_out(history, {**SHORT, "nodes": 3})[1])

    def test_a_failure_counts_under_its_name_and_only_after_its_cause(self):
        late, early = violation("resurrected_delete"), violation("resurrected_delete", at=5)
        unexpected, known = self.sort_out(
            self.two_away(10, 20), {**SHORT, "nodes": 3}, late, early)
        self.assertEqual(unexpected, [early])
        self.assertEqual(known["long absences of two nodes"], [late])

    def test_a_marker_may_be_evicted_where_nodes_evict(self):
        refused = violation("failed_request")
        evicting = History().fault("eviction", 0, 0, nodes=[0, 1, 2])
        self.assertEqual(self.sort_out(evicting, DEFAULT, refused)[0], [])
        self.assertEqual(self.sort_out(History().fault("kill", 10, 11), DEFAULT, refused)[0], [refused])

    def test_other_kinds_are_never_expected(self):
        history = self.two_away(10, 20)
        found = [violation(kind) for kind in ("unknown_value", "two_values", "order", "expiry_overrun")]
        self.assertEqual(self.sort_out(history, SHORT, *found)[0], found)

    def test_nothing_is_expected_where_nothing_was_staged(self):
        found = [violation(kind) for known in expected.EXPECTED for kind in known.kinds]
        unexpected, known = self.sort_out(History(), SHORT, *found)
        self.assertEqual((unexpected, known), (found, {}))

    def test_default_tombstones_outlive_these_rounds(self):
        found = violation("resurrected_delete")
        history = History().fault("freeze", 10, 40).fault("freeze", 10, 40, nodes=[1])
        self.assertEqual(self.sort_out(history, DEFAULT, found)[0], [found])

    def test_each_names_its_issue_and_its_name_is_its_own(self):
        names = [known.name for known in expected.EXPECTED]
        self.assertEqual(len(set(names)), len(names))
        self.assertTrue(all(known.issue == expected.F2 for known in expected.EXPECTED))

    def test_one_that_was_staged_and_did_not_happen_is_reported(self):
        report = Report()
        faults = self.two_away(10, 20).faults
        for number in range(expected.STAGED_ENOUGH):
            history = History().put(1, "a", 1).get(2, "a", 1)
            history.meta["scenario"] = SHORT
            self.assertNotIn("DOES NOT HAPPEN", report.text())
            report.add(f"round {number}", history.verdict(), faults)
        self.assertEqual(report.text().count("DOES NOT HAPPEN"), 1)
        self.assertEqual(report.violations, 0)

    def test_one_that_happened_is_counted_apart(self):
        history = History().put(1, "a", 1).delete(2, 2).get(60, "a", 1)
        history.meta["scenario"] = SHORT
        report = Report()
        report.add("quiet", history.verdict(), ())
        self.assertEqual(report.violations, 1)
        report = Report()
        report.add("two away", history.verdict(), self.two_away(10, 20).faults)
        self.assertEqual(report.violations, 0)
        self.assertEqual(report.document()["expected"]["long absences of two nodes"],
                         {"staged": 1, "violations": 1})


if __name__ == "__main__":
    unittest.main()
