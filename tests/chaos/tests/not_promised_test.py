"""What docs/consistency.md does not promise is counted apart, and nothing else is."""

import pathlib
import unittest

from histories import History, us
from kit import not_promised
from kit.checker.violation import Violation
from kit.history.operation import DELETE, GET, ONE, Operation
from kit.report import Report

SHORT = {"tombstone_ttl_seconds": 8, "nodes": 4, "replication_factor": 3}
TWO_COPIES = {**SHORT, "replication_factor": 2}
DEFAULT = {**SHORT, "tombstone_ttl_seconds": 3600}
IN_DOUBT = "no home replica was whole, and one was away for long"
DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "consistency.md"


def violation(kind, at=60):
    read = Operation(2, 0, 0, GET, ONE, "k", us(at), us(at + 0.01), "OK")
    deleted = Operation(1, 0, 0, DELETE, ONE, "k", us(1), us(1.01), "OK")
    return Violation(kind, ONE, "k", "", (deleted, read))


class NotPromisedTest(unittest.TestCase):
    def sort_out(self, history, scenario, *violations):
        return not_promised.sort_out(violations, scenario, history.faults)

    def two_away(self, begin, end):
        return History().fault("long_absence", 10, 20).fault("freeze", begin, end, nodes=[1])

    def test_all_home_replicas_in_doubt_and_one_away_for_long(self):
        for begin, end, staged in ((10, 20, True), (19, 30, True), (18, 20, True), (21, 30, False)):
            known = self.sort_out(self.two_away(begin, end), TWO_COPIES)[1]
            self.assertEqual(IN_DOUBT in known, staged, (begin, end))

    def test_a_home_replica_that_was_whole_is_enough(self):
        self.assertNotIn(IN_DOUBT, self.sort_out(self.two_away(10, 20), SHORT)[1])

    def test_short_absences_are_no_cause(self):
        history = History().fault("freeze", 10, 15).fault("freeze", 10, 15, nodes=[1])
        self.assertNotIn(IN_DOUBT, self.sort_out(history, TWO_COPIES)[1])

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
        self.assertNotIn(IN_DOUBT, self.sort_out(history, TWO_COPIES)[1])

    def test_it_counts_under_its_name_and_only_after_its_cause(self):
        late, early = violation("resurrected_delete"), violation("resurrected_delete", at=5)
        broken, known = self.sort_out(self.two_away(10, 20), TWO_COPIES, late, early)
        self.assertEqual(broken, [early])
        self.assertEqual(known[IN_DOUBT], [late])

    def test_a_marker_may_be_evicted_where_nodes_evict(self):
        refused = violation("failed_request")
        evicting = History().fault("eviction", 0, 0, nodes=[0, 1, 2])
        self.assertEqual(self.sort_out(evicting, DEFAULT, refused)[0], [])
        self.assertEqual(self.sort_out(History().fault("kill", 10, 11), DEFAULT, refused)[0], [refused])

    def test_other_kinds_are_always_promised(self):
        history = self.two_away(10, 20)
        found = [violation(kind) for kind in ("unknown_value", "two_values", "order", "expiry_overrun")]
        self.assertEqual(self.sort_out(history, TWO_COPIES, *found)[0], found)

    def test_everything_is_promised_where_no_cause_was_staged(self):
        found = [violation(kind) for entry in not_promised.NOT_PROMISED for kind in entry.kinds]
        self.assertEqual(self.sort_out(History(), SHORT, *found), (found, {}))

    def test_default_tombstones_outlive_these_rounds(self):
        found = violation("resurrected_delete")
        history = History().fault("freeze", 10, 40).fault("freeze", 10, 40, nodes=[1])
        scenario = {**DEFAULT, "replication_factor": 2}
        self.assertEqual(self.sort_out(history, scenario, found)[0], [found])

    def test_each_quotes_the_docs_and_has_a_name_of_its_own(self):
        names = [entry.name for entry in not_promised.NOT_PROMISED]
        self.assertEqual(len(set(names)), len(names))
        text = " ".join(DOCS.read_text().split())
        for entry in not_promised.NOT_PROMISED:
            self.assertIn(entry.reference, text)

    def test_it_is_counted_apart(self):
        history = History().put(1, "a", 1).delete(2, 2).get(60, "a", 1)
        history.meta["scenario"] = TWO_COPIES
        report = Report()
        report.add("quiet", history.verdict(), ())
        self.assertEqual(report.violations, 1)
        report = Report()
        report.add("two away", history.verdict(), self.two_away(10, 20).faults)
        self.assertEqual(report.violations, 0)
        self.assertEqual(report.document()["not_promised"][IN_DOUBT], {"staged": 1, "seen": 1})
        self.assertIn(IN_DOUBT, report.text())


if __name__ == "__main__":
    unittest.main()
