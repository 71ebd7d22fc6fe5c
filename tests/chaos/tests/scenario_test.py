"""What a round draws from its seed."""

import unittest

import histories  # noqa: F401  (puts the kit on the path)
from kit.scenario import Scenario, draw


class ScenarioTest(unittest.TestCase):
    def setUp(self):
        self.drawn = [draw(seed) for seed in range(500)]

    def test_a_seed_is_a_scenario(self):
        self.assertEqual(draw(7), draw(7))
        self.assertGreater(len({draw(seed).text() for seed in range(50)}), 40)

    def test_everything_occurs(self):
        for field, wanted in (("nodes", {1, 2, 3, 4, 5, 6, 7}), ("replication_factor", {1, 2, 3, 5}),
                              ("coordinators", {2, 3}), ("shards", {1, 3}), ("mixed", {False, True}),
                              ("tombstone_ttl_seconds", {8, 3600}), ("keys", {300, 3000, 10_000}),
                              ("has_own_clocks", {False, True}), ("evicts", {False, True})):
            self.assertEqual({getattr(one, field) for one in self.drawn}, wanted, field)

    def test_what_is_given_counts_and_changes_nothing_else(self):
        for seed in range(50):
            free, given = draw(seed), draw(seed, shards=2)
            self.assertEqual(given.shards, 2)
            self.assertEqual(given, draw(seed, shards=2))
            self.assertEqual(free.text().replace(f"shards {free.shards}", "shards 2"), given.text())

    def test_most_clocks_are_right_although_one_more_jumps(self):
        for one in self.drawn:
            if one.has_own_clocks:
                wrong = sum(ms != 0 for ms in one.node_clocks_ms[:one.nodes])
                self.assertLess(2 * (wrong + 1), one.nodes + 1, one)
                self.assertLess(max(map(abs, one.node_clocks_ms)), one.max_clock_skew_ms)

    def test_clocks_fit_a_number_of_nodes_that_is_given(self):
        for seed in range(200):
            one = draw(seed, nodes=3)
            if one.has_own_clocks:
                self.assertEqual(one.node_clocks_ms[:3], (0, 0, 0))

    def test_most_nodes_are_there_where_clocks_are_wrong(self):
        clocks = [one for one in self.drawn if one.has_own_clocks]
        self.assertEqual({one.mixed for one in clocks}, {False, True})
        for one in clocks:
            self.assertGreater(one.nodes - (2 if one.mixed else 1), one.nodes / 2, one)

    def test_clocks_fit_a_skew_that_is_given(self):
        for seed in range(500):
            one = draw(seed, max_clock_skew_ms=500)
            if one.has_own_clocks:
                self.assertLess(max(map(abs, one.node_clocks_ms)), 500)

    def test_home_replicas_are_never_more_than_nodes(self):
        self.assertEqual(Scenario(seed=1, nodes=2).home_replicas, 2)
        self.assertEqual(Scenario(seed=1, nodes=7, replication_factor=5).home_replicas, 5)


if __name__ == "__main__":
    unittest.main()
