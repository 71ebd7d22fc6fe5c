"""POST /api/v1/keys/{key}:touch: another life for a value, without the value."""

import json
import secrets
import time
import unittest

from harness.case import UNHURRIED, SystemCase
from harness.rest import key_path
from harness.waiting import wait_until

CLOCK = secrets.randbelow(2**48 - 1) + 1


class TouchTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def touch(self, key, document, query="", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.rest.request("POST", key_path(key) + ":touch" + query, json.dumps(document),
                                 {"Content-Type": "application/json", **headers})

    def life_left(self, key):
        """In seconds; 0 = it does not expire, None = it is not there."""
        answer = self.rest.get(key)
        return answer.json()["ttl"] if answer.status == 200 else None

    def test_prolongs_shortens_and_makes_endless(self):
        put = self.rest.put_json(self.key(), {"value": "v", "ttl": 60}).json()
        for document, low, high in (({"ttl": 3600}, 3590, 3600), ({"ttlMs": 30_500}, 25, 31),
                                    ({"ttl": 0}, 0, 0), ({"ttlMs": 90_000}, 80, 90)):
            answer = self.touch(self.key(), document)
            self.assertEqual(answer.status, 200, answer.body)
            receipt = answer.json()
            self.assertEqual(receipt["key"], self.key())
            self.assertGreater(receipt["version"], put["version"])
            self.assertIn("kache-cluster-time", answer.headers)
            got = self.rest.get(self.key()).json()
            self.assertEqual(got["value"], "v")
            self.assertEqual(got["version"], receipt["version"])
            self.assertEqual(got["expiresAt"], receipt["expiresAt"])
            self.assertTrue(low <= got["ttl"] <= high, f"{document}: {got['ttl']}")

    def test_a_key_that_is_not_there_is_404(self):
        self.assert_error(self.touch(self.key("never"), {"ttl": 60}), 404, "KEY_NOT_FOUND")
        self.rest.put_json(self.key(), {"value": "v"})
        self.rest.delete(self.key())
        for query in ("", "?consistency=quorum", "?consistency=all"):
            self.assert_error(self.touch(self.key(), {"ttl": 60}, query), 404, "KEY_NOT_FOUND")
        self.assertIsNone(self.life_left(self.key()))

    def test_an_ended_life_does_not_return(self):
        self.rest.put_json(self.key(), {"value": "v"})
        self.assertEqual(self.touch(self.key(), {"ttlMs": 50}).status, 200)
        wait_until(lambda: self.life_left(self.key()) is None, "the value has ended")
        for query in ("", "?consistency=quorum", "?consistency=all"):
            self.assert_error(self.touch(self.key(), {"ttl": 60}, query), 404, "KEY_NOT_FOUND")

    def test_levels(self):
        self.rest.put_json(self.key(), {"value": "v"})
        for level, least in (("one", 1), ("quorum", 2), ("all", 3)):
            answer = self.touch(self.key(), {"ttl": 60}, f"?consistency={level}")
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.json()["required"], least)
            self.assertGreaterEqual(answer.json()["acknowledged"], least)

    def test_bad_requests_change_nothing(self):
        self.rest.put_json(self.key(), {"value": "v"})
        for document in ({}, {"ttl": -1}, {"ttl": 1.5}, {"ttl": "1"}, {"ttl": None}, {"ttlMs": True},
                         {"ttl": 1, "ttlMs": 1000}, {"ttl": 1, "value": "w"}, [], "ttl"):
            with self.subTest(str(document)):
                self.assertEqual(self.touch(self.key(), document).status, 400)
        # A page of a stranger may send these without asking first.
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = self.rest.request("POST", key_path(self.key()) + ":touch", b'{"ttl": 1}',
                                       {"Content-Type": content_type})
            self.assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
        self.assertEqual(self.rest.request("POST", key_path(self.key()) + "%3Atouch", b'{"ttl": 1}',
                                           {"Content-Type": "application/json"}).status, 405)
        self.assertEqual(self.life_left(self.key()), 0)

    def test_keys_may_end_like_the_path(self):
        key = self.key() + ":touch"
        self.rest.put_json(key, {"value": "v"})
        self.assertEqual(self.touch(key, {"ttl": 60}).json()["key"], key)
        self.assertGreater(self.life_left(key), 0)

    def test_a_late_attempt_undoes_no_later_touch(self):
        now = int(self.rest.put_raw(self.key(), b"v").headers["kache-cluster-time"])
        early, later = (f"{now + ahead << 16:016x}-{CLOCK:012x}" for ahead in (5, 10))
        self.assertEqual(self.touch(self.key(), {"ttl": 60}, Kache_Stamp=early).status, 200)
        self.assertEqual(self.touch(self.key(), {"ttl": 60}, Kache_Stamp=early).status, 200)
        self.assertEqual(self.touch(self.key(), {"ttl": 3600}, Kache_Stamp=later).status, 200)
        self.assert_error(self.touch(self.key(), {"ttl": 60}, Kache_Stamp=early), 409, "SUPERSEDED")
        self.assertGreater(self.life_left(self.key()), 3000)

    def test_each_replica_ends_then(self):
        self.rest.put_json(self.key(), {"value": "v", "ttl": 1})
        self.touch(self.key(), {"ttlMs": 2500}, "?consistency=all")
        time.sleep(1.5)  # the life that it had is over
        self.assertIsNotNone(self.life_left(self.key()))
        wait_until(lambda: self.life_left(self.key()) is None, "the value has ended")


if __name__ == "__main__":
    unittest.main()
