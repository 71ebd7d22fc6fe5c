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


class FakeProcess:
    """Answers to every method with nothing, and remembers its name."""

    def __init__(self, name, calls):
        self._name, self._calls, self.running = name, calls, False

    def __getattr__(self, what):
        if what.startswith("__"):
            raise AttributeError(what)
        return lambda *arguments: self._calls.append((self._name, what)) or self

    def take_snapshot(self):
        pass


class FakeCluster:
    ping_seconds = 0.01

    def __init__(self, folder):
        self.folder = folder
        self.calls = []
        self.redis = [FakeProcess(f"redis-{i}", self.calls) for i in range(4)]
        self.coordinators = [FakeProcess(f"coordinator-{i}", self.calls) for i in range(3)]
        self.proxies = [FakeProcess(f"proxy-{i}", self.calls) for i in range(3)]
        self.up = True
        self.watcher = types.SimpleNamespace(
            all_up=lambda since, nodes: self.up, latest=lambda coordinator: (2**62, []))


class NemesisTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cluster = FakeCluster(pathlib.Path(folder.name))
        self.names = [name for name in FAULTS if name != "flood"]  # which starts a process

    def run_nemesis(self, mixed, seconds=1.5, seed=1):
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(nemesis, "PAUSE_SECONDS", (0.0, 0.01)))
            stack.enter_context(mock.patch.object(nemesis, "NOTICE_SECONDS", 0.01))
            for fault in FAULTS.values():
                stack.enter_context(mock.patch.object(fault, "SECONDS", (0.0, 0.03)))
            done = nemesis.Nemesis(self.cluster, seed, self.names, mixed, say=lambda line: None)
            done.run(seconds)
        return done.journal.entries

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
        self.assertGreater(overlaps, 0)

    def test_gives_up_when_a_node_that_lost_its_memory_never_comes_up(self):
        self.cluster.up = False
        self.names = ["kill"]
        with mock.patch.object(nemesis, "UP_SECONDS", 0.05):
            with self.assertRaisesRegex(AssertionError, "kill"):
                self.run_nemesis(mixed=True)

    def test_every_fault_is_healed(self):
        self.names = ["freeze"]
        self.run_nemesis(mixed=False, seconds=0.3)
        done = [what for _, what in self.cluster.calls]
        self.assertEqual(done.count("freeze"), done.count("thaw"))


if __name__ == "__main__":
    unittest.main()
