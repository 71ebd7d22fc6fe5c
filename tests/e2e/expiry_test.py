"""Expiry: on time, never early, and the same instant on every replica."""

import time
import unittest

from harness import record
from harness.case import SystemCase
from harness.waiting import wait_until


class ExpiryTest(SystemCase):
    def homes(self, key):
        return self.system.homes_of(key)

    def expiry_times(self, key):
        return [redis.call("PEXPIRETIME", record.DATA_PREFIX + key) for redis in self.homes(key)]

    def test_ttl_of_two_seconds_lives_two_seconds(self):
        """Give or take 0.1 s: cluster time is known to within half a round trip."""
        keys = [f"ttl-{i}" for i in range(20)]
        written = {}
        for key in keys:
            begin = time.time()
            put = self.rest.put_json(key, {"value": "v", "ttl": 2})
            self.assertEqual(put.status, 200)
            written[key] = (begin, time.time())
        gone = {}
        while len(gone) < len(keys):
            for key in keys:
                if key in gone:
                    continue
                asked = time.time()
                status = self.rest.get(key).status
                if status == 404:
                    self.assertGreaterEqual(time.time(), written[key][0] + 1.9, "too early")
                    gone[key] = asked
                else:
                    self.assertEqual(status, 200)
                    self.assertLess(asked, written[key][1] + 2.1, "still there")

    def test_without_a_ttl_it_stays(self):
        self.rest.put_json("absent", {"value": "v"})
        self.rest.put_json("zero", {"value": "v", "ttl": 0})
        self.rest.put_raw("query", b"v", "?ttl=0")
        self.grpc.put(b"grpc", b"v", ttl_ms=0)
        keys = (b"absent", b"zero", b"query", b"grpc")
        wait_until(lambda: all(self.expiry_times(key) == [-1] * 3 for key in keys), "no expiry")
        time.sleep(3)
        for key in keys:
            self.assertTrue(self.grpc.get(key).found, key)

    def test_all_replicas_expire_in_the_same_millisecond(self):
        for i in range(20):
            key = b"same-%d" % i
            receipt = self.grpc.put(key, b"v", ttl_ms=60_000 + i).receipt
            expected = [receipt.expires_at_unix_ms] * 3
            wait_until(lambda: self.expiry_times(key) == expected, "one instant")
            for redis in self.homes(key):
                self.assertEqual(record.read(redis, key).expires_at_ms, expected[0])

    def test_longest_ttl(self):
        century = 100 * 365 * 24 * 3600
        put = self.rest.put_json("century", {"value": "v", "ttl": century})
        self.assertEqual(put.status, 200, put.body)
        self.assertIn(self.rest.get("century").json()["ttl"], (century - 1, century))

    def test_shorter_life_outlives_the_copy_that_it_replaced(self):
        # The record stays in Redis, so that it still beats a copy of the longer-lived value.
        self.rest.put_json("shorter", {"value": "old"})
        self.rest.put_json("shorter", {"value": "new", "ttl": 1})
        wait_until(lambda: self.rest.get("shorter").status == 404, "a miss")
        pb = self.grpc.pb
        for replica in self.grpc.locate(b"shorter").replicas[:3]:
            self.assertEqual(replica.content, pb.Replica.CONTENT_EXPIRED)
        self.rest.put_json("shorter", {"value": "again"})
        self.assertEqual(self.rest.get("shorter").json()["value"], "again")

    def test_longer_life_replaces_a_shorter_one(self):
        self.rest.put_json("longer", {"value": "old", "ttl": 1})
        self.rest.put_json("longer", {"value": "new", "ttl": 60})
        time.sleep(1.2)
        self.assertEqual(self.rest.get("longer").json()["value"], "new")

    def test_write_without_ttl_clears_it(self):
        self.rest.put_json("cleared", {"value": "old", "ttl": 1})
        self.rest.put_json("cleared", {"value": "new"})
        time.sleep(1.2)
        self.assertEqual(self.rest.get("cleared").json()["ttl"], 0)


if __name__ == "__main__":
    unittest.main()
