"""One write, one version: an attempt that was given up, and arrives late, undoes nothing.

The writes go the way that users take: through a gateway, which gives a coordinator up that does not
answer, and sends the write again through another one. KACHE_RETRY_ROUNDS sets the number of rounds,
KACHE_HOT_SECONDS for how long a hot key is written.
"""

import collections
import concurrent.futures
import os
import threading
import time
import unittest

import grpc

from harness import exposition, record
from harness.case import SystemCase
from harness.clocks import ShiftedClock
from harness.grpc_client import KacheClient
from harness.proxy import Proxy
from harness.system import System
from harness.waiting import wait_until

ROUNDS = int(os.environ.get("KACHE_RETRY_ROUNDS", "3"))
HOT_SECONDS = float(os.environ.get("KACHE_HOT_SECONDS", "8"))
KEYS = 30
LANES = 2
GATEWAY = {"GATEWAY_THREADS": LANES}


class LateAttempts(SystemCase):
    """What all ways to be late have in common. `late` makes coordinator 0 late, `in_time` ends
    that."""

    def together(self, names, write):
        """Calls write(name) for each at the same time; all must be answered 200."""
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            answers = list(pool.map(write, names))
        refused = [(answer.status, answer.body) for answer in answers if answer.status != 200]
        self.assertEqual(refused, [])

    def wait_for_both_coordinators(self):
        """Until the gateway sends operations to both."""
        streams = LANES * len(self.system.servers)
        wait_until(
            lambda: exposition.parse(self.system.gateway.metrics()).total(
                "kache_gateway_upstream_streams") >= streams,
            "the gateway has streams to both coordinators")

    def play(self, late, in_time, rounds=ROUNDS, hold=0.0):
        undone = []
        for turn in range(rounds):
            level = "quorum" if turn % 2 else "one"
            query = f"?consistency={level}"
            names = [self.key(f"-{turn}-{i}") for i in range(KEYS)]
            deleted = set(names[::3])
            self.wait_for_both_coordinators()
            late()
            try:
                self.together(names, lambda name: self.rest.put_raw(name, b"first", query))
                self.together(names, lambda name: self.rest.delete(name, query)
                              if name in deleted else self.rest.put_raw(name, b"second", query))
                time.sleep(hold)
            finally:
                in_time()
            self.system.server.wait_up()
            self.settled_digests()  # What was late has landed.
            for name in names:
                answer = self.rest.get(name, "?consistency=quorum")
                seen = answer.json()["value"] if answer.status == 200 else answer.status
                wanted = 404 if name in deleted else "second"
                if seen != wanted:
                    undone.append((name, level, seen))
        self.assertEqual(undone, [], f"{len(undone)} acknowledged newer writes were undone")


class FrozenCoordinatorTest(LateAttempts):
    SYSTEM = {"servers": 2, "gateway_settings": GATEWAY}

    def test_a_coordinator_that_thaws_undoes_nothing(self):
        self.play(self.system.server.freeze, self.system.server.thaw)


class LongFreezeTest(LateAttempts):
    """Frozen for longer than a write may be old: when it thaws, the tombstones have ended."""

    SYSTEM = {"servers": 2, "gateway_settings": GATEWAY,
              "server_settings": {"TOMBSTONE_TTL_SECONDS": 12, "PING_INTERVAL_SECONDS": 1}}

    def test_what_comes_after_the_tombstones_have_ended_is_refused(self):
        self.play(self.system.server.freeze, self.system.server.thaw, rounds=2, hold=14)


