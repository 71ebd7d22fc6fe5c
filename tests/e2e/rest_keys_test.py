"""PUT, GET, HEAD and DELETE of single keys through REST."""

import base64
import time
import unittest

from harness import record
from harness.case import UNHURRIED, SystemCase
from harness.rest import key_path
from harness.waiting import wait_until

VERSION = r"^[0-9a-f]{16}-[0-9a-f]{16}$"
EVERY_BYTE = bytes(range(256))
# Of cluster time against the clock of this machine.
CLOCK_SLACK_MS = 50


class PutAndGetTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def test_json_value_is_read_back(self):
        put = self.rest.put_json(self.key(), {"value": "hello, \u00e4\u4e16\U0001f600", "ttl": 60})
        self.assertEqual(put.status, 200, put.body)
        receipt = put.json()
        self.assertEqual(receipt["key"], self.key())
        self.assertRegex(receipt["version"], VERSION)
        self.assertGreaterEqual(receipt["acknowledged"], 1)
        self.assertEqual(receipt["required"], 1)
        self.assertIs(receipt["degraded"], False)
        now_ms = time.time() * 1000
        self.assertTrue(now_ms + 50_000 < receipt["expiresAt"] <= now_ms + 60_500)

        got = self.rest.get(self.key())
        self.assertEqual(got.status, 200, got.body)
        self.assertEqual(got.headers["content-type"], "application/json")
        document = got.json()
        self.assertEqual(document["key"], self.key())
        self.assertEqual(document["value"], "hello, \u00e4\u4e16\U0001f600")
        self.assertIn(document["ttl"], (59, 60))
        self.assertEqual(document["version"], receipt["version"])
        self.assertEqual(document["expiresAt"], receipt["expiresAt"])
        self.assertNotIn("encoding", document)

    def test_no_ttl_means_no_expiry(self):
        for name, document in (("absent", {"value": "v"}), ("zero", {"value": "v", "ttl": 0})):
            put = self.rest.put_json(self.key(name), document)
            self.assertEqual(put.json()["expiresAt"], 0, name)
            self.assertEqual(self.rest.get(self.key(name)).json()["ttl"], 0, name)

    def test_raw_body_is_the_value(self):
        for value in (b"", b"x", EVERY_BYTE, EVERY_BYTE * 4096):
            put = self.rest.put_raw(self.key(), value)
            self.assertEqual(put.status, 200, put.body[:200])
            got = self.rest.get(self.key(), accept="application/octet-stream")
            self.assertEqual(got.status, 200)
            self.assertEqual(got.headers["content-type"], "application/octet-stream")
            self.assertEqual(got.headers["content-length"], str(len(value)))
            self.assertEqual(got.body, value)

    def test_raw_body_with_ttl_in_the_query(self):
        self.assertEqual(self.rest.put_raw(self.key(), b"v", "?ttl=100").status, 200)
        self.assertIn(self.rest.get(self.key()).json()["ttl"], (99, 100))

    def test_a_life_in_milliseconds(self):
        for put in (lambda: self.rest.put_json(self.key(), {"value": "v", "ttlMs": 400}),
                    lambda: self.rest.put_raw(self.key(), b"v", "?ttlMs=400")):
            began = time.time()
            receipt = put().json()
            self.assertGreaterEqual(receipt["expiresAt"], 1000 * began + 400 - CLOCK_SLACK_MS)
            self.assertLessEqual(receipt["expiresAt"], 1000 * time.time() + 400 + CLOCK_SLACK_MS)
            wait_until(lambda: self.rest.get(self.key()).status == 404, "the life ends")
            self.assertGreaterEqual(time.time() - began, 0.4 - CLOCK_SLACK_MS / 1000)

    def test_any_other_content_type_is_raw(self):
        types = ("text/plain", "application/x-www-form-urlencoded", "application/jsonp",
                 "application/json-patch+json", "nonsense", None)
        for content_type in types:
            headers = {"Content-Type": content_type} if content_type else {}
            put = self.rest.request("PUT", key_path(self.key()), b'{"value": 1}', headers)
            self.assertEqual(put.status, 200, content_type)
            self.assertEqual(self.rest.get(self.key()).json()["value"], '{"value": 1}')

    def test_json_content_type_in_its_forms(self):
        for content_type in ("application/json", "Application/JSON", "application/json;charset=utf-8",
                             'application/json; charset="UTF-8"', "application/json ; foo=bar"):
            put = self.rest.put_json(self.key(), {"value": content_type}, content_type=content_type)
            self.assertEqual(put.status, 200, put.body)
            self.assertEqual(self.rest.get(self.key()).json()["value"], content_type)

    def test_value_that_is_not_utf8_comes_as_base64(self):
        self.rest.put_raw(self.key(), EVERY_BYTE)
        document = self.rest.get(self.key()).json()
        self.assertEqual(document["encoding"], "base64")
        self.assertEqual(base64.b64decode(document["value"]), EVERY_BYTE)

    def test_put_takes_base64(self):
        encoded = base64.b64encode(EVERY_BYTE).decode()
        put = self.rest.put_json(self.key(), {"value": encoded, "encoding": "base64"})
        self.assertEqual(put.status, 200, put.body)
        got = self.rest.get(self.key(), accept="application/octet-stream")
        self.assertEqual(got.body, EVERY_BYTE)

    def test_accept_chooses_the_form(self):
        self.rest.put_raw(self.key(), b"plain")
        json_type, raw_type = "application/json", "application/octet-stream"
        for accept, expected in (
            ("*/*", json_type), (raw_type, raw_type), ("application/*", json_type),
            (f"{raw_type};q=0.5, {json_type};q=0.4", raw_type), ("text/html", json_type),
            (f"{raw_type};q=0, */*", json_type), (f"{raw_type};q=0.5, {json_type}", json_type),
        ):
            got = self.rest.get(self.key(), accept=accept)
            self.assertEqual((got.status, got.headers["content-type"]), (200, expected), accept)

    def test_all_copies_are_written_with_one_version(self):
        receipt = self.rest.put_json(self.key(), {"value": "copies"}).json()
        key = self.key().encode()
        place = self.grpc.locate(key)
        homes = self.system.homes_of(key)
        self.assertEqual(len(homes), 3)
        wait_until(lambda: all(record.read(redis, key) for redis in homes), "three copies")
        for redis in homes:
            copy = record.read(redis, key)
            self.assertEqual(copy.value, b"copies")
            self.assertEqual(f"{copy.timestamp:016x}-{copy.clock:016x}", receipt["version"])
        away = self.system.redis_of(place.replicas[3].node_id)
        self.assertIsNone(record.read(away, key))

    def test_last_write_wins(self):
        versions = []
        for value in ("one", "two", "three"):
            versions.append(self.rest.put_json(self.key(), {"value": value}).json()["version"])
        self.assertEqual(versions, sorted(set(versions)))
        self.assertEqual(self.rest.get(self.key()).json()["value"], "three")


