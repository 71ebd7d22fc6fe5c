"""Which requests may fail."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import ALL, ONE, QUORUM


class FailuresTest(HistoryCase):
    def history(self, level, away, code="UNAVAILABLE"):
        history = History()
        for node in range(away):
            history.fault("kill", 2, 50, nodes=[node])
        return history.put(5, "a", 0, level=level, code=code)

    def test_allowed_when_too_few_replicas_are_there(self):
        for level, away in ((ONE, 3), (QUORUM, 2), (ALL, 1)):
            with self.subTest(level):
                self.assert_clean(self.history(level, away))

    def test_not_allowed_while_there_are_enough(self):
        for level, away in ((ONE, 2), (QUORUM, 1), (ALL, 0)):
            with self.subTest(level):
                self.assert_finds(self.history(level, away), "failed_request")

    def test_a_node_that_the_coordinator_itself_calls_down_is_away(self):
        history = History().state(4, 0, 1, 2).state(8, 0)
        self.assert_clean(history.put(5, "a", 0, code="UNAVAILABLE"))

    def test_allowed_through_a_coordinator_that_is_hit(self):
        hit = dict(nodes=[], coordinators=[1], coordinator_fault=True)
        history = History().fault("coordinator_kill", 4, 6, **hit)
        history.put(5, "a", 0, level=ONE, code="UNAVAILABLE", coordinator=1)
        self.assert_clean(history)
        history.put(5, "b", 0, level=ONE, code="UNAVAILABLE", coordinator=0)
        self.assert_finds(history, "failed_request")

    def test_code_that_tells_a_client_nothing(self):
        history = History().fault("coordinator_restart", 4, 6, nodes=[], coordinator_fault=True)
        for code in ("CANCELLED", "UNKNOWN", "INTERNAL"):
            history.put(5, code, 0, level=ONE, code=code)
        self.assert_finds(history, "wrong_code", "wrong_code", "wrong_code")

    def test_fault_that_was_never_healed_goes_on(self):
        history = History().fault("kill", 2, 3).fault("flushall", 2, 3, nodes=[1], unseen=True)
        for fault in history.faults:
            fault.update(struck=None, healing=None, healed=None)
        self.assert_clean(history.put(90, "a", 0, code="UNAVAILABLE"))

    def test_refused_in_a_flood(self):
        history = History().put(5, "a", 0, level=ONE, code="RESOURCE_EXHAUSTED")
        self.assert_finds(history, "failed_request")
        self.assert_clean(history.fault("flood", 4, 6, nodes=[]))


if __name__ == "__main__":
    unittest.main()
