"""POST /api/v1/keys/{key}:lease: of many clients that miss a key, one fills it."""

import json
import threading
import time
import unittest

from harness.case import UNHURRIED, SystemCase
from harness.rest import key_path
from harness.waiting import wait_until


class LeaseTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def ask(self, key, **document):
        return self.rest.request("POST", key_path(key) + ":lease", json.dumps(document),
                                 {"Content-Type": "application/json"})

    def take_lease(self, key, **document):
        answer = self.ask(key, **document)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.json()["outcome"], "lease")
        return answer.json()["stamp"]

    def fill(self, key, stamp, value=b"filled", query=""):
        return self.rest.request("PUT", key_path(key) + query, value, {"Kache-Stamp": stamp})

    def test_a_value_is_a_hit(self):
        self.rest.put_json(self.key(), {"value": "v", "ttl": 60})
        answer = self.ask(self.key())
        self.assertEqual(answer.headers["cache-control"], "no-store")
        hit = answer.json()
        self.assertEqual((hit["outcome"], hit["value"]), ("hit", "v"))
        self.assertTrue(50 < hit["ttl"] <= 60)
        self.assertIn("version", hit)
        self.assertNotIn("stamp", hit)

    def test_one_fills_and_the_others_hear_of_it(self):
        stamp = self.take_lease(self.key())
        other = self.ask(self.key()).json()
        self.assertEqual(other["outcome"], "wait")
        self.assertGreater(other["leaseMs"], 5000)
        heard = []

        def wait():
            until = time.monotonic() + 30
            while time.monotonic() < until:
                answer = self.ask(self.key(), waitMs=200).json()
                if answer["outcome"] == "hit":
                    heard.append(answer["value"])
                    return

        waiting = [threading.Thread(target=wait) for _ in range(8)]
        for thread in waiting:
            thread.start()
        self.assertEqual(self.fill(self.key(), stamp, query="?ttl=60").status, 200)
        for thread in waiting:
            thread.join()
        self.assertEqual(heard, ["filled"] * 8)

    def test_what_came_meanwhile_wins(self):
        for name, write in (("put", lambda key: self.rest.put_raw(key, b"newer")),
                            ("delete", self.rest.delete)):
            key = self.key(name)
            stamp = self.take_lease(key)
            self.assertEqual(write(key).status, 200)
            self.assert_error(self.fill(key, stamp), 409, "SUPERSEDED")
        self.assertEqual(self.rest.get(self.key("put")).json()["value"], "newer")
        self.assertEqual(self.rest.get(self.key("delete")).status, 404)

    def test_a_value_that_expired_meanwhile_wins(self):
        stamp = self.take_lease(self.key(), leaseMs=60_000)
        self.rest.put_json(self.key(), {"value": "newer", "ttlMs": 50})
        wait_until(lambda: self.rest.get(self.key()).status == 404, "the value has ended")
        self.assert_error(self.fill(self.key(), stamp), 409, "SUPERSEDED")
        self.assertEqual(self.rest.get(self.key()).status, 404)
        self.assertEqual(self.fill(self.key(), self.take_lease(self.key())).status, 200)

    def test_a_fill_may_be_sent_twice(self):
        stamp = self.take_lease(self.key()) + f";made-at={int(time.time() * 1000)}"
        first = self.fill(self.key(), stamp).json()
        self.assertEqual(self.fill(self.key(), stamp).json()["version"], first["version"])

    def test_bad_requests_take_no_lease(self):
        for document in ({"leaseMs": 0}, {"leaseMs": 3_600_001}, {"waitMs": -1}, {"ttl": 1},
                         {"leaseMs": "1"}, {"waitMs": None}):
            with self.subTest(str(document)):
                self.assertEqual(self.ask(self.key(), **document).status, 400)
        for content_type in ("text/plain", "application/x-www-form-urlencoded"):
            answer = self.rest.request("POST", key_path(self.key()) + ":lease", b"{}",
                                       {"Content-Type": content_type})
            self.assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
        self.take_lease(self.key())


if __name__ == "__main__":
    unittest.main()
