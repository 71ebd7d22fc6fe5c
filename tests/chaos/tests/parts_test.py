"""The parts that need no process: intervals, the timeline, the generator, messages, the report."""

import pathlib
import tempfile
import unittest

from histories import History, us
from kit.checker.intervals import Intervals
from kit.checker.timeline import Timeline
from kit.checker.violation import describe
from kit.cluster.nodes import NODE_NAMES
from kit.history import files
from kit.history.operation import DELETE, GET, ONE, PUT, TOUCH
from kit.load.generator import Generator, Mix, from_bytes, to_bytes
from kit.load.messages import answered, begun
from kit.report import Report
from kit.stubs import pb


class IntervalsTest(unittest.TestCase):
    def test_overlapping_ones_are_one(self):
        self.assertEqual(list(Intervals([(5, 9), (1, 3), (2, 4), (7, 6)])), [(1, 4), (5, 9)])

    def test_touches_and_contains(self):
        some = Intervals([(1, 4), (6, 9)])
        self.assertTrue(some.touches(4, 5))
        self.assertFalse(some.touches(5, 5))
        self.assertEqual(some.containing(6, 9), 1)
        self.assertIsNone(some.containing(3, 7))

    def test_complement_and_next_instant(self):
        some = Intervals([(2, 4), (6, 8)])
        self.assertEqual(list(some.complement(0, 10)), [(0, 2), (4, 6), (8, 10)])
        self.assertEqual([some.next_instant(t) for t in (1, 2, 3, 4, 5, 9)], [2, 2, 3, 4, 6, None])


class TimelineTest(unittest.TestCase):
    def timeline(self, history):
        return Timeline(history.meta, history.faults, history.states, history.operations)

    def test_quiet_begins_a_ping_after_all_are_up(self):
        timeline = self.timeline(
            History().fault("kill", 10, 12).state(10.2, 0, 0).state(10.3, 1, 0)
            .state(12.5, 0).state(14, 1))
        (_, end), (begin, _) = timeline.quiet
        self.assertEqual(end, us(10.2 - 0.1 - 1.5))
        self.assertEqual(begin, us(14 + 1 + 0.3))
        self.assertEqual(timeline.faults[0]["up"], us(14))

    def test_away_counts_nodes_not_faults(self):
        history = History().fault("kill", 10, 12).fault("freeze", 11, 13)
        history.fault("cut_one", 11, 13, nodes=[2])
        away = self.timeline(history).absence.away
        self.assertEqual(away(range(4), us(11.5), us(11.6)), 2)
        self.assertEqual(away([1, 2, 3], us(11.5), us(11.6)), 1)

    def test_a_cut_takes_the_node_from_one_coordinator(self):
        history = History().fault("cut_one", 11, 13, coordinators=[1])
        away = self.timeline(history).absence.away
        times = us(11.5), us(11.6)
        self.assertEqual([away([0], *times, c) for c in ([0], [1], [0, 1], None)], [0, 1, 1, 1])

    def test_silence_of_a_coordinator_is_no_absence_of_nodes(self):
        history = History().state(20, 1)
        history.silent(10, 1)
        history.states.sort(key=lambda line: line["at"])
        timeline = self.timeline(history)
        self.assertEqual(timeline.absence.away(range(4), us(12), us(13)), 0)
        self.assertFalse(timeline.is_quiet(us(12), us(13)))


