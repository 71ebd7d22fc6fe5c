"""What ONE promises: in quiet windows, and of what all home replicas held."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import ONE


class QuietTest(HistoryCase):
    def test_read_shows_the_last_write(self):
        history = History().put(5, "a", 1, level=ONE).get(5.1, "a", 1, level=ONE, coordinator=1)
        self.assert_clean(history)

    def test_older_value_is_stale_through_any_coordinator(self):
        for coordinator in (0, 1):
            with self.subTest(coordinator):
                history = History().put(5, "a", 1, level=ONE).put(6, "b", 2, level=ONE)
                history.get(6.1, "a", 1, level=ONE, coordinator=coordinator)
                self.assert_finds(history, "stale_read")

    def test_resurrected_delete(self):
        history = History().put(5, "a", 1, level=ONE).delete(6, 2, level=ONE)
        self.assert_finds(history.get(6.1, "a", 1, level=ONE), "resurrected_delete")

    def test_degraded_write_may_be_on_another_replica_for_a_moment(self):
        history = History().put(5, "a", 1, level=ONE)
        history.put(6, "b", 2, level=ONE, degraded=True, end=6.1)
        self.assert_excuses(history.get(6.2, "a", 1, level=ONE), "stale_read")
        self.assert_finds(history.get(8.2, "a", 1, level=ONE), "stale_read")

    def test_what_a_quorum_read_saw_of_an_unacknowledged_write_may_be_missed(self):
        history = History().put(5, "a", 1, level=ONE).put(6, "b", 2, level=ONE, end=6.5)
        history.get(6.1, "b", 2).get(6.2, "a", 1, level=ONE)
        self.assert_clean(history)
        self.assert_finds(history.get(6.6, "a", 1, level=ONE), "stale_read")

    def test_writes_of_a_fault_are_seen_when_all_is_quiet_again(self):
        history = History().put(5, "a", 1).fault("freeze", 10, 15).put(12, "b", 2, level=ONE)
        self.assert_finds(history.get(30, "a", 1, level=ONE), "stale_read")


class FaultTest(HistoryCase):
    def test_unsettled_write_is_excused(self):
        history = History().put(1, "a", 1, level=ONE).fault("freeze", 5, 15)
        history.put(6, "b", 2, level=ONE).get(7, "a", 1, level=ONE)
        self.assert_excuses(history, "stale_read")

    def test_settled_write_is_never_forgotten(self):
        history = History().put(1, "a", 1, level=ONE).put(2, "b", 2, level=ONE)
        history.fault("old_rdb", 6, 7, loses_memory=True).get(7.2, "a", 1, level=ONE)
        self.assert_finds(history, "stale_read")

    def test_nor_while_a_home_replica_is_there(self):
        for away, clean in (([0, 1], False), ([1, 3], False), ([0, 1, 2], True)):
            with self.subTest(away):
                history = History().put(1, "a", 1, level=ONE).put(10, "b", 2, level=ONE)
                for node in away:
                    history.fault("slow", 20, 60, nodes=[node])
                history.get(30, "a", 1, level=ONE)
                if clean:
                    self.assert_excuses(history, "stale_read")
                else:
                    self.assert_finds(history, "stale_read")

    def test_a_write_of_a_fault_has_settled_once_all_was_quiet(self):
        history = History().put(1, "a", 1).fault("freeze", 5, 8, nodes=[1])
        history.put(6, "b", 2, level=ONE).fault("freeze", 40, 60)
        self.assert_finds(history.get(50, "a", 1, level=ONE), "stale_read")

    def test_unless_its_coordinator_was_hit_before_it_had_told_anybody(self):
        for coordinator, clean in ((0, True), (1, False)):
            with self.subTest(coordinator):
                history = History().put(1, "a", 1).fault("freeze", 5, 8, nodes=[1])
                history.put(6, "b", 2, level=ONE, coordinator=coordinator)
                history.fault("coordinator_kill", 6.5, 8, nodes=[], coordinators=[0],
                              coordinator_fault=True)
                history.get(50, "a", 1, level=ONE)
                if clean:
                    self.assert_excuses(history, "stale_read")
                else:
                    self.assert_finds(history, "stale_read")

    def test_a_loss_on_another_node_excuses_nothing(self):
        history = History().put(1, "a", 1, level=ONE).fault("freeze", 5, 15, nodes=[1])
        history.put(6, "b", 2, level=ONE).fault("kill", 6.1, 15, nodes=[3], loses_memory=True)
        self.assert_finds(history.get(30, "a", 1, level=ONE), "stale_read")
        history = History().put(1, "a", 1, level=ONE)
        history.fault("flushall", 6, 6.1, nodes=[3], loses_memory=True, unseen=True)
        self.assert_finds(history.get(6.5, None, 0, level=ONE), "stale_read")

    def test_but_for_a_loss_that_only_a_ping_can_see(self):
        history = History().put(1, "a", 1, level=ONE)
        history.fault("flushall", 6, 6.1, loses_memory=True, unseen=True)
        self.assert_excuses(history.get(6.5, None, 0, level=ONE), "stale_read")
        history.get(9, None, 0, level=ONE)
        self.assert_finds(history, "stale_read")

    def test_write_at_one_may_be_lost_with_its_only_replica(self):
        history = History().put(1, "a", 1, level=ONE).fault("freeze", 5, 15, nodes=[1])
        history.put(6, "b", 2, level=ONE).fault("kill", 6.1, 15, loses_memory=True)
        self.assert_excuses(history.get(30, "a", 1, level=ONE), "stale_read")

    def test_or_with_its_stand_in_while_no_home_replica_was_there(self):
        for away, degraded, clean in (((0, 1, 2), True, True), ((0, 1, 2), False, False), ((0, 1), True, False)):
            with self.subTest((away, degraded)):
                history = History().put(1, "a", 1).fault("freeze", 4, 12, nodes=away)
                history.put(6, "b", 2, level=ONE, degraded=degraded)
                history.fault("kill", 8, 9, nodes=[3], loses_memory=True)
                history.get(30, "a", 1, level=ONE)
                if clean:
                    self.assert_clean(history)
                else:
                    self.assert_finds(history, "stale_read")

    def of_one_copy(self, **more):
        """Whose only home replica is away from 5 to 20 s; tombstones live for 8 s, a stand-in's copy 6.5."""
        history = History(homes=[0])
        history.meta |= {"tombstone_ttl_seconds": 8, "settings": {
            "REPLICATION_FACTOR": 1, "MAX_CLOCK_SKEW_MS": 500, "TOMBSTONE_TTL_SECONDS": 8, **more}}
        return history.put(1, "a", 1, level=ONE).fault("freeze", 5, 20)

    def test_a_value_that_only_a_stand_in_took_may_have_ended_with_its_copy(self):
        history = self.of_one_copy().put(8, "b", 2, level=ONE, degraded=True)
        self.assert_excuses(history.get(30, "a", 1, level=ONE), "stale_read")

    def test_but_not_where_the_home_replica_was_back_before_that(self):
        history = self.of_one_copy().put(18, "b", 2, level=ONE, degraded=True)
        self.assert_finds(history.get(40, "a", 1, level=ONE), "stale_read")

    def test_nor_a_delete_or_a_life_that_ended_there(self):
        history = self.of_one_copy().delete(8, 2, level=ONE, degraded=True)
        self.assert_finds(history.get(30, "a", 1, level=ONE), "resurrected_delete")
        history = self.of_one_copy().put(8, "b", 2, level=ONE, degraded=True, ttl_ms=2000)
        self.assert_finds(history.get(30, "a", 1, level=ONE), "resurrected_expired")

    def test_quorum_write_may_not(self):
        history = History().put(1, "a", 1).fault("freeze", 5, 15, nodes=[1])
        history.put(6, "b", 2).fault("kill", 6.1, 15, loses_memory=True)
        self.assert_finds(history.get(30, "a", 1, level=ONE), "stale_read")

    def test_node_that_a_coordinator_does_not_call_up_ends_the_quiet(self):
        history = History().put(1, "a", 1, level=ONE).fault("slow", 4.9, 5, nodes=[2])
        history.state(6, 1, 2).state(9, 1)
        history.put(7, "b", 2, level=ONE).get(7.5, "a", 1, level=ONE)
        self.assert_excuses(history, "stale_read")
        history.get(30, "a", 1, level=ONE)
        self.assert_finds(history, "stale_read")


