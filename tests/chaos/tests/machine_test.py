"""What a slow machine explains, and what not."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import QUORUM


class MachineTest(HistoryCase):
    def test_a_deadline_that_passed_while_all_stood_still(self):
        def history(stall, end, code="DEADLINE_EXCEEDED", **more):
            return History().put(5, "a", 0, code=code, end=6).stall(stall, end, **more)

        self.assert_excuses(history(5.2, 5.5), "failed_request", QUORUM)
        self.assert_excuses(history(5.2, 5.5, node=3), "failed_request", QUORUM)
        self.assert_excuses(history(5.2, 5.5, code="UNAVAILABLE"), "failed_request", QUORUM)
        self.assert_finds(history(5.2, 5.25), "failed_request")
        self.assert_finds(history(7.2, 7.5), "failed_request")
        self.assert_finds(history(5.2, 5.5, code="ABORTED"), "failed_request")

    def test_a_node_that_a_fault_held_up_is_no_slow_machine(self):
        history = History().put(5, "a", 0, code="DEADLINE_EXCEEDED", end=6).stall(5, 6, node=1)
        self.assert_finds(history.fault("freeze", 5, 5.9, nodes=[1]), "failed_request")

    def test_a_coordinator_learns_late_that_its_caller_is_gone(self):
        def history(*stall):
            history = History().fault("slow", 1, 50).fault("slow", 1, 50, nodes=[1])
            history.put(2, "a", 0, code="DEADLINE_EXCEEDED", end=3).get(9, "a", 3_500)
            return history.stall(*stall) if stall else history

        self.assert_clean(history(2.8, 3.2))
        self.assert_finds(history(), "wrong_version")
        self.assert_finds(history(3.1, 3.2), "wrong_version")
        self.assert_finds(history(6, 6.5), "wrong_version")

    def test_cluster_time_is_known_by_half_a_round_trip(self):
        def history(*stall):
            history = History().put(15, "a", 1_000, ttl_ms=1000, expires_at_ms=History.wall_ms(15.7))
            return history.stall(*stall)

        self.assert_finds(history(9, 9.1), "expiry_wrong")
        self.assert_finds(history(2, 3), "expiry_wrong")
        found = [v.kind for v in history(9, 9.5).verdict().findings.violations]
        self.assertNotIn("expiry_wrong", found)


if __name__ == "__main__":
    unittest.main()
