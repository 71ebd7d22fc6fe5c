"""A run that checked nothing has shown nothing."""

import unittest

from histories import History, HistoryCase, us


class FloorsTest(HistoryCase):
    def history(self, **floors):
        history = History().put(1, "a", 1).get(2, "a", 1).put(3, "b", 3).get(8, "b", 3)
        history.meta["floors"] = floors
        return history

    def assert_misses(self, history, what):
        found = history.verdict().findings.violations
        self.assertEqual([violation.kind for violation in found], ["not_checked"])
        self.assertIn(what, found[0].what)

    def test_no_operation_at_all(self):
        self.assert_misses(History(), "operations")

    def test_each_floor_and_its_name(self):
        for floors, what in (
                ({"rate": 1}, "operations: 4, at least 100"),
                ({"answered": 1.1}, "answered operations"),
                ({"quiet_seconds": 101}, "quiet seconds"),
                ({"faults": 1}, "faults staged"),
                ({"keys": 1}, "keys compared"),
                ({"checked": {"newest quorum": 0.6}}, "newest at quorum: 2, at least 2.4"),
                ({"checked": {"newest one": 0.1}}, "newest at one")):
            with self.subTest(what):
                self.assert_misses(self.history(**floors), what)

    def test_what_is_reached(self):
        self.assert_clean(self.history(
            rate=0.03, answered=1, quiet_seconds=99, checked={"newest quorum": 0.5}))

    def test_what_was_excused_was_not_checked(self):
        history = History().fault("slow", 0.5, 50).fault("slow", 0.5, 50, nodes=[1])
        history.put(1, "a", 1).delete(2, 0, code="ABORTED").get(3, None, 0)
        history.meta["floors"] = {"checked": {"newest quorum": 0.1}}
        self.assert_misses(history, "newest at quorum: 0")

    def test_a_key_whose_homes_nobody_knows(self):
        history = History().put(1, "a", 1).put(2, "b", 2, key="other")
        self.assert_misses(history, "home replicas are not known")

    def test_a_fault_that_never_ended_is_not_counted(self):
        history = self.history(faults=1).fault("slow", 50, 60)
        self.assert_clean(history)
        history.faults[0]["healed"] = None
        history.meta["end"] = us(100)
        self.assert_misses(history, "faults staged")


if __name__ == "__main__":
    unittest.main()
