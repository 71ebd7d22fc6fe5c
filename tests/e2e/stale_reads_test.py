"""A read at ONE that is stale is counted, and no other one is."""

import time
import unittest

from harness import record
from harness.case import UNHURRIED, SystemCase
from harness.waiting import wait_until

# What a write takes to settle: WRITE_TIMEOUT_MS and MAX_CLOCK_SKEW_MS.
SETTLES = 0.5


class StaleReadsTest(SystemCase):
    SYSTEM = {"server_settings": {**UNHURRIED, "STALENESS_CHECK_ONE_IN": 1, "WRITE_TIMEOUT_MS": 300,
                                  "MAX_CLOCK_SKEW_MS": 200}}

    def counted(self, name):
        lines = self.system.server.metrics().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))

    def read(self, keys):
        """Reads each key once, alone and in a batch; how many of the reads were found to be stale."""
        compared = self.counted("kache_reads_compared_total")
        before = self.counted("kache_stale_reads_total")
        for key in keys:
            self.assertTrue(self.grpc.get(key.encode()).found)
        for result in self.rest.post("batchGet", {"keys": keys}).json()["results"]:
            self.assertTrue(result["found"])
        wait_until(lambda: self.counted("kache_reads_compared_total") == compared + 2 * len(keys),
                   "all reads are compared")
        return self.counted("kache_stale_reads_total") - before

    def test_counts_what_is_stale(self):
        keys = [self.key(i) for i in range(5)]
        for key in keys:
            self.assertEqual(self.rest.put_json(key, {"value": "old"}).status, 200)
        self.settled_digests()
        homes = [self.system.homes_of(key.encode())[0] for key in keys]
        old = [home.call("GET", record.DATA_PREFIX + key.encode())
               for home, key in zip(homes, keys)]
        for key in keys:
            self.assertEqual(self.rest.put_json(key, {"value": "new"}).status, 200)
        self.assertEqual(self.read(keys), 0)
        time.sleep(SETTLES)  # for the writes to be old enough
        self.assertEqual(self.read(keys), 0)
        for home, key, stored in zip(homes, keys, old):
            home.call("SET", record.DATA_PREFIX + key.encode(), stored)
        self.assertEqual(self.read(keys), 2 * len(keys))
        ages = self.counted("kache_stale_read_age_seconds_sum")
        self.assertGreater(ages, 2 * len(keys) * SETTLES)


if __name__ == "__main__":
    unittest.main()
