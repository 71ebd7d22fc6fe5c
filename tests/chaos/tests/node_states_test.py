"""What coordinators say of nodes."""

import unittest

from histories import History, HistoryCase
from kit.history.operation import ONE


class WithoutAFaultTest(HistoryCase):
    def test_called_down_from_the_start(self):
        history = History().state(0.5, 0, 2).state(0.5, 1, 2)
        history.put(5, "a", 1, level=ONE).put(6, "b", 2, level=ONE).get(7, "a", 1, level=ONE)
        self.assert_finds(history, "wrong_state", "wrong_state")

    def test_by_one_coordinator_for_a_moment(self):
        self.assert_finds(History().put(5, "a", 1).state(20, 1, 2).state(20.5, 1), "wrong_state")

    def test_a_fault_on_another_node_is_no_cause(self):
        history = History().fault("kill", 10, 20, nodes=[0]).put(5, "a", 1)
        history.state(10.1, 0, 0).state(10.1, 1, 0)
        history.state(15, 0, 0, 2).state(21, 0).state(21, 1)
        self.assert_finds(history, "wrong_state")

    def test_nor_one_that_is_long_over(self):
        history = History().fault("slow", 10, 20, nodes=[2]).put(5, "a", 1)
        self.assert_finds(history.state(40, 0, 2).state(41, 0), "wrong_state")


class SlowMachineTest(HistoryCase):
    def history(self):
        return History().put(5, "a", 1).state(20, 1, 2).state(20.5, 1)

    def test_a_node_that_the_machine_held_up(self):
        self.assert_excuses(self.history().stall(19, 19.1), "wrong_state", "")
        self.assert_excuses(self.history().stall(19, 19.1, node=2), "wrong_state", "")

    def test_not_another_one_or_at_another_time(self):
        self.assert_finds(self.history().stall(19, 19.1, node=1), "wrong_state")
        self.assert_finds(self.history().stall(12, 12.1).stall(21, 22), "wrong_state")

    def test_a_coordinator_that_the_machine_held_up(self):
        history = History().put(5, "a", 1).silent(20, 1).state(21, 1).stall(19.5, 20)
        self.assert_excuses(history, "wrong_state", "")


class WithAFaultTest(HistoryCase):
    def test_on_that_node_for_any_coordinator_until_its_writes_are_given_up(self):
        history = History().fault("cut_one", 10, 11, coordinators=[0], nodes=[2]).put(5, "a", 1)
        self.assert_clean(history.state(13, 0, 2).state(14, 1, 2).state(15, 0).state(16, 1))

    def test_that_begins_while_the_coordinator_is_asked(self):
        history = History().fault("kill", 10, 12, nodes=[2]).put(5, "a", 1)
        history.state(10.005, 0, 2).asked(0.01).state(10.1, 1, 2).state(13, 0).state(13, 1)
        self.assert_clean(history)

    def test_that_begins_after_it_had_answered(self):
        history = History().fault("kill", 10, 12, nodes=[2]).put(5, "a", 1)
        history.state(9.995, 0, 2).asked(0.01).state(10.1, 1, 2).state(13, 0).state(13, 1)
        self.assert_finds(history, "wrong_state")

    def test_on_a_coordinator_for_all_nodes(self):
        history = History().fault("coordinator_kill", 10, 11, nodes=[], coordinators=[1],
                                  coordinator_fault=True).put(5, "a", 1)
        self.assert_clean(history.silent(10.1, 1).state(11.1, 1, 0, 1, 2, 3).state(13, 1))

    def test_on_a_coordinator_until_all_nodes_were_up(self):
        def history(up):
            history = History().fault("coordinator_kill", 10, 11, nodes=[], coordinators=[1],
                                      coordinator_fault=True).put(5, "a", 1)
            history.silent(10.1, 1).state(11.1, 1, 0, 2).state(up, 1, 2).state(22, 1)
            return history.state(12, 0, 0).state(20, 0).state(20.2, 0, 0).state(22, 0)

        self.assert_clean(history(20))
        history = history(20).state(40, 0, 0).state(41, 0)
        self.assert_finds(history, "wrong_state")

    def test_it_may_stay_away_and_change_its_reason(self):
        history = History().fault("kill", 10, 12, nodes=[2]).put(5, "a", 1)
        for coordinator in (0, 1):
            history.state(10.1, coordinator, 2).state(30, coordinator)
        self.assert_clean(history)

    def test_that_another_node_may_keep_something_of(self):
        def history(replicas):
            history = self.killed_while_another_is_away(replicas)
            for coordinator in (0, 1):
                history.state(20.1, coordinator, 0, 2).state(21, coordinator)
            return history

        self.assert_clean(history(1))
        self.assert_finds(history(3), "wrong_state", "wrong_state")

    def test_only_while_that_one_returns(self):
        history = self.killed_while_another_is_away(1)
        history.state(18.5, 0, 0, 2).state(19, 0, 2).state(21, 0).state(21, 1)
        self.assert_finds(history.state(40, 1, 0).state(41, 1), "wrong_state", "wrong_state")

    @staticmethod
    def killed_while_another_is_away(replicas):
        history = History(homes=list(range(replicas)))
        history.meta["settings"] = {"REPLICATION_FACTOR": replicas}
        history.fault("kill", 10, 12, nodes=[0]).fault("freeze", 11, 20, nodes=[2])
        for coordinator in (0, 1):
            history.state(10.1, coordinator, 0).state(11.1, coordinator, 0, 2)
            history.state(13, coordinator, 2)
        return history.put(5, "a", 1)


class NoticedTest(HistoryCase):
    def test_a_dead_node_that_is_called_up(self):
        history = History().fault("kill", 10, 20, nodes=[2]).put(5, "a", 1)
        self.assert_finds(history.state(10.1, 0, 2).state(21, 0), "wrong_state")

    def test_that_was_dead_for_a_moment(self):
        self.assert_clean(History().fault("freeze", 10, 13, nodes=[2]).put(5, "a", 1))


class SilentTest(HistoryCase):
    def test_a_coordinator_that_was_not_hit_answers(self):
        self.assert_finds(History().put(5, "a", 1).silent(20, 1).state(21, 1), "wrong_state")

    def test_unless_it_is_flooded(self):
        history = History().put(5, "a", 1).fault("flood", 19, 22, nodes=[])
        self.assert_clean(history.silent(20, 1).state(21, 1))


if __name__ == "__main__":
    unittest.main()
