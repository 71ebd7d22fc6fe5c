"""Exact expiry, by the clock of the coordinator that answers."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import ALL, ONE


class ExpiryTest(HistoryCase):
    def get_with_expiry(self, history, at, value, number, expires_at, **more):
        return history.get(at, value, number, expires_at_ms=history.wall_ms(expires_at), **more)

    def test_until_its_expiry_and_not_after(self):
        history = History().put(5, "a", 1, ttl_ms=1000)
        self.get_with_expiry(history, 5.9, "a", 1, 6).get(6.2, None, 0)
        self.assert_clean(history)

    def test_overrun(self):
        history = History().put(5, "a", 1, ttl_ms=1000)
        self.assert_finds(
            self.get_with_expiry(history, 6.2, "a", 1, 6), "expiry_overrun")

    def test_gone_too_early(self):
        history = History().put(5, "a", 1, ttl_ms=1000).get(5.8, None, 0)
        self.assert_finds(history, "expiry_early")

    def test_another_expiry_than_the_receipt_said(self):
        history = History().put(5, "a", 1, ttl_ms=1000)
        self.assert_finds(self.get_with_expiry(history, 5.5, "a", 1, 8), "expiry_wrong")

    def test_another_expiry_than_asked_for(self):
        self.assert_finds(
            History().put(5, "a", 1, ttl_ms=1000, expires_at_ms=History.wall_ms(9)),
            "expiry_wrong")
        self.assert_finds(
            History().put(5, "a", 1, expires_at_ms=History.wall_ms(9)), "expiry_wrong")

    def test_shortened_life_does_not_bring_the_older_value_back(self):
        history = History().fault("cut_all", 1, 50).put(5, "a", 1).put(6, "b", 2, ttl_ms=500)
        self.assert_clean(history.get(8, None, 0))
        self.assert_finds(history.get(9, "a", 1), "resurrected_expired")

    def test_miss_from_an_older_record_is_right_once_the_newer_has_expired(self):
        history = History().delete(5, 1).put(6, "a", 2, ttl_ms=500)
        self.assert_clean(history.get(8, None, 1))
        history = History().delete(5, 1).put(6, "a", 2, ttl_ms=5000)
        self.assert_finds(history.get(8, None, 1), "expiry_early")

    def test_at_one_when_all_is_quiet(self):
        history = History().put(5, "a", 1).put(6, "b", 2, ttl_ms=500)
        self.assert_finds(history.get(9, "a", 1, level=ONE), "resurrected_expired")

    def test_late_write_may_outlast_a_shorter_life_at_one_until_it_is_quiet(self):
        history = History().fault("slow", 4, 50, coordinators=[0]).put(5, "a", 1)
        history.put(6, "b", 2, level=ALL, ttl_ms=500).get(9, "a", 1, level=ONE)
        self.assert_excuses(history, "resurrected_expired")
        self.assert_finds(history.get(60, "a", 1, level=ONE), "resurrected_expired")

    def test_but_not_in_a_later_fault_once_all_was_quiet(self):
        history = History().fault("cut_one", 4, 9, coordinators=[0]).put(5, "a", 1)
        history.put(20, "b", 2, level=ALL, ttl_ms=500)
        history.fault("old_rdb", 50, 52, loses_memory=True)
        self.assert_finds(history.get(53, "a", 1, level=ONE), "resurrected_expired")

    def test_an_unanswered_write_has_the_expiry_that_was_asked_for(self):
        def history(expires_at_s, ttl_ms=5000):
            history = History().fault("slow", 1, 50).fault("slow", 1, 50, nodes=[1])
            history.put(2, "a", 0, ttl_ms=ttl_ms, code="ABORTED")
            return self.get_with_expiry(history, 3, "a", 2000, expires_at_s)

        self.assert_clean(history(7))
        self.assert_finds(history(8), "expiry_wrong")
        self.assert_finds(history(7, ttl_ms=0), "expiry_wrong")

    def test_every_read_of_a_version_shows_one_expiry(self):
        history = History().fault("slow", 1, 50).fault("slow", 1, 50, nodes=[1])
        history.put(2, "a", 0, ttl_ms=5000, code="ABORTED")
        self.get_with_expiry(history, 3, "a", 2000, 7)
        self.assert_finds(self.get_with_expiry(history, 4, "a", 2000, 7.05), "expiry_wrong")

    def test_the_clock_of_a_coordinator_changes_no_life(self):
        skewed = dict(nodes=[], coordinators=[1], coordinator_fault=True, skew_ms=2500)
        history = History().fault("coordinator_skew", 2, 60, **skewed)
        history.put(5, "a", 1, ttl_ms=1000)
        self.assert_finds(history.get(5.1, None, 0, coordinator=1), "expiry_early")
        history = History().fault("coordinator_skew", 2, 60, **skewed)
        history.put(5, "a", 1, ttl_ms=1000, coordinator=1, expires_at_ms=History.wall_ms(8.5))
        self.assert_finds(history, "expiry_wrong")

    def test_a_life_begins_when_a_given_up_write_is_stamped(self):
        def history(end):
            history = History().fault("slow", 0.5, 50).fault("slow", 0.5, 50, nodes=[1])
            history.put(1, "a", 0, caller="pipeline", code="DEADLINE_EXCEEDED", given_up=True,
                        ttl_ms=4000, end=2.5).get(5, None, 0, caller="pipeline")
            return history.get(9, "a", 5_500, expires_at_ms=History.wall_ms(end))

        self.assert_clean(history(9.5))
        self.assert_finds(history(11), "expiry_wrong")


if __name__ == "__main__":
    unittest.main()
