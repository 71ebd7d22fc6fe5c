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
                history = History().fault("kill", 1, 50, loses_memory=True)
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
        history = History().put(1, "a", 1).fault("kill", 1.5, 50)
        history.fault("kill", 1.5, 50, nodes=[1])
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

    def test_an_unanswered_delete_explains_a_miss(self):
        history = History().fault("freeze", 1, 50).fault("freeze", 1, 50, nodes=[1])
        history.put(1, "a", 1).delete(2, 0, code="ABORTED").get(3, None, 0)
        self.assert_clean(history)

    def test_not_one_that_ended_long_before_the_write(self):
        history = History(100).fault("freeze", 1, 50).fault("freeze", 1, 50, nodes=[1])
        history.delete(2, 0, code="ABORTED").put(30, "a", 30_000).get(31, None, 0)
        self.assert_finds(history, "stale_read")


class OrderTest(HistoryCase):
    def test_later_write_with_an_older_version(self):
        self.assert_finds(History().put(1, "a", 5).put(2, "b", 3), "order")

    def test_one_version_of_two_values(self):
        self.assert_finds(History().put(1, "a", 1).put(1, "b", 1), "two_values")

    def test_value_that_nobody_wrote(self):
        self.assert_finds(History().put(1, "a", 1).get(2, "z", 9), "unknown_value")

    def test_value_of_a_later_write(self):
        self.assert_finds(History().get(1, "a", 9).put(2, "a", 9), "unknown_value", "order")


if __name__ == "__main__":
    unittest.main()
