"""Which requests may fail."""

import unittest

from histories import History, HistoryCase, version
from kit.history.operation import ALL, ONE, QUORUM


class FailuresTest(HistoryCase):
    def history(self, level, away, code="UNAVAILABLE"):
        history = History()
        for node in range(away):
            history.fault("kill", 2, 50, nodes=[node])
        return history.put(5, "a", 0, level=level, code=code)

    def test_allowed_when_too_few_replicas_are_there(self):
        for level, away in ((ONE, 3), (QUORUM, 2), (ALL, 1)):
            with self.subTest(level):
                self.assert_clean(self.history(level, away))

    def test_not_allowed_while_there_are_enough(self):
        for level, away in ((ONE, 2), (QUORUM, 1), (ALL, 0)):
            with self.subTest(level):
                self.assert_finds(self.history(level, away), "failed_request")

    def test_a_node_that_is_not_home_to_the_key_excuses_nothing(self):
        for level, away in ((ONE, [0, 1, 3]), (QUORUM, [0, 3]), (ALL, [3])):
            with self.subTest(level):
                history = History()
                for node in away:
                    history.fault("kill", 2, 50, nodes=[node])
                self.assert_finds(history.put(5, "a", 0, level=level, code="UNAVAILABLE"),
                                  "failed_request")

    def test_as_many_may_be_away_as_the_replication_factor_says(self):
        for homes, level, away, clean in (
                ([0], ONE, 1, True), ([0], QUORUM, 0, False), ([0, 1], QUORUM, 1, True),
                ([0, 1], ONE, 1, False), ([0, 1, 2, 3], QUORUM, 1, False),
                ([0, 1, 2, 3], QUORUM, 2, True)):
            with self.subTest((homes, level, away)):
                history = History(homes=homes)
                history.meta["settings"] = {"REPLICATION_FACTOR": len(homes)}
                for node in range(away):
                    history.fault("kill", 2, 50, nodes=[node])
                history.put(5, "a", 0, level=level, code="UNAVAILABLE")
                if clean:
                    self.assert_clean(history)
                else:
                    self.assert_finds(history, "failed_request")

    def test_a_node_that_the_coordinator_itself_calls_down_is_away(self):
        history = History().fault("slow", 3, 3.1, nodes=[1, 2]).state(4, 0, 1, 2).state(8, 0)
        self.assert_clean(history.put(6, "a", 0, code="UNAVAILABLE"))

    def test_at_one_only_that_of_its_own_coordinator_counts(self):
        for coordinator, clean in ((0, True), (1, False)):
            with self.subTest(coordinator):
                history = History().fault("cut_one", 2, 50, nodes=[0, 1, 2], coordinators=[0])
                history.put(6, "a", 0, level=ONE, code="UNAVAILABLE", coordinator=coordinator)
                if clean:
                    self.assert_clean(history)
                else:
                    self.assert_finds(history, "failed_request")

    def test_allowed_through_a_coordinator_that_is_hit(self):
        hit = dict(nodes=[], coordinators=[1], coordinator_fault=True)
        history = History().fault("coordinator_kill", 4, 6, **hit)
        history.put(5, "a", 0, level=ONE, code="UNAVAILABLE", coordinator=1)
        self.assert_clean(history)
        history.put(5, "b", 0, level=ONE, code="UNAVAILABLE", coordinator=0)
        self.assert_finds(history, "failed_request")

    def test_not_long_after_that_coordinator_serves_again(self):
        history = History().fault("coordinator_kill", 4, 5, nodes=[], coordinators=[1],
                                  coordinator_fault=True)
        history.silent(4.2, 1).state(7, 1, 0).state(51, 1).state(7, 0, 0).state(51, 0)
        history.fault("kill", 3, 50)
        history.put(7.5, "a", 0, level=ONE, code="UNAVAILABLE", coordinator=1)
        self.assert_clean(history)
        history.put(10, "b", 0, level=ONE, code="UNAVAILABLE", coordinator=1)
        self.assert_finds(history, "failed_request")

    def test_a_gateway_has_other_coordinators(self):
        def history(*hit):
            history = History()
            for coordinator in hit:
                history.fault("coordinator_freeze", 4, 8, nodes=[], coordinators=[coordinator],
                              coordinator_fault=True)
            return history.put(5, "a", 0, level=ONE, code="UNAVAILABLE", coordinator=None,
                               caller="rest", gateway=0)

        self.assert_finds(history(1), "failed_request")
        self.assert_clean(history(0, 1))
        self.assert_clean(history().fault("gateway_kill", 4, 8, nodes=[], gateways=[0]))
        self.assert_finds(history().fault("gateway_kill", 4, 8, nodes=[], gateways=[1]),
                          "failed_request")

    def test_a_gateway_that_has_used_up_its_retries(self):
        def history(failed, then, gateway=0):
            """All nodes were away, then one coordinator stands still."""
            history = History().fault("coordinator_freeze", 19, 22, nodes=[], coordinators=[1],
                                      coordinator_fault=True)
            for node in range(3):
                history.fault("kill", 4, 6, nodes=[node])
            rest = dict(level=ONE, coordinator=None, caller="rest")
            for i in range(failed):
                history.get(5 + i / 100, None, 0, code="UNAVAILABLE", gateway=gateway, **rest)
            for i in range(then):
                history.get(10 + i / 100, None, 0, gateway=gateway, **rest)
            return history.put(20, "a", 0, code="UNAVAILABLE", gateway=0, **rest)

        self.assert_clean(history(20, 10))
        self.assert_finds(history(1, 0), "failed_request")
        self.assert_finds(history(20, 950), "failed_request")
        self.assert_finds(history(20, 10, gateway=1), "failed_request")

    def test_superseded_needs_a_newer_write(self):
        def history():
            return History().put(5, "a", 0, code="ABORTED", reason="SUPERSEDED", end=6,
                                 stamps=(version(5000),))

        self.assert_finds(history(), "failed_request")
        self.assert_finds(history().put(4, "b", 4000), "failed_request")
        self.assert_clean(history().put(5.5, "b", 5500))

    def test_a_life_that_is_over_needs_an_end(self):
        for ttl_ms, end, clean in ((0, 9, False), (500, 5.1, False), (500, 5.6, True)):
            with self.subTest((ttl_ms, end)):
                history = History().put(5, "a", 0, ttl_ms=ttl_ms, code="ABORTED",
                                        reason="LIFE_OVER", end=end)
                if clean:
                    self.assert_clean(history)
                else:
                    self.assert_finds(history, "failed_request")

    def test_a_stamp_out_of_range_must_be_old(self):
        for stamp, clean in ((5_000, False), (-590_000, True)):
            with self.subTest(stamp):
                history = History().put(5, "a", 0, code="FAILED_PRECONDITION",
                                        reason="STAMP_OUT_OF_RANGE", stamps=(version(stamp),))
                if clean:
                    self.assert_clean(history)
                else:
                    self.assert_finds(history, "wrong_code")

    def test_code_that_tells_a_client_nothing(self):
        history = History().fault("coordinator_restart", 4, 6, nodes=[], coordinator_fault=True)
        for code in ("CANCELLED", "UNKNOWN", "INTERNAL"):
            history.put(5, code, 0, level=ONE, code=code)
        self.assert_finds(history, "wrong_code", "wrong_code", "wrong_code")

    def test_fault_that_was_never_healed_goes_on(self):
        history = History().fault("kill", 2, 3).fault("flushall", 2, 3, nodes=[1], unseen=True)
        for fault in history.faults:
            fault.update(struck=None, healing=None, healed=None)
        self.assert_clean(history.put(90, "a", 0, code="UNAVAILABLE"))

    def test_refused_in_a_flood(self):
        history = History().put(5, "a", 0, level=ONE, code="RESOURCE_EXHAUSTED")
        self.assert_finds(history, "failed_request")
        self.assert_finds(history.fault("flood", 4, 6, nodes=[], coordinators=[1]),
                          "failed_request")
        self.assert_clean(history.fault("flood", 4, 6, nodes=[], coordinators=[0]))
        history = History().put(5, "a", 0, level=ALL, code="RESOURCE_EXHAUSTED")
        self.assert_finds(history.fault("kill", 2, 50), "failed_request")

    def test_a_node_that_is_behind_with_a_flood_misses_writes(self):
        history = History().put(5, "a", 0, level=ALL, code="ABORTED")
        self.assert_finds(history, "failed_request")
        self.assert_finds(history.fault("flood", 4, 6, nodes=[], coordinators=[1]),
                          "failed_request")
        self.assert_clean(history.fault("flood", 4, 6, nodes=[], coordinators=[0]))

    def test_who_chooses_the_coordinator_may_say_that_the_flooded_one_is_silent(self):
        flood = dict(nodes=[], coordinators=[1])
        for more, clean in ((dict(coordinator=None, caller="client"), True),
                            (dict(coordinator=0), False)):
            history = History().fault("flood", 4, 8, **flood)
            history.put(5, "a", 0, level=ONE, code="UNAVAILABLE", **more)
            self.assert_clean(history) if clean else self.assert_finds(history, "failed_request")

    def test_a_life_may_be_over_by_a_clock_that_jumped(self):
        def history(**jump):
            history = History().fault("freeze", 4, 8, nodes=[1, 2])
            history.fault("node_clock", 4, 8, nodes=[0], **jump)
            return history.put(5, "a", 0, ttl_ms=4000, code="ABORTED", reason="LIFE_OVER")

        self.assert_clean(history(skew_ms=-4000))
        self.assert_finds(history(), "failed_request")
        jumped = History().fault("node_clock", 4, 8, nodes=[0], skew_ms=-4000)
        jumped.put(5, "a", 0, ttl_ms=4000, code="ABORTED", reason="LIFE_OVER")
        self.assert_finds(jumped, "failed_request")

    def test_a_version_that_is_gone(self):
        def history(**fault):
            history = History().put(1, "a", 1, level=ALL, ttl_ms=2000)
            if fault:
                history.fault("old_rdb", 5, 6, **fault)
            return history.get(8, None, 0, level=ONE, min_version=1, code="ABORTED")

        self.assert_clean(history(nodes=[1]))
        self.assert_finds(history(nodes=[3]), "failed_request")
        self.assert_finds(history(), "failed_request")
        alive = History().put(1, "a", 1, level=ALL).fault("old_rdb", 5, 6, nodes=[1])
        self.assert_finds(
            alive.get(8, None, 0, level=ONE, min_version=1, code="ABORTED"), "failed_request")

    def test_a_version_that_was_lost_with_a_stand_in(self):
        def history(*lost):
            history = History().fault("freeze", 4, 12, nodes=[0, 1, 2])
            history.put(6, "a", 1, level=ONE, degraded=True)
            for node in lost:
                history.fault("kill", 8, 9, nodes=[node], loses_memory=True)
            return history.get(30, None, 0, level=ONE, min_version=1, code="ABORTED")

        self.assert_clean(history(3))
        self.assert_finds(history(), "failed_request")


if __name__ == "__main__":
    unittest.main()