class UnstampedWritesTest(SystemCase):
    """Writes without a stamp. Their callers' deadlines pass while the coordinator stands still. The
    calls fill the coordinator's socket, so it reads the cancellations later than the calls."""

    CALLS = 200
    SECONDS = 0.5  # the callers' deadline
    VALUE = bytes(8192)

    def play(self, request_of, call_of):
        names = [self.key(f"-{i}").encode() for i in range(self.CALLS)]
        patient_name = self.key("-patient").encode()
        with self.system.grpc() as client:
            client.get(names[0])
            self.system.server.freeze()
            try:
                patient = client.stub.Put.future(
                    KacheClient.pb.PutRequest(key=patient_name, value=b"value"), timeout=60)
                calls = [call_of(client.stub).future(request_of(name), timeout=self.SECONDS)
                         for name in names]
                codes = {call.exception().code() for call in calls}
            finally:
                self.system.server.thaw()
            self.assertEqual(codes, {grpc.StatusCode.DEADLINE_EXCEEDED})
            patient.result()
            client.get(names[0])  # Once this is read, so is all that the connection brought before.
        self.settled_digests()
        self.assertEqual([name for name in names if self.grpc.get(name).found], [])
        self.assertTrue(self.grpc.get(patient_name).found, "its caller still waited")

    def test_a_put_is_not_begun(self):
        self.play(lambda name: KacheClient.pb.PutRequest(key=name, value=self.VALUE),
                  lambda stub: stub.Put)

    def test_a_batch_is_not_begun(self):
        entry = KacheClient.pb.BatchPutRequest.Entry
        self.play(lambda name: KacheClient.pb.BatchPutRequest(
            entries=[entry(key=name, value=self.VALUE), entry(key=name + b"-second", value=b"v")]),
                  lambda stub: stub.BatchPut)


class FrozenNodesTest(SystemCase):
    """The nodes themselves stand still, with a write in their buffers."""

    SYSTEM = {"server_settings": {"TOMBSTONE_TTL_SECONDS": 8}}

    def test_a_write_that_they_find_after_a_tombstones_life_is_refused(self):
        key = self.key()
        for redis in self.system.redis:
            redis.freeze()
        refused = self.rest.put_raw(key, b"late", kache_timeout_ms="500")
        self.assertIn(refused.status, (503, 504))
        time.sleep(3)  # longer than MAX_WRITE_AGE, which is 2 s here
        for redis in self.system.redis:
            redis.thaw()
        self.system.server.wait_up()
        self.assertEqual(self.rest.get(key).status, 404)
        self.assertTrue(all(record.read(redis, key.encode()) is None for redis in self.system.redis))


class FarAheadTest(SystemCase):
    """A record whose version is of the year 2100: something once stamped it by a wrong clock."""

    def test_its_key_can_still_be_written(self):
        key = self.key()
        year_2100 = record.Record(False, 4_102_444_800_000 << 16, 7 << 16, 0, b"from 2100")
        for redis in self.system.homes_of(key.encode()):
            redis.call("SET", record.DATA_PREFIX + key.encode(), record.encode(year_2100))
        self.assertEqual(self.rest.get(key).json()["value"], "from 2100")
        for value in ("one", "two", "three"):
            put = self.rest.put_json(key, {"value": value, "ttl": 60}, "?consistency=quorum")
            self.assertEqual(put.status, 200, put.body)
            self.assertEqual(self.rest.get(key).json()["value"], value)
            self.assertLess(put.json()["expiresAt"], (time.time() + 61) * 1000)
        self.assertEqual(self.rest.delete(key).status, 200)
        self.assertEqual(self.rest.get(key).status, 404)


class SlowWayTest(LateAttempts):
    """The coordinator is well, but what it sends reaches the Redis servers 600 ms later."""

    @classmethod
    def setUpClass(cls):
        cls.system = System(servers=2, gateway_settings=GATEWAY,
                            names=[f"cache-{i}" for i in range(4)])
        cls.proxy = Proxy("proxy", cls.system.redis, cls.system.folder)
        cls.system.server.settings["REDIS_URLS"] = ",".join(
            f"cache-{i}=127.0.0.1:{port}" for i, port in enumerate(cls.proxy.ports))
        for redis in cls.system.redis:
            redis.start()
        cls.proxy.start()
        cls.addClassCleanup(cls.proxy.kill)
        for process in (*cls.system.servers, *cls.system.gateways):
            process.start()
        cls.addClassCleanup(cls.system.close)
        for server in cls.system.servers:
            server.wait_up()
        cls.system.gateway.wait_ready()
        cls.rest = cls.system.rest()
        cls.grpc = cls.system.grpc()

    def delay_all(self, milliseconds):
        for node in range(len(self.proxy.ports)):
            self.proxy.delay(node, milliseconds)

    def test_commands_that_arrive_late_undo_nothing(self):
        self.play(lambda: self.delay_all(600), lambda: self.delay_all(0))


