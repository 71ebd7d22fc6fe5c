"""The nemesis keeps to its rules: on a cluster that only writes down what is done to it."""

import contextlib
import pathlib
import tempfile
import types
import unittest
from unittest import mock

import histories  # noqa: F401  (puts the kit on the path)
from kit.nemesis import nemesis
from kit.nemesis.catalogue import FAULTS
from kit.nemesis.journal import Journal
from kit.scenario import Scenario


class FakeProcess:
    """Answers to every method with nothing, and remembers its name."""

    def __init__(self, name, calls):
        self._name, self._calls, self.running = name, calls, False
        self.clock = self

    def __getattr__(self, what):
        if what.startswith("__"):
            raise AttributeError(what)
        return lambda *arguments: self._calls.append((self._name, what)) or self

    def take_snapshot(self):
        pass


class FakeCluster:
    ping_seconds = 0.01

    def __init__(self, folder, mixed):
        self.folder = folder
        self.scenario = Scenario(seed=1, mixed=mixed, nodes=7, tombstone_ttl_seconds=8,
                                 node_clocks_ms=(0,) * 7, coordinator_clocks_ms=(0,) * 3)
        self.calls = []
        self.redis = [FakeProcess(f"redis-{i}", self.calls) for i in range(7)]
        self.coordinators = [FakeProcess(f"coordinator-{i}", self.calls) for i in range(3)]
        self.proxies = [FakeProcess(f"proxy-{i}", self.calls) for i in range(3)]
        self.up = True
        self.watcher = types.SimpleNamespace(
            all_up=lambda since, nodes: self.up, latest=lambda coordinator: (2**62, []))


class NemesisTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.up = True
        self.names = [name for name in FAULTS if name != "flood"]  # which starts a process

    def run_nemesis(self, mixed, seconds=1.5):
        self.cluster = FakeCluster(self.folder, mixed)
        self.cluster.up = self.up
        journal = Journal(self.folder)
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(nemesis, "PAUSE_SECONDS", (0.0, 0.01)))
            stack.enter_context(mock.patch.object(nemesis, "NOTICE_SECONDS", 0.01))
            for fault in FAULTS.values():
                stack.enter_context(mock.patch.object(fault, "seconds", lambda *_: (0.0, 0.03)))
            done = nemesis.Nemesis(self.cluster, journal, self.names, say=lambda line: None)
            done.run(seconds)
        return journal.entries

    def test_one_at_a_time_and_every_kind(self):
        entries = self.run_nemesis(mixed=False, seconds=6)
        for earlier, later in zip(entries, entries[1:]):
            self.assertLessEqual(earlier["up"], later["begin"])
        self.assertEqual({entry["name"] for entry in entries}, set(self.names))

    def test_mixed_ones_overlap_but_never_two_losses_or_one_target(self):
        entries = self.run_nemesis(mixed=True)
        overlaps = 0
        for i, one in enumerate(entries):
            for other in entries[i + 1:]:
                if one["begin"] < other["healed"] and other["begin"] < one["healed"]:
                    overlaps += 1
                    self.assertFalse(one["loses_memory"] and other["loses_memory"])
                    self.assertFalse(set(one["nodes"]) & set(other["nodes"]))
                    if "node_clock" in (one["name"], other["name"]):
                        self.assertFalse(one["nodes"] and other["nodes"])
        self.assertGreater(overlaps, 0)

    def test_gives_up_when_a_node_that_lost_its_memory_never_comes_up(self):
        self.up = False
        self.names = ["kill"]
        with mock.patch.object(nemesis, "UP_SECONDS", 0.05):
            with self.assertRaisesRegex(AssertionError, "kill"):
                self.run_nemesis(mixed=True)

    def test_every_fault_is_healed(self):
        self.names = ["freeze"]
        self.run_nemesis(mixed=False, seconds=0.3)
        done = [what for _, what in self.cluster.calls]
        self.assertEqual(done.count("freeze"), done.count("thaw"))

    def test_only_faults_that_fit_the_round(self):
        short, default = Scenario(seed=1, tombstone_ttl_seconds=8), Scenario(seed=1)
        for name in ("long_absence", "long_absence_of_two", "coordinator_long_freeze"):
            self.assertTrue(FAULTS[name].fits(short), name)
            self.assertFalse(FAULTS[name].fits(default), name)
            self.assertGreater(FAULTS[name].seconds(short)[0], 8)
        self.assertFalse(FAULTS["long_absence_of_two"].fits(
            Scenario(seed=1, nodes=1, tombstone_ttl_seconds=8)))
        self.assertFalse(FAULTS["node_clock"].fits(default))
        for nodes, mixed, fits in ((4, False, False), (5, False, True), (6, True, False), (7, True, True)):
            clocks = Scenario(seed=1, tombstone_ttl_seconds=8, nodes=nodes, mixed=mixed,
                              node_clocks_ms=(0,) * 7)
            self.assertEqual(FAULTS["long_absence_of_two"].fits(clocks), fits, clocks)
        self.names = ["node_clock"]
        with self.assertRaises(ValueError):
            nemesis.Nemesis(types.SimpleNamespace(scenario=default), None, self.names)


if __name__ == "__main__":
    unittest.main()
