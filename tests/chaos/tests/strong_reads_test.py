"""What QUORUM and ALL promise."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import ALL, ONE


class StrongReadsTest(HistoryCase):
    def test_read_shows_the_last_write(self):
        self.assert_clean(History().put(1, "a", 1).get(2, "a", 1).put(3, "b", 2).get(4, "b", 2))

    def test_older_value_is_stale(self):
        self.assert_finds(
            History().put(1, "a", 1).put(2, "b", 2).get(3, "a", 1), "stale_read")

    def test_older_value_is_stale_in_the_middle_of_a_fault_too(self):
        for level in (ALL, "quorum"):
            with self.subTest(level):
                history = History().fault("slow", 1, 50, loses_memory=True)
                history.put(10, "a", 1).put(11, "b", 2, level=level).get(12, "a", 1)
                self.assert_finds(history, "stale_read")

    def test_miss_of_a_living_value_is_stale(self):
        self.assert_finds(History().put(1, "a", 1).get(2, None, 0), "stale_read")

    def test_concurrent_write_may_or_may_not_be_seen(self):
        for value, number in (("a", 1), ("b", 2)):
            with self.subTest(value):
                history = History().put(1, "a", 1).put(2, "b", 2, end=2.5)
                self.assert_clean(history.get(2.2, value, number))

    def test_unanswered_write_may_take_effect_at_any_time(self):
        history = History().put(1, "a", 1).fault("slow", 1.5, 50)
        history.fault("slow", 1.5, 50, nodes=[1])
        history.put(2, "b", 0, code="DEADLINE_EXCEEDED", end=3).get(4, "a", 1).get(5, "b", 2000)
        self.assert_clean(history)

    def test_what_a_strong_read_found_the_next_one_finds(self):
        history = History().fault("kill", 0.5, 50).put(1, "a", 1).put(2, "b", 2, level=ONE)
        self.assert_clean(history.get(3, "a", 1))
        self.assert_finds(history.get(4, "b", 2).get(5, "a", 1), "stale_read")

    def test_a_write_at_one_is_not_promised_to_strong_reads_at_once(self):
        history = History().put(1, "a", 1).put(2, "b", 2, level=ONE).get(2.1, "a", 1)
        self.assert_clean(history)

    def test_but_is_once_its_background_copies_are_written(self):
        history = History().put(5, "a", 1).put(6, "b", 2, level=ONE).get(20, "a", 1)
        self.assert_finds(history, "stale_read")


class DeletesTest(HistoryCase):
    def test_deleted_value_stays_away(self):
        self.assert_clean(History().put(1, "a", 1).delete(2, 2).get(3, None, 0))

    def test_tombstone_may_be_shown(self):
        self.assert_clean(History().put(1, "a", 1).delete(2, 2).get(3, None, 2))

    def test_resurrected(self):
        self.assert_finds(
            History().put(1, "a", 1).delete(2, 2).get(3, "a", 1), "resurrected_delete")

    def test_written_again_is_not_resurrected(self):
        self.assert_clean(History().put(1, "a", 1).delete(2, 2).put(3, "b", 3).get(4, "b", 3))

    def slow(self):
        return History().fault("slow", 0.5, 50).fault("slow", 0.5, 50, nodes=[1])

    def test_an_unanswered_delete_explains_a_miss(self):
        history = self.slow().put(1, "a", 1).delete(2, 0, code="ABORTED").get(3, None, 0)
        self.assert_excuses(history, "missing", "quorum")

    def test_not_one_that_ended_before_the_write_was_stamped(self):
        for seconds in (4, 30):
            with self.subTest(seconds):
                history = self.slow().delete(2, 0, code="ABORTED")
                history.put(seconds, "a", seconds * 1000).get(31, None, 0)
                self.assert_finds(history, "stale_read")

    def test_nor_for_a_clock_that_was_wrong(self):
        history = self.slow().fault("coordinator_skew", 80, 90, nodes=[], coordinators=[1],
                                    coordinator_fault=True, skew_ms=8000)
        history.delete(2, 0, code="ABORTED").put(12, "a", 12_000).get(31, None, 0)
        self.assert_finds(history, "stale_read")

    def test_nor_one_that_was_refused_in_a_flood(self):
        history = self.slow().put(1, "a", 1).fault("flood", 1, 5, nodes=[])
        history.delete(2, 0, code="RESOURCE_EXHAUSTED").get(3, None, 0)
        self.assert_finds(history, "stale_read")


class LossTest(HistoryCase):
    def history(self, homes, lost):
        history = History(homes=homes)
        history.meta["settings"] = {"REPLICATION_FACTOR": len(homes)}
        history.put(1, "a", 1)
        for node in lost:
            history.fault("kill", 5, 8, nodes=[node], loses_memory=True)
        return history.get(20, None, 0)

    def test_the_only_replica_that_lost_its_memory_forgets(self):
        self.assert_excuses(self.history([0], [0]), "stale_read", "quorum")
        self.assert_finds(self.history([0], [1]), "stale_read")

    def test_one_of_several_does_not(self):
        self.assert_finds(self.history([0, 1], [0]), "stale_read")
        self.assert_finds(self.history([0, 1, 2], [0]), "stale_read")

    def test_all_at_once_do(self):
        self.assert_excuses(self.history([0, 1, 2], [0, 1, 2]), "stale_read", "quorum")

    def test_a_node_that_evicts_is_not_enough(self):
        history = History().put(1, "a", 1).fault("evict", 2, 50, nodes=[0], forgets=True)
        self.assert_finds(history.get(3, None, 0), "stale_read")
        history = History().put(1, "a", 1).fault("evict", 2, 50, nodes=[0], forgets=True)
        self.assert_excuses(history.get(3, None, 0, level=ONE), "stale_read")


class OrderTest(HistoryCase):
    def test_later_write_with_an_older_version(self):
        self.assert_finds(History().put(1, "a", 5).put(2, "b", 3), "order")

    def test_a_loss_of_memory_excuses_it_on_a_home_replica_only(self):
        for node, clean in ((0, True), (3, False)):
            with self.subTest(node):
                history = History().put(1, "a", 5)
                history.fault("slow", 1.5, 9, nodes=[node], loses_memory=True).put(2, "b", 3)
                if clean:
                    self.assert_excuses(history, "order", "quorum")
                else:
                    self.assert_finds(history, "order")

    def test_one_version_of_two_values(self):
        self.assert_finds(History().put(1, "a", 1).put(1, "b", 1), "two_values")

    def test_value_that_nobody_wrote(self):
        self.assert_finds(History().put(1, "a", 1).get(2, "z", 9), "unknown_value")

    def test_value_of_a_later_write(self):
        self.assert_finds(History().get(1, "a", 9).put(2, "a", 9), "unknown_value", "order")


if __name__ == "__main__":
    unittest.main()