class HotKeyTest(SystemCase):
    """One key, written by many through two gateways, of which one's host clock is 2 s ahead."""

    @classmethod
    def setUpClass(cls):
        cls.system = System(servers=2, gateways=2, gateway_settings=GATEWAY)
        clock = ShiftedClock(cls.system.folder, 2)
        cls.system.gateways[1].settings.update(clock.settings)
        cls.system.start()
        cls.addClassCleanup(cls.system.close)
        cls.rests = [cls.system.rest(gateway) for gateway in range(2)]
        cls.rest, cls.grpc = cls.rests[0], cls.system.grpc()

    def test_nobody_is_refused_and_the_last_answer_wins(self):
        self.write_hot_key(HOT_SECONDS)

    def test_nobody_is_refused_while_a_home_replica_is_away(self):
        key = self.key()
        self.system.homes_of(key.encode())[1].kill()
        try:
            self.write_hot_key(3)
        finally:
            for redis in self.system.redis:
                if not redis.running:
                    redis.start()
            for server in self.system.servers:
                server.wait_up()

    def test_a_write_without_a_stamp_does_not_beat_a_later_one(self):
        key = self.key()
        for turn in range(100):
            self.grpc.put(key.encode(), b"without a stamp %d" % turn)
            value = f"stamped {turn}"
            self.assertEqual(self.rests[turn % 2].put_raw(key, value.encode()).status, 200)
            self.assertEqual(self.rests[1 - turn % 2].get(key).json()["value"], value)

    def write_hot_key(self, seconds):
        key, end = self.key(), time.monotonic() + seconds
        written, lock = [], threading.Lock()  # (begin, end, value, status)

        def write(writer):
            rest = self.rests[writer % 2]
            for turn in range(10 ** 9):
                begin = time.monotonic()
                if begin >= end:
                    return
                value = f"{writer}-{turn}"
                status = rest.put_raw(key, value.encode()).status
                with lock:
                    written.append((begin, time.monotonic(), value, status))

        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            for done in [pool.submit(write, writer) for writer in range(64)]:
                done.result()
        counts = collections.Counter(status for *_, status in written)
        self.assertEqual(counts, {200: len(written)})
        self.assertGreater(len(written), 64)
        # Writes that overlap may end in either order; one that was followed by a whole other one
        # is never what is read.
        last_begin = max(begin for begin, *_ in written)
        may_be_read = {value for _, ended, value, _ in written if ended >= last_begin}
        for rest in self.rests:
            for level in ("one", "quorum"):
                answer = rest.get(key, f"?consistency={level}")
                self.assertIn(answer.json()["value"], may_be_read)

    def test_one_after_another_the_later_one_wins(self):
        key = self.key()
        for turn in range(60):
            value = f"value {turn}"
            self.assertEqual(self.rests[turn % 2].put_raw(key, value.encode()).status, 200)
            self.assertEqual(self.rests[1 - turn % 2].get(key).json()["value"], value)

    def test_a_life_is_as_long_as_asked_through_either_gateway(self):
        for rest in self.rests:
            begin = time.time()
            put = rest.put_json(self.key(), {"value": "v", "ttl": 5})
            left = put.json()["expiresAt"] / 1000 - time.time()
            self.assertLess(left, 5.1)
            self.assertGreater(left, 4.9 - (time.time() - begin))


if __name__ == "__main__":
    unittest.main()
