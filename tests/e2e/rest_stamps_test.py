"""Writes that carry a stamp (Kache-Stamp): the second attempt changes nothing, however late it comes."""

import secrets
import time
import unittest

from harness.case import SystemCase
from harness.rest import key_path

CLOCK = secrets.randbelow(2**48 - 1) + 1


def stamp_of(milliseconds, counter=0, clock=CLOCK):
    return f"{milliseconds << 16 | counter:016x}-{clock:012x}"


def now_ms():
    return time.time_ns() // 1_000_000


class BadStampsTest(SystemCase):
    SYSTEM = {"redis": 1}

    def test_malformed_stamps_are_400_show_the_form_and_write_nothing(self):
        good = stamp_of(now_ms())
        for stamp in ("", "1", good[:-1], good + "0000", good.replace("-", "_"), f'"{good}"',
                      good[:17] + "0" * 12, good + ";", good + ";made-at=0", good + ";made-at=1.5",
                      good + ";made-at=-1", good + ";above=1", good + ";more=1",
                      good + ";made-at=1;made-at=1", f"{good}, {good}"):
            for method, body in (("PUT", b"v"), ("DELETE", None)):
                with self.subTest(f"{method} {stamp}"), self.assert_writes_nothing():
                    answer = self.rest.request(method, key_path("k"), body, {"Kache-Stamp": stamp})
                    self.assert_error(answer, 400, "BAD_STAMP")
                    self.assertIn("<16 hexadecimal digits>-<12", answer.json()["error"]["message"])

    def test_batches_take_them_in_the_body_alone(self):
        good = stamp_of(now_ms())
        for action, document, headers in (
            ("batchPut", {"entries": [{"key": "k", "value": "v"}]}, {"kache_stamp": good}),
            ("batchDelete", {"keys": ["k"]}, {"kache_stamp": good}),
            ("batchPut", {"entries": [{"key": "k", "value": "v", "stamp": "1"}]}, {}),
            ("batchPut", {"entries": [{"key": "k", "value": "v", "stamp": None}]}, {}),
            ("batchPut", {"entries": [{"key": "k", "value": "v", "stamp": good},
                                      {"key": "k", "value": "w"}]}, {}),
            ("batchDelete", {"keys": ["k", "l"], "stamps": [good]}, {}),
            ("batchDelete", {"keys": ["k", "k"], "stamps": [good, good]}, {}),
            ("batchDelete", {"keys": ["k"], "stamps": good}, {}),
        ):
            with self.subTest(f"{action} {document}"), self.assert_writes_nothing():
                answer = self.rest.post(action, document, **headers)
                self.assert_error(answer, 400, "BAD_STAMP")

    def test_stamps_that_are_well_formed_are_taken(self):
        above = "0000000000000001-0000000000000001"
        for suffix in ("", f";made-at={now_ms()}", f" ; above={above} ; made-at={now_ms()}"):
            stamp = stamp_of(now_ms()) + suffix
            put = self.rest.put_raw(self.key(suffix), b"v", kache_stamp=stamp)
            self.assertEqual(put.status, 200, put.body)


class StampedWritesTest(SystemCase):
    def now(self):
        """Cluster time, as an answer tells it."""
        return int(self.rest.put_raw("clock", b"").headers["kache-cluster-time"])

    def put(self, value, stamp, **headers):
        return self.rest.put_json(self.key(), {"value": value}, kache_stamp=stamp, **headers)

    def value(self):
        answer = self.rest.get(self.key())
        return answer.json()["value"] if answer.status == 200 else None

    def test_the_version_is_the_stamp_and_a_hash_of_the_content(self):
        stamp = stamp_of(self.now())
        put = self.put("v", stamp)
        self.assertEqual(put.json()["version"][:29], stamp)
        self.assertEqual(self.put("v", stamp).json()["version"], put.json()["version"])

    def test_an_attempt_that_comes_late_undoes_nothing(self):
        now = self.now()
        first = stamp_of(now)
        self.assertEqual(self.put("v1", first).status, 200)
        newer = self.put("v2", stamp_of(now, 1))
        late = self.put("v1", first)
        self.assert_error(late, 409, "SUPERSEDED")
        self.assertEqual(late.json()["error"]["held"], newer.json()["version"])
        self.assertEqual(late.headers["kache-held"], newer.json()["version"])
        self.assertIn(late.json()["error"]["allHeard"], (True, False))
        self.assertEqual(self.value(), "v2")

        erased = self.rest.delete(self.key(), kache_stamp=stamp_of(now, 2))
        self.assertEqual(erased.status, 200)
        self.assert_error(self.put("v1", first), 409, "SUPERSEDED")
        self.assertIsNone(self.value())

    def test_a_stamp_put_above_what_is_held_wins(self):
        now = self.now()
        self.put("theirs", stamp_of(now, 5, CLOCK ^ 1))
        lost = self.put("mine", stamp_of(now))
        held = lost.headers["kache-held"]
        above = f"{int(held[:16], 16) + 1:016x}-{CLOCK:012x};made-at={now};above={held}"
        self.assertEqual(self.put("mine", above).status, 200)
        self.assertEqual(self.value(), "mine")

    def test_a_stamp_out_of_range_is_400_and_tells_cluster_time(self):
        now = self.now()
        for milliseconds in (1, now - 24 * 3600_000, now + 3600_000):
            with self.assert_writes_nothing():
                answer = self.put("v", stamp_of(milliseconds))
                self.assert_error(answer, 400, "STAMP_OUT_OF_RANGE")
                self.assertLess(abs(answer.json()["error"]["clusterTime"] - now), 60_000)
                self.assertEqual(answer.headers["kache-cluster-time"],
                                 str(answer.json()["error"]["clusterTime"]))

    def test_a_life_runs_from_the_instant_that_the_stamp_names(self):
        made_at = self.now() - 2000
        put = self.rest.put_json(self.key(), {"value": "v", "ttl": 60},
                                 kache_stamp=f"{stamp_of(self.now())};made-at={made_at}")
        self.assertLess(abs(put.json()["expiresAt"] - made_at - 60_000), 100)

    def test_batches(self):
        now = self.now()
        keys = [self.key(str(i)) for i in range(2)]
        stamps = [stamp_of(now, i) for i in range(2)]
        entries = [{"key": key, "value": "v", "stamp": stamp} for key, stamp in zip(keys, stamps)]
        put = self.rest.post("batchPut", {"entries": entries})
        self.assertEqual([result["version"][:29] for result in put.json()["results"]], stamps)
        self.assertIn("kache-cluster-time", put.headers)
        self.assertEqual(self.rest.put_raw(keys[1], b"newer").status, 200)
        erased = self.rest.post("batchDelete", {"keys": keys, "stamps": [
            stamp_of(now, 2), stamps[1]]}).json()["results"]
        self.assertEqual(erased[0]["version"][:29], stamp_of(now, 2))
        self.assertEqual(erased[1]["error"]["code"], "SUPERSEDED")
        self.assertEqual(self.rest.get(keys[1]).json()["value"], "newer")


if __name__ == "__main__":
    unittest.main()
