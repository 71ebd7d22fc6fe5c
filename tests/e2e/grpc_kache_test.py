"""The service kache.v1.Kache through a Python client: every rpc, receipts, codes, deadlines."""

import collections
import time
import unittest

import grpc

from harness import record
from harness.case import UNHURRIED, SystemCase
from harness.grpc_client import KacheClient
from harness.waiting import wait_until

Code = grpc.StatusCode
EVERY_BYTE = bytes(range(256))


class SingleKeyTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def test_put_get_delete(self):
        key = self.key().encode()
        put = self.grpc.put(key, EVERY_BYTE, ttl_ms=60_000).receipt
        self.assertGreater(put.version.timestamp >> 16, 1_500_000_000_000)
        self.assertNotEqual(put.version.clock, 0)
        self.assertEqual((put.required, put.degraded), (1, False))
        self.assertTrue(1 <= put.acknowledged <= 3)
        self.assertFalse(put.HasField("node_id"))

        got = self.grpc.get(key)
        self.assertTrue(got.found)
        self.assertEqual(got.value, EVERY_BYTE)
        self.assertTrue(59_000 < got.ttl_ms <= 60_000)
        self.assertEqual(got.receipt.version, put.version)
        self.assertEqual(got.receipt.expires_at_unix_ms, put.expires_at_unix_ms)
        self.assertEqual((got.receipt.acknowledged, got.receipt.required), (1, 1))
        self.assertEqual(got.receipt.node_id, self.grpc.locate(key).served_by_node_id)

        deleted = self.grpc.delete(key).receipt
        self.assertGreater(deleted.version.timestamp, put.version.timestamp)
        miss = self.grpc.get(key)
        self.assertEqual((miss.found, miss.value, miss.ttl_ms), (False, b"", 0))
        self.assertEqual(miss.receipt.version, deleted.version)

    def test_miss_is_an_answer(self):
        miss = self.grpc.get(self.key().encode())
        self.assertFalse(miss.found)
        self.assertFalse(miss.receipt.HasField("version"))
        self.assertTrue(self.grpc.delete(self.key().encode()).receipt.HasField("version"))

    def test_ttl_in_milliseconds(self):
        key = self.key().encode()
        before = time.time() * 1000
        receipt = self.grpc.put(key, b"v", ttl_ms=300).receipt
        self.assertTrue(before + 250 < receipt.expires_at_unix_ms < time.time() * 1000 + 350)

        def found_in_time():
            self.grpc.put(key, b"v", ttl_ms=300)
            got = self.grpc.get(key)
            return got if got.found else None

        self.assertTrue(0 < wait_until(found_in_time, "a read within 300 ms").ttl_ms <= 300)
        wait_until(lambda: not self.grpc.get(key).found, "expiry")

    def test_binary_keys(self):
        for key in (b"\x00", EVERY_BYTE, b"\xff" * 1024, b"\xc3\x28", b" ", b"kache:m:x"):
            self.grpc.put(key, b"value of " + key)
            self.assertEqual(self.grpc.get(key).value, b"value of " + key)

    def test_empty_value_is_found(self):
        self.grpc.put(self.key().encode(), b"")
        got = self.grpc.get(self.key().encode())
        self.assertEqual((got.found, got.value), (True, b""))

    def test_consistency_one_and_unspecified_are_the_same(self):
        pb = self.grpc.pb
        for level in (pb.CONSISTENCY_UNSPECIFIED, pb.CONSISTENCY_ONE):
            self.assertEqual(self.grpc.put(b"level", b"v", consistency=level).receipt.required, 1)
            self.assertTrue(self.grpc.get(b"level", consistency=level).found)

    def test_nothing_outside_the_prefix_is_touched(self):
        for redis in self.system.redis:
            redis.call("SET", "mine", "untouched")
        self.grpc.put(b"mine", b"kache's")
        self.grpc.delete(b"mine")
        for redis in self.system.redis:
            self.assertEqual(redis.call("GET", "mine"), b"untouched")
            self.assertTrue(all(k == b"mine" or k.startswith(b"kache:") for k in redis.keys()))


