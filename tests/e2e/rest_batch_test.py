"""POST /api/v1/keys:batchGet, :batchPut and :batchDelete."""

import base64
import json
import unittest

from harness.case import SystemCase


class BatchTest(SystemCase):
    def test_put_get_delete_in_request_order(self):
        keys = [self.key(str(i)) for i in range(5)]
        entries = [{"key": key, "value": f"value {key}", "ttl": 60 * i}
                   for i, key in enumerate(keys)]
        put = self.rest.post("batchPut", {"entries": entries})
        self.assertEqual(put.status, 200, put.body)
        self.assertEqual([result["key"] for result in put.json()["results"]], keys)
        for result in put.json()["results"]:
            self.assertGreaterEqual(result["acknowledged"], 1)
            self.assertNotIn("error", result)

        asked = list(reversed(keys)) + [self.key("missing"), keys[0]]
        got = self.rest.post("batchGet", {"keys": asked}).json()["results"]
        self.assertEqual([result["key"] for result in got], asked)
        self.assertEqual([result["found"] for result in got], [True] * 5 + [False, True])
        self.assertEqual(got[0]["value"], f"value {keys[4]}")
        self.assertIn(got[0]["ttl"], (239, 240))
        self.assertEqual(got[4]["ttl"], 0)
        self.assertEqual(got[0]["version"], put.json()["results"][4]["version"])

        deleted = self.rest.post("batchDelete", {"keys": keys[:2] + [self.key("missing")]})
        self.assertEqual(deleted.status, 200, deleted.body)
        self.assertEqual(len(deleted.json()["results"]), 3)
        got = self.rest.post("batchGet", {"keys": keys}).json()["results"]
        self.assertEqual([result["found"] for result in got], [False, False, True, True, True])

    def test_empty_batches_are_answered_empty(self):
        for action, document in (("batchGet", {"keys": []}), ("batchDelete", {"keys": []}),
                                 ("batchPut", {"entries": []})):
            answer = self.rest.post(action, document)
            self.assertEqual((answer.status, answer.json()), (200, {"results": []}), action)

    def test_of_the_same_key_twice_the_last_wins(self):
        entries = [{"key": self.key(), "value": str(i)} for i in range(10)]
        self.assertEqual(self.rest.post("batchPut", {"entries": entries}).status, 200)
        self.assertEqual(self.rest.get(self.key()).json()["value"], "9")

    def test_binary_keys_and_values_as_base64(self):
        key, value = b"\x00\xff" + self.key().encode(), bytes(range(256))
        entry = {"key": base64.b64encode(key).decode(), "keyEncoding": "base64",
                 "value": base64.b64encode(value).decode(), "encoding": "base64"}
        put = self.rest.post("batchPut", {"entries": [entry]})
        self.assertEqual(put.status, 200, put.body)
        self.assertEqual(self.grpc.get(key).value, value)
        got = self.rest.post("batchGet", {"keys": [entry["key"]], "keyEncoding": "base64"}).json()
        self.assertEqual(got["results"][0]["value"], entry["value"])
        self.assertEqual(got["results"][0]["encoding"], "base64")
        self.rest.post("batchDelete", {"keys": [entry["key"]], "keyEncoding": "base64"})
        self.assertFalse(self.grpc.get(key).found)

    def test_encoding_asked_for_is_given_for_text_too(self):
        self.rest.put_json(self.key(), {"value": "text"})
        got = self.rest.post("batchGet", {"keys": [self.key()], "encoding": "base64"}).json()
        self.assertEqual(base64.b64decode(got["results"][0]["value"]), b"text")

    def test_one_bad_key_has_its_own_error(self):
        entries = [{"key": self.key("good"), "value": "v"}, {"key": "", "value": "v"},
                   {"key": "k" * 1025, "value": "v"},
                   {"key": self.key("large"), "value": "v" * (2**20 + 1)}]
        answer = self.rest.post("batchPut", {"entries": entries})
        self.assertEqual(answer.status, 200, answer.body[:300])
        results = answer.json()["results"]
        self.assertNotIn("error", results[0])
        for result in results[1:]:
            self.assertEqual(result["error"]["code"], "INVALID_ARGUMENT")
        self.assertTrue(self.grpc.get(self.key("good").encode()).found)
        self.assertFalse(self.grpc.get(self.key("large").encode()).found)
        got = self.rest.post("batchGet", {"keys": ["", self.key("good")]}).json()["results"]
        self.assertEqual(got[0]["error"]["code"], "INVALID_ARGUMENT")
        self.assertTrue(got[1]["found"])

    def test_thousand_keys(self):
        keys = [self.key(f"-{i:04}") for i in range(1000)]
        entries = [{"key": key, "value": key} for key in keys]
        put = self.rest.post("batchPut", {"entries": entries})
        self.assertEqual(put.status, 200, put.body[:300])
        got = self.rest.post("batchGet", {"keys": keys}).json()["results"]
        self.assertEqual([result["value"] for result in got], keys)

    def test_answer_over_one_message_is_gathered(self):
        # Eight values of 1 MiB are more than one answer of the server may hold.
        keys = [self.key(str(i)) for i in range(8)]
        for key in keys:
            self.assertEqual(self.rest.put_raw(key, key.encode().ljust(2**20, b".")).status, 200)
        answer = self.rest.post("batchGet", {"keys": keys})
        self.assertEqual(answer.status, 200, answer.body[:300])
        results = answer.json()["results"]
        for key, result in zip(keys, results):
            self.assertNotIn("error", result, key)
            self.assertEqual(len(result["value"]), 2**20)
            self.assertTrue(result["value"].startswith(key))