class GeneratorTest(unittest.TestCase):
    def test_same_seed_same_plans(self):
        plans = [[g.next() for _ in range(200)] for g in (Generator(7, 1), Generator(7, 1))]
        self.assertEqual(*plans)
        self.assertNotEqual(plans[0], [Generator(8, 1).next() for _ in range(200)])

    def test_values_are_unique_across_processes(self):
        values = [g.next().value for g in (Generator(7, 1), Generator(7, 2)) for _ in range(2000)]
        values = [value for value in values if value]
        self.assertEqual(len(values), len(set(values)))

    def test_everything_occurs(self):
        generator = Generator(1, 0)
        plans = [generator.next() for _ in range(5000)]
        self.assertEqual({plan.kind for plan in plans}, {PUT, GET, DELETE, TOUCH})
        self.assertEqual({plan.level for plan in plans}, {"one", "quorum", "all"})
        self.assertTrue(any(0 < plan.ttl_ms < 5000 for plan in plans))
        self.assertTrue(any(plan.wants_min_version for plan in plans))

    def test_a_batch_has_one_kind_one_level_and_distinct_keys(self):
        generator = Generator(1, 0, keys=20)
        for _ in range(300):
            plans = generator.batch(8)
            self.assertNotEqual(plans[0].kind, TOUCH)
            self.assertEqual(len({(plan.kind, plan.level) for plan in plans}), 1)
            self.assertEqual(len({plan.key for plan in plans}), len(plans))
            self.assertIn(len(plans), range(1, 9))

    def test_lives_of_whole_seconds(self):
        generator = Generator(1, 0, mix=Mix(whole_seconds=True))
        lives = {plan.ttl_ms for plan in (generator.next() for _ in range(2000))}
        self.assertGreater(len(lives), 10)
        self.assertEqual({life % 1000 for life in lives}, {0})

    def test_values_of_a_size(self):
        generator = Generator(1, 0, mix=Mix(value_bytes=5000))
        value = next(plan.value for plan in iter(generator.next, None) if plan.value)
        stored = to_bytes(value)
        self.assertEqual(len(stored), 5000)
        self.assertEqual(from_bytes(stored), value)
        self.assertIn("mangled", from_bytes(stored[:-1]))
        self.assertIn("mangled", from_bytes(b"p1.2+x|2.1p"))

    def test_mangled_values_are_noticed(self):
        stored = to_bytes("p1.23")
        self.assertEqual(from_bytes(stored), "p1.23")
        for wrong in (stored[:-1], stored + b"x", b"", b"p1.23", to_bytes("p1.2") + stored):
            self.assertIn("mangled", from_bytes(wrong))


class MessagesTest(unittest.TestCase):
    def test_a_node_id_becomes_the_place_of_the_node_that_has_it(self):
        operation = begun(0, 1, 0, GET, ONE, "k", us(1))
        answer = pb.GetResponse()
        self.assertIsNone(answered(operation, answer).node)
        answer.receipt.node_id = 0x2FDF5634
        read = answered(operation, answer)
        self.assertEqual(NODE_NAMES[read.node], "cache-b")
        self.assertIn("from cache-b", describe(read))


class FilesTest(unittest.TestCase):
    def test_operations_come_back_by_start_without_the_torn_last_line(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(lambda: [p.unlink() for p in folder.iterdir()] and folder.rmdir())
        history = History().put(2, "b", 2).get(1, None, 0)
        writer = files.OperationWriter(folder, 0)
        for operation in history.completed():
            writer.add(operation)
        writer.close()
        with open(folder / "operations-0.jsonl", "a", encoding="utf-8") as file:
            file.write('[3,0,0,"put","one"')
        self.assertEqual(files.read_operations(folder), history.completed()[::-1])


class ReportTest(unittest.TestCase):
    def test_names_the_operations_behind_a_violation(self):
        report = Report()
        report.add("x", History().put(1, "a", 1).put(2, "b", 2).get(3, "a", 1).verdict())
        self.assertEqual((report.violations, report.kinds), (1, {"stale_read"}))
        text = report.violations_text()
        self.assertIn("put quorum k = b", text)
        self.assertIn("get quorum k = a", text)
        self.assertIn("3 operations, 1 violations", report.text())
        self.assertEqual(report.document()["violations"], {"stale_read": {"quorum": 1}})

    def test_excuses_stand_apart_from_what_was_checked(self):
        history = History().fault("slow", 0.5, 50).fault("slow", 0.5, 50, nodes=[1])
        history.put(1, "a", 1).delete(2, 0, code="ABORTED").get(3, None, 0)
        report = Report()
        report.add("x", history.verdict())
        document = report.document()
        why = "an unanswered write may have ended it"
        self.assertEqual(document["excused"][f"missing quorum: {why}"], 1)
        self.assertNotIn("newest quorum", document["checked"])
        self.assertIn(why, report.text())


if __name__ == "__main__":
    unittest.main()
