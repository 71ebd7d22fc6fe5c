"""Receipts that can't be true."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import ALL, ONE, QUORUM, UNKNOWN_NODE


class AcknowledgedTest(HistoryCase):
    def test_fewer_than_the_level_asks_for(self):
        self.assert_finds(History().put(1, "a", 1, acknowledged=1, required=2), "wrong_receipt")
        self.assert_finds(History().put(1, "a", 1).get(2, "a", 1, acknowledged=1), "wrong_receipt")

    def test_a_level_that_asks_for_less_than_it_says(self):
        for level, required in ((ONE, 1), (QUORUM, 2), (ALL, 3)):
            with self.subTest(level):
                self.assert_clean(History().put(1, "a", 1, level=level, required=required))
                wrong = History().put(1, "a", 1, level=level, required=required - 1)
                self.assertIn("wrong_receipt", [v.kind for v in wrong.verdict().findings.violations])

    def test_a_majority_is_of_the_home_replicas(self):
        for homes, required in (([0], 1), ([0, 1], 2), ([0, 1, 2, 3], 3)):
            with self.subTest(homes):
                history = History(homes=homes)
                history.meta["settings"] = {"REPLICATION_FACTOR": len(homes)}
                self.assert_clean(history.put(1, "a", 1, required=required))

    def test_more_than_can_have_answered(self):
        history = History().fault("kill", 2, 50)
        self.assert_clean(history.put(5, "a", 1, acknowledged=2, degraded=True))
        history.put(6, "b", 2, acknowledged=3)
        self.assert_finds(history, "wrong_receipt")

    def test_a_node_is_there_until_it_is_struck(self):
        self.assert_clean(History().fault("kill", 5, 50).put(4.99, "a", 1, level=ALL, end=5.02))

    def test_a_cut_silences_a_node_for_one_coordinator(self):
        history = History().fault("cut_one", 2, 50, coordinators=[1])
        self.assert_clean(history.put(5, "a", 1, level=ALL))
        self.assert_finds(history.put(6, "b", 2, level=ALL, coordinator=1), "wrong_receipt")

    def test_at_one_stand_ins_count(self):
        history = History().fault("kill", 2, 50)
        self.assert_clean(history.put(5, "a", 1, level=ONE, acknowledged=3, degraded=True))
        self.assert_finds(history.put(6, "b", 2, level=ONE, acknowledged=4), "wrong_receipt")

    def test_without_a_version(self):
        self.assert_finds(History().put(1, "a", 0), "wrong_receipt")
        self.assert_finds(History().put(1, "a", 1).get(2, "a", 0), "stale_read", "wrong_version",
                          "wrong_receipt")


class NodeTest(HistoryCase):
    def history(self):
        return History().fault("kill", 2, 50).put(5, "a", 1)

    def test_a_node_that_is_dead_has_not_answered(self):
        for level in (ONE, QUORUM):
            with self.subTest(level):
                self.assert_finds(self.history().get(6, "a", 1, level=level, node=0),
                                  "wrong_receipt")

    def test_nor_has_one_that_holds_no_such_key(self):
        self.assert_finds(self.history().get(6, "a", 1, node=3), "wrong_receipt")

    def test_nor_one_that_is_not_on_the_ring(self):
        for node in (UNKNOWN_NODE, 4):
            with self.subTest(node):
                self.assert_finds(self.history().get(6, "a", 1, node=node), "wrong_receipt")

    def test_a_call_names_it(self):
        self.assert_finds(self.history().get(6, "a", 1, node=None), "wrong_receipt")
        self.assert_clean(self.history().get(6, "a", 1, node=None, caller="pipeline"))

    def test_a_stand_in_answers_where_no_home_replica_can(self):
        self.assert_finds(self.history().get(6, "a", 1, level=ONE, node=3, degraded=True),
                          "wrong_receipt")
        history = self.history().fault("kill", 5.1, 50, nodes=[1])
        history.fault("kill", 5.1, 50, nodes=[2])
        self.assert_finds(history.get(6, "a", 1, level=ONE, node=3), "wrong_receipt")
        history.operations.pop()
        self.assert_clean(history.get(6, "a", 1, level=ONE, node=3, degraded=True))


class SilenceTest(HistoryCase):
    """A stand-in answers at ONE through a coordinator that was killed, and soon after is asked again."""

    def history(self, *away, at=31.5, coordinator=1):
        hit = dict(nodes=[], coordinators=[1], coordinator_fault=True)
        history = History().fault("slow", 5, 7, nodes=[0, 1, 2]).fault("coordinator_kill", 30, 31, **hit)
        for each in (0, 1):
            history.state(8, each, *away)
        history.silent(30, 1).state(33, 1, *away).state(40, 0).state(40, 1).put(1, "a", 1)
        return history.get(at, "a", 1, level=ONE, coordinator=coordinator, node=3, degraded=True)

    def test_its_nodes_are_away_throughout(self):
        self.assert_clean(self.history(0, 1, 2))

    def test_nobody_knows_what_the_new_process_called_its_nodes(self):
        self.assert_clean(self.history())
        self.assert_clean(self.history(coordinator=None))  # any may have done it

    def test_they_are_there_once_it_has_said_so(self):
        self.assert_finds(self.history(0, 1, at=35), "wrong_receipt")

    def test_they_are_there_for_another_coordinator(self):
        self.assert_finds(self.history(coordinator=0), "wrong_receipt")


if __name__ == "__main__":
    unittest.main()