class BatchLimitsTest(SystemCase):
    def refuse(self, action, document, status, code):
        with self.assert_writes_nothing():
            answer = self.rest.post(action, document)
            self.assert_error(answer, status, code)

    def test_over_thousand_keys_is_400(self):
        keys = [f"k{i}" for i in range(1001)]
        self.refuse("batchGet", {"keys": keys}, 400, "BAD_JSON")
        self.refuse("batchDelete", {"keys": keys}, 400, "BAD_JSON")
        entries = [{"key": key, "value": "v"} for key in keys]
        self.refuse("batchPut", {"entries": entries}, 400, "BAD_JSON")

    def test_over_three_mebibytes_is_413(self):
        entries = [{"key": f"k{i}", "value": "v" * 2**20} for i in range(4)]
        self.refuse("batchPut", {"entries": entries}, 413, "BATCH_TOO_LARGE")

    def test_body_over_its_limit_is_413(self):
        # 6 x 3 MiB + 64 KiB is the most that a batch can need.
        document = json.dumps({"entries": []}) + " " * (6 * 3 * 2**20 + 65 * 1024)
        with self.assert_writes_nothing():
            with self.rest.raw() as raw:
                raw.send(b"POST /api/v1/keys:batchPut HTTP/1.1\r\nHost: h\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                         % len(document))
                self.assert_error(raw.read(), 413, "BODY_TOO_LARGE")

    def test_other_content_types_are_415(self):
        for content_type in ("text/plain", "application/octet-stream", ""):
            with self.assert_writes_nothing():
                body = '{"entries": [{"key": "k", "value": "v"}]}'
                answer = self.rest.request("POST", "/api/v1/keys:batchPut", body,
                                           {"Content-Type": content_type})
                self.assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")

    def test_wrong_documents_are_400(self):
        entry = {"key": "k", "value": "v"}
        for action, document in (
            ("batchGet", {}), ("batchGet", []), ("batchGet", {"keys": "k"}), ("batchGet", None),
            ("batchGet", {"keys": [1]}), ("batchGet", {"keys": [None]}),
            ("batchGet", {"keys": [["k"]]}), ("batchGet", {"keys": ["k"], "more": 1}),
            ("batchGet", {"keys": ["k"], "encoding": "hex"}),
            ("batchGet", {"keys": ["%%"], "keyEncoding": "base64"}),
            ("batchGet", {"entries": [entry]}), ("batchDelete", {"entries": [entry]}),
            ("batchDelete", {"keys": ["k"], "encoding": "base64"}), ("batchDelete", {"keys": {}}),
            ("batchPut", {"keys": ["k"]}), ("batchPut", {"entries": entry}),
            ("batchPut", {"entries": ["k"]}), ("batchPut", {"entries": [[entry]]}),
            ("batchPut", {"entries": [{"key": "k"}]}), ("batchPut", {"entries": [{"value": "v"}]}),
            ("batchPut", {"entries": [entry, {**entry, "ttl": -1}]}),
            ("batchPut", {"entries": [entry, {**entry, "ttl": 0.5}]}),
            ("batchPut", {"entries": [entry, {**entry, "ttl": "1"}]}),
            ("batchPut", {"entries": [entry, {**entry, "more": 1}]}),
            ("batchPut", {"entries": [entry], "more": 1}),
            ("batchPut", '{"entries": [{"key": "k", "value": "v", "value": "w"}]}'),
            ("batchPut", '{"entries": [{"key": "k", "value": "v"}], "entries": []}'),
            ("batchPut", '{"entries": [{"key": "k", "value": "v"}]'),
            ("batchPut", '{"entries": [{"key": "k", "value": "v"}]} {}'),
        ):
            with self.subTest(f"{action} {document}"), self.assert_writes_nothing():
                answer = self.rest.post(action, document)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertIn(answer.error_code, ("BAD_JSON", "BAD_TTL"))


if __name__ == "__main__":
    unittest.main()