class MinVersionTest(HistoryCase):
    def test_as_new_as_asked(self):
        history = History().put(1, "a", 1, level=ONE).get(2, "a", 1, level=ONE, min_version=1)
        self.assert_clean(history)

    def test_older_is_never_right(self):
        history = History().fault("kill", 0, 90).fault("freeze", 0, 90, nodes=[1])
        history.put(1, "a", 1, level=ONE).put(2, "b", 2, level=ONE)
        history.get(3, "a", 1, level=ONE, min_version=2)
        self.assert_finds(history, "below_min_version")

    def test_miss_of_a_living_record(self):
        history = History().fault("kill", 0.5, 90, loses_memory=True).put(1, "a", 1)
        history.get(2, None, 0, level=ONE, min_version=1)
        self.assert_finds(history, "below_min_version")

    def test_miss_after_its_expiry_or_delete(self):
        history = History().put(5, "a", 1, ttl_ms=500)
        self.assert_clean(history.get(6, None, 0, level=ONE, min_version=1))
        history = History().put(5, "a", 1).delete(6, 2)
        self.assert_clean(history.get(7, None, 0, level=ONE, min_version=1))

    def test_miss_when_its_holders_are_away_is_excused(self):
        history = History().fault("kill", 0.5, 90).fault("freeze", 0.5, 90, nodes=[1])
        history.put(1, "a", 1, level=ONE).get(2, None, 0, level=ONE, min_version=1)
        self.assert_excuses(history, "below_min_version")

    def test_not_while_one_is_there_for_certain(self):
        for away in ([0, 3], [0, 1]):  # the write has settled
            with self.subTest(away):
                history = History().put(1, "a", 1)
                for node in away:
                    history.fault("slow", 20, 60, nodes=[node])
                history.get(30, None, 0, level=ONE, min_version=1)
                self.assert_finds(history, "stale_read", "below_min_version")
        history = History().fault("slow", 0.5, 90, nodes=[3]).fault("slow", 0.5, 90)
        history.put(1, "a", 1).get(2, None, 0, level=ONE, min_version=1)
        self.assert_finds(history, "below_min_version")

    def test_a_version_whose_write_is_not_known_is_excused(self):
        history = History().fault("slow", 0.5, 90).fault("slow", 0.5, 90, nodes=[1])
        history.put(1, "a", 0, code="DEADLINE_EXCEEDED").get(2, None, 0, level=ONE, min_version=1000)
        self.assert_excuses(history, "below_min_version")


if __name__ == "__main__":
    unittest.main()
