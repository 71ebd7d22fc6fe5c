"""Answers that are degraded although all is well."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import ONE, QUORUM


class DegradedTest(HistoryCase):
    def test_a_write_in_peace(self):
        for level in (ONE, QUORUM):
            with self.subTest(level):
                self.assert_finds(History().put(5, "a", 1, level=level, degraded=True), "degraded")

    def test_that_took_as_long_as_a_replica_may_be_late(self):
        history = History().put(5, "a", 1, degraded=True, end=5.1)
        self.assert_excuses(history, "degraded", QUORUM)

    def test_in_a_fault(self):
        self.assert_clean(History().fault("slow", 4, 9, nodes=[3]).put(5, "a", 1, degraded=True))

    def test_a_read_at_one(self):
        history = History().put(5, "a", 1)
        self.assert_finds(history.get(6, "a", 1, level=ONE, degraded=True), "degraded")

    def test_that_asks_for_a_version(self):
        history = History().put(5, "a", 1)
        history.get(6, "a", 1, level=ONE, degraded=True, min_version=1)
        self.assert_excuses(history, "degraded")

    def test_a_strong_read_where_all_hold_the_same(self):
        history = History().put(5, "a", 1).get(8, "a", 1, degraded=True)
        self.assert_finds(history, "degraded")

    def test_that_may_have_had_to_repair(self):
        for history in (
                History().put(5, "a", 1).get(6, "a", 1, degraded=True),
                History().put(5, "a", 1).put(8, "b", 2, level=ONE).get(8.1, "b", 2, degraded=True),
                History().put(5, "a", 1, ttl_ms=4000).get(8, "a", 1, degraded=True,
                                                         expires_at_ms=History.wall_ms(9))):
            self.assert_excuses(history, "degraded", QUORUM)

    def test_after_an_unanswered_write_that_may_be_on_some(self):
        history = History().fault("slow", 1, 3).fault("slow", 1, 3, nodes=[1])
        history.put(2, "b", 0, code="ABORTED").put(2.5, "a", 2_100, level="all")
        self.assert_excuses(history.get(8, "a", 2_100, degraded=True), "degraded", QUORUM)

    def test_where_records_are_evicted_replicas_may_differ(self):
        history = History().put(5, "a", 1).get(8, "a", 1, degraded=True)
        history.fault("eviction", 0.1, 0.1, nodes=[1], forgets=True)
        self.assert_excuses(history, "degraded", QUORUM)


if __name__ == "__main__":
    unittest.main()