class BatchTest(SystemCase):
    def test_results_in_request_order(self):
        pb = self.grpc.pb
        keys = [self.key(str(i)).encode() + b"\x00\xff" for i in range(50)]
        entries = [pb.BatchPutRequest.Entry(key=k, value=k, ttl_ms=60_000) for k in keys]
        put = self.grpc.stub.BatchPut(pb.BatchPutRequest(entries=entries), timeout=5)
        self.assertEqual(len(put.results), 50)
        self.assertTrue(all(r.receipt.acknowledged >= 1 for r in put.results))

        asked = keys[::-1] + [b"missing", keys[0]]
        got = self.grpc.stub.BatchGet(pb.BatchGetRequest(keys=asked), timeout=5).results
        self.assertEqual([r.response.value for r in got], keys[::-1] + [b"", keys[0]])
        self.assertEqual([r.response.found for r in got], [True] * 50 + [False, True])

        deleted = self.grpc.stub.BatchDelete(pb.BatchDeleteRequest(keys=keys), timeout=5).results
        self.assertTrue(all(r.HasField("receipt") for r in deleted))
        got = self.grpc.stub.BatchGet(pb.BatchGetRequest(keys=keys), timeout=5).results
        self.assertFalse(any(r.response.found for r in got))

    def test_bad_keys_have_their_own_error(self):
        pb = self.grpc.pb
        good = pb.BatchPutRequest.Entry(key=self.key().encode(), value=b"v")
        bad = [pb.BatchPutRequest.Entry(key=b""), pb.BatchPutRequest.Entry(key=b"k" * 1025),
               pb.BatchPutRequest.Entry(key=b"k", ttl_ms=-1),
               pb.BatchPutRequest.Entry(key=b"k", value=b"v" * (2**20 + 1))]
        results = self.grpc.stub.BatchPut(pb.BatchPutRequest(entries=[good, *bad]), timeout=5).results
        self.assertTrue(results[0].HasField("receipt"))
        for result in results[1:]:
            self.assertEqual(result.error.code, Code.INVALID_ARGUMENT.value[0])
            self.assertTrue(result.error.message)
        self.assertFalse(self.grpc.get(b"k").found)

    def test_answer_over_its_limit_says_which_keys_to_ask_for_again(self):
        pb = self.grpc.pb
        keys = [self.key(str(i)).encode() for i in range(6)]
        for key in keys:
            self.grpc.put(key, b"v" * 2**20)
        results = self.grpc.stub.BatchGet(pb.BatchGetRequest(keys=keys), timeout=5).results
        found = [r.response.found for r in results]
        self.assertEqual(sum(found), 3)
        for result in results:
            if not result.response.found:
                self.assertEqual(result.error.code, Code.OUT_OF_RANGE.value[0])
                self.assertEqual(result.error.reason, "ANSWER_FULL")
        one = self.grpc.stub.BatchGet(pb.BatchGetRequest(keys=keys[:1]), timeout=5).results
        self.assertTrue(one[0].response.found)


class StatusTest(SystemCase):
    def test_get_status(self):
        status = self.grpc.status()
        self.assertEqual([node.name for node in status.nodes], [r.url for r in self.system.redis])
        self.assertEqual((status.replication_factor, status.vnodes_per_node), (3, 100))
        self.assertAlmostEqual(sum(node.share for node in status.nodes), 1, places=6)
        self.assertTrue(status.server_version)
        self.assertTrue(0 <= time.time() * 1000 - status.started_at_unix_ms < 120_000)
        self.assertNotEqual(status.ring_fingerprint, 0)
        clock = self.grpc.put(b"k", b"v").receipt.version.clock
        self.assertEqual(status.coordinator >> 16, clock >> 16)  # below: a hash of the content
        for node in status.nodes:
            self.assertEqual((node.state, node.reason), (self.grpc.pb.NODE_STATE_UP, "ok"))
            self.assertEqual(len(node.run_id), 40)
        wait_until(lambda: all(0 < n.ping_rtt_us < 10**6 and n.last_ping_unix_ms > 10**12
                               for n in self.grpc.status().nodes), "pings")

    def test_share_tells_how_many_keys_a_node_is_first_for(self):
        first = collections.Counter()
        for i in range(400):
            place = self.grpc.locate(b"share-%d" % i)
            first[place.replicas[0].node_id] += 1
        for node in self.grpc.status().nodes:
            self.assertAlmostEqual(first[node.node_id] / 400, node.share, delta=0.1)


class LocateTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def test_shows_what_every_node_holds(self):
        pb, key = self.grpc.pb, self.key().encode()
        receipt = self.grpc.put(key, b"12345", ttl_ms=60_000).receipt
        place = self.grpc.locate(key)
        self.assertEqual(place.home_replicas, 3)
        self.assertEqual({r.node_id for r in place.replicas},
                         {node.node_id for node in self.grpc.status().nodes})
        self.assertEqual(place.served_by_node_id, place.replicas[0].node_id)

        wait_until(lambda: all(r.content == pb.Replica.CONTENT_VALUE
                               for r in self.grpc.locate(key).replicas[:3]), "three copies")
        place = self.grpc.locate(key)
        for replica in place.replicas[:3]:
            self.assertEqual(replica.version, receipt.version)
            self.assertEqual(replica.expires_at_unix_ms, receipt.expires_at_unix_ms)
            self.assertEqual((replica.value_bytes, replica.state), (5, pb.NODE_STATE_UP))
            held = record.read(self.system.redis_of(replica.node_id), key)
            self.assertEqual(held.timestamp, receipt.version.timestamp)
        self.assertEqual(place.replicas[3].content, pb.Replica.CONTENT_NONE)

        self.grpc.delete(key)
        wait_until(lambda: all(r.content == pb.Replica.CONTENT_TOMBSTONE
                               for r in self.grpc.locate(key).replicas[:3]), "three tombstones")

    def test_foreign_and_newer_values_are_told_apart(self):
        pb, key = self.grpc.pb, self.key().encode()
        homes = self.system.homes_of(key)
        newer = b"\x4b\xac\x02\x00" + (2**48).to_bytes(8, "big") + bytes(16)
        homes[0].call("SET", record.DATA_PREFIX + key, "not a record")
        homes[1].call("SET", record.DATA_PREFIX + key, newer)
        contents = [r.content for r in self.grpc.locate(key).replicas[:3]]
        self.assertEqual(contents, [pb.Replica.CONTENT_FOREIGN, pb.Replica.CONTENT_NEWER_FORMAT,
                                    pb.Replica.CONTENT_NONE])
        self.assertFalse(self.grpc.get(key).found)
        homes[0].call("SET", record.DATA_PREFIX + key, newer)
        with self.assertRaises(grpc.RpcError) as raised:
            self.grpc.get(key)
        self.assertEqual(raised.exception.code(), Code.FAILED_PRECONDITION)