class KeysTest(SystemCase):
    def test_any_bytes_are_a_key(self):
        for key in (b"\x00", b"a\x00b", b"\xff\xfe", b"a/b", b"/", b"..", b".", b"a%2Fb", b"a?b#c",
                    b" ", b"+", b"a:batchGet", b"\xed\xa0\x80", b"\xc0\xaf", b"k" * 1024, EVERY_BYTE,
                    "\u00e4\u4e16".encode(), b"{key}", b"\r\n", b'"\\'):
            put = self.rest.put_raw(key, b"value of " + key)
            self.assertEqual(put.status, 200, (key, put.body[:200]))
            got = self.rest.get(key, accept="application/octet-stream")
            self.assertEqual(got.body, b"value of " + key, key)
            self.assertEqual(self.grpc.get(key).value, b"value of " + key, key)

    def test_keys_that_look_alike_are_different(self):
        alike = [b"a/b", b"a%2Fb", b"a%252Fb", b"a b", b"a+b", b"A/b", b"a/b/", b"a//b", b"a/./b"]
        for key in alike:
            self.assertEqual(self.rest.put_raw(key, key).status, 200)
        for key in alike:
            got = self.rest.get(key, accept="application/octet-stream")
            self.assertEqual(got.body, key)

    def test_percent_decoding_is_once_and_in_any_case(self):
        self.rest.put_raw(b"a/\xe4", b"v")
        for spelled in ("a%2F%E4", "a%2f%e4", "%61%2f%e4"):
            got = self.rest.request("GET", "/api/v1/keys/" + spelled)
            self.assertEqual(got.status, 200, spelled)
        self.assertEqual(self.rest.request("GET", "/api/v1/keys/a%252F%25E4").status, 404)

    def test_every_spelling_of_a_path_reaches_the_key(self):
        key = self.key()
        self.assertEqual(self.rest.put_raw(key, b"v").status, 200)
        everywhere = "".join(f"%{ord(letter):02x}" for letter in key)
        for target in (f"/api/v1/%6Beys/{key}", f"/%61pi/%76%31/keys/{everywhere}",
                       f"/api/v1/keys/{key}?", f"/api/v1/keys/{key}?&",
                       f"/api/v1/keys/{key}?consistency=one&",
                       f"/api/v1/keys/{key}?&&consistency=one", f"/api/v1/keys/{key}?consisten%63y=one"):
            answer = self.rest.request("GET", target)
            self.assertEqual(answer.status, 200, target)
            self.assertEqual(answer.json()["value"], "v")
        answer = self.rest.request("POST", "/api/v1/keys%3AbatchGet", '{"keys": ["%s"]}' % key,
                                   {"Content-Type": "application/json"})
        self.assertEqual(answer.json()["results"][0]["value"], "v")
        for target in ("/%73tatus", "/%70ing?&", "/api/v1/%6Cocate/k", "/assets/%70age.css"):
            self.assertEqual(self.rest.request("GET", target).status, 200, target)

    def test_an_encoded_slash_stays_inside_the_key(self):
        self.assertEqual(self.rest.put_raw("a/b", b"slash").status, 200)
        self.assertEqual(self.grpc.get(b"a/b").value, b"slash")
        for target in ("/api/v1%2Fkeys/a", "/api/v1/keys%2Fa", "/api/v1/keys/a/b"):
            self.assertEqual(self.rest.request("GET", target).status, 404, target)

    def test_dots_are_keys(self):
        for key, targets in ((".", (".", "%2E")), ("..", ("..", "%2E%2E", "%2e.", ".%2e"))):
            self.assertEqual(self.rest.post(
                "batchPut", {"entries": [{"key": key, "value": f"is {key}"}]}).status, 200)
            for target in targets:
                got = self.rest.request("GET", f"/api/v1/keys/{target}")
                self.assertEqual((got.status, got.json()["key"]), (200, key), target)
                self.assertEqual(got.json()["value"], f"is {key}")

    def test_plus_is_a_plus(self):
        self.rest.request("PUT", "/api/v1/keys/plus+sign", b"v")
        self.assertTrue(self.grpc.get(b"plus+sign").found)
        self.assertFalse(self.grpc.get(b"plus sign").found)

    def test_key_that_is_not_utf8_is_shown_as_base64(self):
        document = self.rest.put_raw(b"\xff\x00", b"v").json()
        self.assertEqual(base64.b64decode(document["key"]), b"\xff\x00")
        self.assertEqual(document["keyEncoding"], "base64")


