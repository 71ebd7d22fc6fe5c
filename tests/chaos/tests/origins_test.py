"""Every answer comes from a write, under a version that the write can have got."""

import unittest

from histories import History, HistoryCase, version
from kit.history.operation import ONE


class RestampedTest(HistoryCase):
    """Attempts that nobody waited for any more, stamped anew: they undo newer writes."""

    def test_an_old_value_returns_under_a_newer_version(self):
        history = History().put(1, "a", 1).put(2, "b", 2).get(4, "a", 3000)
        self.assert_finds(history, "wrong_version")
        history = History().put(5, "a", 1, level=ONE).put(6, "b", 2, level=ONE)
        self.assert_finds(history.get(7, "a", 3000, level=ONE), "wrong_version")

    def test_a_deleted_value_returns(self):
        self.assert_finds(
            History().put(1, "a", 1).delete(2, 2).get(4, "a", 3000), "wrong_version")

    def test_a_delete_returns(self):
        history = History().delete(1, 1).put(2, "b", 2).get(4, None, 3000)
        self.assert_finds(history, "wrong_version")

    def test_a_value_that_its_caller_gave_up(self):
        def history(seen_ms):
            history = History().fault("slow", 1, 50).fault("slow", 1, 50, nodes=[1])
            return history.put(2, "a", 0, code="DEADLINE_EXCEEDED", end=3).get(9, "a", seen_ms)

        for seen_ms in (2_000, 2_999, 3_200):
            self.assert_clean(history(seen_ms))
        self.assert_finds(history(3_500), "wrong_version")
        self.assert_finds(history(1_500), "wrong_version")

    def test_a_delete_that_its_caller_gave_up(self):
        def history(seen_ms):
            history = History().put(0.1, "a", 1).fault("slow", 1, 50)
            history.fault("slow", 1, 50, nodes=[1])
            return history.delete(2, 0, code="ABORTED", end=3).get(9, None, seen_ms)

        self.assert_clean(history(2_500))
        self.assert_finds(history(8_000), "wrong_version")

    def test_an_attempt_of_an_acknowledged_write_that_was_stamped_before_may_be_seen(self):
        def history(seen_ms):
            history = History().put(1, "a", 1).put(2, "b", 2_500, level=ONE, end=2.6)
            return history.get(2.3, "b", seen_ms)

        self.assert_clean(history(2_200))
        self.assert_finds(history(900), "wrong_version")

    def test_clusters_whose_time_is_off_say_by_how_much(self):
        history = History().fault("slow", 1, 50).fault("slow", 1, 50, nodes=[1])
        history.put(2, "a", 0, code="DEADLINE_EXCEEDED", end=3).get(9, "a", 3_500)
        self.assert_clean(history.fault("node_skew", 1, 4, nodes=[2], cluster_skew_ms=500))


class GivenUpOnAStreamTest(HistoryCase):
    """Its coordinator counts its time from when it reads it."""

    def history(self, seen_ms, **more):
        history = History().fault("slow", 0.5, 50).fault("slow", 0.5, 50, nodes=[1])
        more = {"caller": "pipeline", "code": "DEADLINE_EXCEEDED", "given_up": True, "end": 3, **more}
        return history.put(1, "a", 0, **more).get(60, "a", seen_ms)

    def test_no_later_operation_of_the_stream_was_answered(self):
        self.assert_clean(self.history(9_000))
        self.assert_clean(self.history(9_000).get(0.9, None, 0, caller="pipeline"))
        self.assert_clean(self.history(9_000).get(5, None, 0, caller="pipeline", code="UNAVAILABLE"))

    def test_an_answer_on_another_stream_or_beside_it_says_nothing(self):
        self.assert_clean(self.history(9_000).get(5, None, 0, caller="pipeline", coordinator=1))
        self.assert_clean(self.history(9_000).get(5, None, 0, caller="unary"))

    def test_not_later_than_its_time_after_a_later_answer(self):
        def history(seen_ms):
            history = self.history(seen_ms).get(8, None, 0, caller="pipeline", end=8.5)
            return history.get(5, None, 0, caller="pipeline", end=6)

        self.assert_clean(history(7_100))
        self.assert_finds(history(7_400), "wrong_version")

    def test_an_answer_that_came_before_it_was_given_up(self):
        history = self.history(3_200).get(1.2, None, 0, caller="pipeline", end=1.3)
        self.assert_clean(history)
        history = self.history(3_500).get(1.2, None, 0, caller="pipeline", end=1.3)
        self.assert_finds(history, "wrong_version")

    def test_one_that_the_coordinator_answered_itself(self):
        self.assert_finds(self.history(3_500, given_up=False), "wrong_version")


class StampsTest(HistoryCase):
    def history(self, seen):
        history = History().fault("slow", 1, 50).fault("slow", 1, 50, nodes=[1])
        history.put(2, "a", 0, code="DEADLINE_EXCEEDED", end=3, stamps=(version(2_000) >> 16 << 16,))
        return history.get(9, "a", seen)

    def test_a_stamped_write_has_one_of_its_stamps(self):
        self.assert_clean(self.history(2_000))

    def test_and_no_other(self):
        self.assert_finds(self.history(2_001), "wrong_version")


class MissTest(HistoryCase):
    def test_a_miss_that_names_the_version_of_a_living_value(self):
        self.assert_finds(History().put(1, "a", 1).get(2, None, 1), "missing")

    def test_of_a_value_whose_life_is_over(self):
        self.assert_clean(History().put(1, "a", 1, ttl_ms=500).get(2, None, 1))

    def test_of_a_delete(self):
        self.assert_clean(History().put(1, "a", 1).delete(2, 2).get(3, None, 2))

    def test_that_names_a_version_of_nobody(self):
        self.assert_finds(History().put(1, "a", 1).get(2, None, 1_500), "wrong_version")


class RefusedTest(HistoryCase):
    def history(self, **more):
        history = History().fault("flood", 1, 9, nodes=[])
        return history.put(2, "a", 0, code="RESOURCE_EXHAUSTED", **more).get(3, "a", 2_000)

    def test_a_write_that_was_refused_was_not_done(self):
        self.assert_finds(self.history(), "done_though_refused")

    def test_unless_an_earlier_attempt_did_it(self):
        self.assert_clean(self.history(attempts=2))


class FutureTest(HistoryCase):
    def test_no_version_is_later_than_its_answer(self):
        self.assert_clean(History().put(5, "a", 5_200))
        self.assert_finds(History().put(5, "a", 6_000), "wrong_version")


if __name__ == "__main__":
    unittest.main()