class CodesTest(SystemCase):
    SYSTEM = {"redis": 2, "server_settings": {"TRY_TIMEOUT_MS": 60000,
                                              "REQUEST_TIMEOUT_MS": 60000}}

    def assert_code(self, code, call):
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        self.assertEqual(raised.exception.code(), code, raised.exception.details())
        self.assertTrue(raised.exception.details())
        return raised.exception

    def test_levels(self):
        pb = self.grpc.pb
        for level, required in ((pb.CONSISTENCY_QUORUM, 2), (pb.CONSISTENCY_ALL, 2)):
            key = b"level-%d" % level
            put = self.grpc.put(key, b"v", consistency=level)
            self.assertEqual(put.receipt.required, required)
            self.assertGreaterEqual(put.receipt.acknowledged, required)
            got = self.grpc.get(key, consistency=level, min_version=put.receipt.version)
            self.assertEqual(got.value, b"v")
            self.assertEqual(got.receipt.required, required)
            batch = self.grpc.stub.BatchGet(pb.BatchGetRequest(
                keys=[key], consistency=level, min_versions=[put.receipt.version]), timeout=5)
            self.assertEqual(batch.results[0].response.value, b"v")
            self.grpc.delete(key, consistency=level)
            self.assertFalse(self.grpc.get(key, consistency=level).found)

    def test_nothing_older_than_min_version(self):
        pb = self.grpc.pb
        put = self.grpc.put(b"min", b"v")
        newer = pb.Version(timestamp=put.receipt.version.timestamp + 1, clock=1)
        self.assert_code(Code.ABORTED, lambda: self.grpc.get(b"min", min_version=newer))
        self.assertFalse(self.grpc.get(b"nothing", min_version=newer).found)
        self.assertFalse(self.grpc.get(b"k", min_version=pb.Version()).found)

    def test_pipeline_answers_by_id(self):
        pb = self.grpc.pb
        messages = [
            pb.PipelineRequest(operations=[
                {"id": 1, "put": {"key": b"pipe:a", "value": b"\x00\xff", "ttl_ms": 60000}},
                {"id": 2, "delete": {"key": b"pipe:b"}},
                {"id": 3, "get": {"key": b""}}]),
            pb.PipelineRequest(operations=[{"id": 4, "get": {"key": b"pipe:b"}}]),
        ]
        results = {result.id: result for response in self.grpc.stub.Pipeline(
            iter(messages), timeout=10) for result in response.results}
        self.assertEqual(sorted(results), [1, 2, 3, 4])
        self.assertEqual(results[1].put.receipt.required, 1)
        self.assertEqual(results[2].WhichOneof("outcome"), "delete")
        self.assertEqual(results[3].error.code, Code.INVALID_ARGUMENT.value[0])
        self.assertFalse(results[4].get.found)
        self.assertEqual(self.grpc.get(b"pipe:a").value, b"\x00\xff")

    def test_callers_deadline_is_kept(self):
        for redis in self.system.redis:
            redis.freeze()
            self.addCleanup(redis.thaw)
        client = self.grpc
        client.timeout = 0.2
        try:
            begin = time.monotonic()
            self.assert_code(Code.DEADLINE_EXCEEDED, lambda: client.get(b"k"))
            self.assertLess(time.monotonic() - begin, 10)  # the server's own is a minute
        finally:
            client.timeout = 5

    def test_deadline_in_the_past(self):
        pb = self.grpc.pb
        for call in (lambda: self.grpc.stub.Put(pb.PutRequest(key=b"late"), timeout=-1),
                     lambda: self.grpc.stub.Get(pb.GetRequest(key=b"late"), timeout=-1)):
            self.assert_code(Code.DEADLINE_EXCEEDED, call)

    def test_no_redis_at_all_is_unavailable(self):
        with KacheClient(self.system.server.address) as client:
            for redis in self.system.redis:
                redis.kill()
            try:
                wait_until(lambda: self.system.server.nodes_up() == 0, "all nodes DOWN")
                self.assert_code(Code.UNAVAILABLE, lambda: client.get(b"k"))
                self.assert_code(Code.UNAVAILABLE, lambda: client.put(b"k", b"v"))
                pb = client.pb
                batch = client.stub.BatchGet(pb.BatchGetRequest(keys=[b"k"]), timeout=5)
                self.assertEqual(batch.results[0].error.code, Code.UNAVAILABLE.value[0])
                self.assertEqual([n.state for n in client.status().nodes], [pb.NODE_STATE_DOWN] * 2)
            finally:
                for redis in self.system.redis:
                    redis.start()
                self.system.server.wait_up()


if __name__ == "__main__":
    unittest.main()