class MissAndDeleteTest(SystemCase):
    def test_missing_key_is_404(self):
        got = self.rest.get(self.key())
        self.assert_error(got, 404, "KEY_NOT_FOUND")
        self.assertNotIn(self.key(), got.json()["error"]["message"])
        raw = self.rest.get(self.key(), accept="application/octet-stream")
        self.assert_error(raw, 404, "KEY_NOT_FOUND")

    def test_delete_removes_and_tells(self):
        written = self.rest.put_json(self.key(), {"value": "v"}).json()
        deleted = self.rest.delete(self.key())
        self.assertEqual(deleted.status, 200, deleted.body)
        self.assertGreater(deleted.json()["version"], written["version"])
        self.assert_error(self.rest.get(self.key()), 404, "KEY_NOT_FOUND")

    def test_deleting_what_is_not_there_succeeds(self):
        for _ in range(2):
            self.assertEqual(self.rest.delete(self.key()).status, 200)

    def test_delete_leaves_a_tombstone_everywhere(self):
        key = self.key().encode()
        self.rest.put_json(self.key(), {"value": "v"})
        self.rest.delete(self.key())
        for redis in self.system.homes_of(key):
            wait_until(lambda: record.read(redis, key).tombstone, "a tombstone")
            ttl = redis.call("PTTL", record.DATA_PREFIX + key)
            self.assertTrue(3_590_000 < ttl <= 3_600_000, ttl)

    def test_write_after_delete_is_read(self):
        self.rest.delete(self.key())
        self.rest.put_json(self.key(), {"value": "back"})
        self.assertEqual(self.rest.get(self.key()).json()["value"], "back")

    def test_head_is_get_without_a_body(self):
        self.rest.put_raw(self.key(), b"12345")
        got = self.rest.get(self.key())
        head = self.rest.head(self.key())
        self.assertEqual(head.status, 200)
        self.assertEqual(head.body, b"")
        for name in ("content-type", "content-length", "etag", "kache-version", "cache-control"):
            self.assertEqual(head.headers[name], got.headers[name], name)
        self.assertEqual(self.rest.head(self.key("missing")).status, 404)

    def test_head_keeps_the_connection_in_step(self):
        self.rest.put_raw(self.key(), b"12345")
        target = key_path(self.key()).encode()
        with self.rest.raw() as raw:
            raw.send(b"HEAD %b HTTP/1.1\r\nHost: h\r\n\r\nGET %b HTTP/1.1\r\nHost: h\r\n\r\n"
                     % (target, target))
            self.assertEqual(raw.read(to_head=True).status, 200)
            self.assertEqual(raw.read().json()["value"], "12345")

    def test_expired_key_is_a_miss_and_ttl_counts_down(self):
        self.rest.put_json(self.key(), {"value": "v", "ttl": 5})
        self.assertIn(self.rest.get(self.key()).json()["ttl"], range(1, 6))
        wait_until(lambda: self.rest.get(self.key()).json().get("ttl", 0) < 4,
                   "the ttl counts down")
        wait_until(lambda: self.rest.get(self.key()).status == 404, "expiry")


if __name__ == "__main__":
    unittest.main()
