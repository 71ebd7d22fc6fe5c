"""Each way to call Kache, against real processes: what it writes down is what happened. A caller that
recorded nothing, or the wrong thing, would prove nothing."""

import asyncio
import contextlib
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))
sys.dont_write_bytecode = True

from kit.cluster.cluster import Cluster  # noqa: E402
from kit.history.operation import ALL, DELETE, GET, ONE, PUT, QUORUM  # noqa: E402
from kit.load.callers.catalogue import BATCHES, CALLERS, MIN_VERSION_IN_BATCHES  # noqa: E402
from kit.load.generator import to_bytes  # noqa: E402
from kit.load.messages import begun  # noqa: E402
from kit.scenario import Scenario  # noqa: E402

_SECONDS = 5
_UP_SECONDS = 60


class CallersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kache-callers.")
        cls.addClassCleanup(folder.cleanup)
        scenario = Scenario(seed=1, nodes=3, coordinators=2, gateways=2)
        cls.cluster = Cluster(pathlib.Path(folder.name), scenario)
        cls.addClassCleanup(cls.cluster.close)
        cls.cluster.start()

    def play(self, name, turn):
        """`turn(caller)`, an async function, with each distinct caller of the way."""
        async def run():
            callers = await CALLERS[name]({
                "coordinators": self.cluster.addresses, "sessions": 1,
                "gateways": [gateway.port for gateway in self.cluster.gateways]})
            try:
                for caller in dict.fromkeys(callers):
                    # What an earlier turn froze is there again.
                    self.assertTrue(await asyncio.to_thread(self.cluster.wait_all_up, _UP_SECONDS))
                    await turn(caller)
            finally:
                for caller in set(callers):
                    await caller.close()
        asyncio.run(run())

    def for_each_way(self, turn):
        for name in CALLERS:
            with self.subTest(name):
                self.play(name, turn)

    def operation(self, caller, kind, key, count=1, level=ONE, **more):
        return begun(7, count, kind=kind, key=key, level=level, start=1, **caller.fields, **more)

    async def call(self, caller, *operations):
        answers = await caller.call(list(operations), _SECONDS)
        self.assertEqual([op.key for op in answers], [op.key for op in operations])
        for answer in answers:
            self.assertEqual((answer.code, answer.message), ("OK", ""), answer)
        return answers

    def test_one_key_is_written_read_and_deleted(self):
        async def turn(caller):
            for count, level in enumerate((ONE, QUORUM, ALL, ONE)):  # even and odd: raw and JSON
                key = f"{caller.fields}-{level}-{count}"
                value = f"p7.{count}"
                put, = await self.call(caller, self.operation(
                    caller, PUT, key, count, level, value=value, ttl_ms=60_000))
                self.assertGreater(put.version, 0)
                self.assertGreater(put.expires_at_ms, 0)
                self.assertEqual(put.required, {ONE: 1, QUORUM: 2, ALL: 3}[level])
                self.assertGreaterEqual(put.acknowledged, put.required)
                got, = await self.call(caller, self.operation(
                    caller, GET, key, count, level, min_version=put.version))
                self.assertEqual(
                    (got.value, got.version, got.expires_at_ms),
                    (value, put.version, put.expires_at_ms))
                self.assertIn(got.node, (0, 1, 2))
                deleted, = await self.call(
                    caller, self.operation(caller, DELETE, key, count, level))
                self.assertGreater(deleted.version, put.version)
                missed, = await self.call(caller, self.operation(caller, GET, key, count, level))
                self.assertIsNone(missed.value)
        self.for_each_way(turn)

    def test_a_batch_is_written_read_and_deleted(self):
        async def turn(caller):
            keys = [f"{caller.fields}-batch-{i}" for i in range(5)]
            written = await self.call(caller, *(
                self.operation(caller, PUT, key, i, QUORUM, value=f"p7.{i}")
                for i, key in enumerate(keys)))
            self.assertEqual(len({put.version for put in written}), 5)
            read = await self.call(caller, *(
                self.operation(caller, GET, key, i, QUORUM,
                               min_version=put.version if with_version else 0)
                for i, (key, put) in enumerate(zip(keys, written))))
            self.assertEqual([got.value for got in read], [f"p7.{i}" for i in range(5)])
            self.assertEqual([got.version for got in read], [put.version for put in written])
            await self.call(caller, *(self.operation(caller, DELETE, key, i) for i, key in
                                      enumerate(keys)))
            read = await self.call(caller, *(self.operation(caller, GET, key, i) for i, key in
                                             enumerate(keys)))
            self.assertEqual([got.value for got in read], [None] * 5)

        for name in BATCHES:
            with_version = name in MIN_VERSION_IN_BATCHES
            with self.subTest(name):
                self.play(name, turn)

    def test_what_is_refused_has_its_code(self):
        async def turn(caller):
            answer, = await caller.call([self.operation(caller, GET, "k" * 2000)], _SECONDS)
            self.assertIn(answer.code, ("INVALID_ARGUMENT", "BAD_KEY"))
            self.assertTrue(answer.message)
        self.for_each_way(turn)

    def test_an_error_has_its_reason(self):
        """Of a life that is over before it can be stored."""
        async def turn(caller):
            with self.nodes_that_stand_still():
                operation = self.operation(caller, PUT, "short", 2, value="p7.1", ttl_ms=1000)
                call = asyncio.create_task(caller.call([operation], _SECONDS))
                await asyncio.sleep(1.5)
            answer, = await call
            self.assertEqual((answer.code, answer.reason), ("ABORTED", "LIFE_OVER"), answer)
        self.for_each_way(turn)

    @contextlib.contextmanager
    def nodes_that_stand_still(self):
        for redis in self.cluster.redis:
            redis.freeze()
        try:
            yield
        finally:
            for redis in self.cluster.redis:
                redis.thaw()

    def test_a_mangled_value_is_noticed(self):
        key = "mangled"
        redis_key = b"kache:d:" + key.encode()

        async def turn(caller):
            await self.call(caller, self.operation(caller, PUT, key, 2, ALL, value="p7.1"))
            for redis in self.cluster.redis:
                stored = redis.call("GET", redis_key)
                self.assertTrue(stored.endswith(to_bytes("p7.1")))
                redis.call("SET", redis_key, stored[:-1] + b"\xff")
            for count in (2, 3):
                got, = await self.call(caller, self.operation(caller, GET, key, count))
                self.assertIn("mangled", got.value)
        self.for_each_way(turn)

    def test_a_coordinator_that_stands_still_costs_a_gateway_and_the_library_nothing(self):
        async def turn(caller):
            self.cluster.coordinators[0].freeze()
            try:
                for i in range(20):
                    await self.call(caller, self.operation(
                        caller, PUT, f"frozen-{i}", i, QUORUM, value=f"p7.{i}"))
            finally:
                self.cluster.coordinators[0].thaw()
        for name in ("rest", "client"):
            with self.subTest(name):
                self.play(name, turn)

    def test_a_coordinator_that_stands_still_costs_batches_no_more_once_that_is_known(self):
        async def turn(caller):
            self.cluster.coordinators[0].freeze()
            try:
                for i in range(8):  # its stream is given up
                    await self.call(caller, self.operation(
                        caller, PUT, f"frozen-{i}", i, value=f"p7.{i}"))
                begin = time.monotonic()
                for i in range(20):
                    await self.call(caller, *(self.operation(
                        caller, GET, f"frozen-{i + j}", i) for j in range(3)))
                # Each attempt at it would cost half the deadline.
                self.assertLess(time.monotonic() - begin, _SECONDS)
            finally:
                self.cluster.coordinators[0].thaw()
        for name in ("rest", "client"):
            with self.subTest(name):
                self.play(name, turn)

    def test_a_coordinator_that_stands_still_costs_others_their_deadline(self):
        async def turn(caller):
            await self.call(caller, self.operation(caller, GET, "frozen", 1))  # it is connected
            coordinator = self.cluster.coordinators[caller.fields["coordinator"]]
            coordinator.freeze()
            try:
                answer, = await caller.call(
                    [self.operation(caller, GET, "frozen", 1)], 0.3)
            finally:
                coordinator.thaw()
            self.assertEqual(answer.code, "DEADLINE_EXCEEDED")
            await self.call(caller, self.operation(caller, GET, "frozen", 1))
        for name in ("unary", "batch", "pipeline"):
            with self.subTest(name):
                self.play(name, turn)


if __name__ == "__main__":
    unittest.main()
