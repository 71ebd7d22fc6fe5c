"""What the home replicas hold in the end."""

import unittest

from histories import History, HistoryCase, version
from kit.history.operation import ONE


class ConvergenceTest(HistoryCase):
    def tombstone(self, number, end=50):
        return {"version": version(number), "tombstone": True, "ends_at_ms": History.wall_ms(end)}

    def mortal(self, number, expires, ends):
        return {"version": version(number), "expires_at_ms": History.wall_ms(expires),
                "ends_at_ms": History.wall_ms(ends)}

    def test_equal(self):
        self.assert_clean(History().put(5, "a", 1).replica("k", 1, 1, 1))

    def test_different_versions(self):
        self.assert_finds(History().put(5, "a", 1).replica("k", 1, 2, 1), "diverged")

    def test_missing_on_one(self):
        self.assert_finds(History().put(5, "a", 1).replica("k", 1, 0, 1), "diverged")

    def test_tombstone_missing_on_one(self):
        history = History().delete(5, 1).replica("k", self.tombstone(1), 0, self.tombstone(1))
        self.assert_finds(history, "diverged")

    def test_tombstone_without_an_end(self):
        held = self.tombstone(1) | {"ends_at_ms": -1}
        self.assert_finds(History().delete(5, 1).replica("k", held, held, held), "diverged")

    def test_tombstone_ends_by_the_fastest_clock(self):
        held = self.tombstone(1, end=100 + 3600 + 8)
        self.assert_finds(History().delete(99, 1).replica("k", held, held, held), "diverged")
        history = History().fault("coordinator_skew", 98, 100, skew_ms=8000)
        self.assert_clean(history.delete(99, 1).replica("k", held, held, held))

    def test_expired_record_may_linger_on_some(self):
        lingering = self.mortal(1, expires=10, ends=3000)
        self.assert_clean(History().replica("k", lingering, 0, 0))
        alive = self.mortal(1, expires=110, ends=110)
        self.assert_finds(History().replica("k", alive, 0, 0), "diverged")

    def test_record_that_redis_would_keep_or_drop_too_long_or_early(self):
        for expires, ends in ((150, 140), (150, 4000)):
            with self.subTest(ends):
                held = self.mortal(1, expires, ends)
                self.assert_finds(History().replica("k", held, held, held), "diverged")

    def test_lost_write(self):
        self.assert_finds(
            History().put(5, "a", 1).put(6, "b", 2).replica("k", 1, 1, 1), "lost_write")

    def test_lost_write_at_one(self):
        history = History().put(5, "a", 1).put(6, "b", 2, level=ONE).replica("k", 1, 1, 1)
        self.assert_finds(history, "lost_write")
        history = History().put(5, "a", 1).fault("kill", 6.1, 9, loses_memory=True)
        history.put(6, "b", 2, level=ONE).replica("k", 1, 1, 1)
        self.assert_counts(history, "lost_write")

    def test_nodes_that_never_came_up(self):
        history = History()
        history.meta["all_up"] = False
        self.assert_finds(history, "not_up")


if __name__ == "__main__":
    unittest.main()
