"""What the home replicas hold in the end."""

import unittest

from histories import History, HistoryCase, us, version
from kit.history.operation import ONE


class ConvergenceTest(HistoryCase):
    def history(self):
        """Without any write."""
        return History().get(5, None, 0)

    def tombstone(self, number, end=3600):
        return {"version": version(number), "tombstone": True, "ends_at_ms": History.wall_ms(end)}

    def mortal(self, number, expires, ends):
        return {"version": version(number), "expires_at_ms": History.wall_ms(expires),
                "ends_at_ms": History.wall_ms(ends)}

    def test_equal(self):
        self.assert_clean(History().put(5, "a", 1).replica("k", 1, 1, 1))

    def test_ended_while_the_replicas_were_read(self):
        history = History().put(5, "a", 1, ttl_ms=94_500).replica("k", 0, 0, 0)
        history.replicas["at"] = us(99)
        self.assert_finds(history, "lost_write")
        history.replicas["until"] = us(100)
        self.assert_clean(history)

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

    def test_tombstone_that_ends_too_early(self):
        held = self.tombstone(1, end=3590)
        self.assert_finds(History().delete(5, 1).replica("k", held, held, held), "diverged")

    def test_tombstone_that_ends_too_late(self):
        held = self.tombstone(1, end=100 + 3600 + 8)
        self.assert_finds(History().delete(99, 1).replica("k", held, held, held), "diverged")
        # Ends are told in cluster time: the clock of a coordinator changes none.
        skewed = dict(nodes=[], coordinators=[1], coordinator_fault=True, skew_ms=8000)
        history = History().fault("coordinator_skew", 98, 99, **skewed)
        history.delete(99, 1).replica("k", held, held, held)
        self.assert_finds(history, "diverged")

    def test_a_node_ends_keys_by_its_own_clock(self):
        held = self.tombstone(1, end=100 + 3600 + 8)
        for node, clean in ((2, True), (3, False)):
            with self.subTest(node):
                history = History().fault("node_skew", 10, 20, nodes=[node], skew_ms=8000)
                history.delete(99, 1).replica("k", self.tombstone(1), self.tombstone(1), held)
                if clean:
                    self.assert_clean(history)
                else:
                    self.assert_finds(history, "diverged")

    def test_too_few_home_replicas(self):
        self.assert_finds(History().put(5, "a", 1).replica("k", 1, 1), "diverged")

    def test_a_node_that_evicts_may_have_forgotten_it(self):
        history = History().fault("evict", 2, 50, nodes=[1], forgets=True)
        self.assert_clean(history.put(5, "a", 1).replica("k", 1, 0, 1))
        history = History().fault("evict", 2, 50, nodes=[3], forgets=True)
        self.assert_finds(history.put(5, "a", 1).replica("k", 1, 0, 1), "diverged")

    def test_a_replica_holds_what_somebody_wrote_under_that_version(self):
        def history(**fields):
            held = {"version": version(5001), "value": "a", **fields}
            return History().put(5, "a", 5001).replica("k", held, held, held)

        self.assert_clean(history())
        self.assert_finds(history(value="b"), "unknown_value")
        self.assert_finds(history(version=version(9000)), "wrong_version")
        gone = self.tombstone(9000, end=3609) | {"value": None}
        self.assert_finds(history(**gone), "wrong_version")

    def test_reads_after_it_show_what_all_hold(self):
        def history(**read):
            history = History(seconds=100).fault("slow", 90, 100)
            history.put(95, "a", 95_000, level=ONE).put(96, "b", 96_000, level=ONE)
            history.replica("k", 96_000, 96_000, 96_000)
            history.meta["end"] = us(130)
            return history.get(101, level=ONE, **read)

        self.assert_clean(history(value="b", number=96_000))
        self.assert_finds(history(value="a", number=95_000), "stale_read")
        self.assert_finds(history(value=None, number=0), "stale_read")

    def test_a_copy_that_was_made_after_the_end_of_its_record(self):
        for ends, clean in ((3690, True), (3710, False)):
            held = self.mortal(1, expires=10, ends=ends)
            history = History().put(5, "a", 1, ttl_ms=5000).replica("k", held, held, held)
            self.assert_clean(history) if clean else self.assert_finds(history, "diverged")

    def test_expired_record_may_linger_on_some(self):
        lingering = self.mortal(1, expires=10, ends=3000)
        self.assert_clean(self.history().replica("k", lingering, 0, 0))
        alive = self.mortal(1, expires=110, ends=110)
        self.assert_finds(self.history().replica("k", alive, 0, 0), "diverged")

    def test_record_that_redis_would_keep_or_drop_too_long_or_early(self):
        for expires, ends in ((150, 140), (150, 4000)):
            with self.subTest(ends):
                held = self.mortal(1, expires, ends)
                self.assert_finds(self.history().replica("k", held, held, held), "diverged")

    def test_lost_write(self):
        self.assert_finds(
            History().put(5, "a", 1).put(6, "b", 2).replica("k", 1, 1, 1), "lost_write")

    def test_lost_write_at_one(self):
        history = History().put(5, "a", 1).put(6, "b", 2, level=ONE).replica("k", 1, 1, 1)
        self.assert_finds(history, "lost_write")
        history = History().put(5, "a", 1).fault("kill", 6.1, 9, loses_memory=True)
        history.put(6, "b", 2, level=ONE).replica("k", 1, 1, 1)
        self.assert_excuses(history, "lost_write")

    def test_nodes_that_never_came_up(self):
        history = self.history()
        history.meta["all_up"] = False
        self.assert_finds(history, "not_up")


if __name__ == "__main__":
    unittest.main()
