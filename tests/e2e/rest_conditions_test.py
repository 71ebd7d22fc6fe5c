"""ETags, conditional requests, caching, Kache-* headers, consistency levels, min_version."""

import unittest

from harness.case import UNHURRIED, SystemCase
from harness.rest import key_path


class EtagTest(SystemCase):
    def put(self, value="v"):
        return self.rest.put_json(self.key(), {"value": value}).json()["version"]

    def test_etag_is_the_version(self):
        version = self.put()
        got = self.rest.get(self.key())
        self.assertEqual(got.headers["etag"], f'W/"{version}"')
        newer = self.put("other")
        self.assertEqual(self.rest.get(self.key()).headers["etag"], f'W/"{newer}"')
        self.assertNotEqual(version, newer)

    def test_each_form_has_an_etag_of_its_own(self):
        # A browser that holds one form asks with its tag for the other (Vary: Accept).
        put = self.rest.put_raw(self.key(), b"v", "?ttl=60")
        version = put.json()["version"]
        raw = self.rest.get(self.key(), accept="application/octet-stream")
        self.assertEqual(raw.headers["etag"], f'"{version}-raw"')
        self.assertEqual(put.headers["etag"], raw.headers["etag"])
        document = self.rest.get(self.key())
        self.assertEqual(document.headers["etag"], f'W/"{version}"')
        for accept, own, other in (("*/*", document, raw), ("application/octet-stream", raw, document)):
            self.assertEqual(self.rest.get(
                self.key(), accept=accept, if_none_match=own.headers["etag"]).status, 304)
            got = self.rest.get(self.key(), accept=accept, if_none_match=other.headers["etag"])
            self.assertEqual(got.status, 200)
            self.assertEqual(got.headers["content-type"], own.headers["content-type"])

    def test_put_of_a_document_has_no_etag(self):
        # What a GET answers is another document than the one that was sent.
        self.assertNotIn("etag", self.rest.put_json(self.key(), {"value": "v"}).headers)
        self.assertNotIn("etag", self.rest.delete(self.key()).headers)

    def test_if_none_match_gives_304_without_a_body(self):
        etag = f'"{self.put()}"'
        for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            got = self.rest.get(self.key(), if_none_match=condition)
            self.assertEqual((got.status, got.body), (304, b""), condition)
            self.assertEqual(got.headers["etag"], f"W/{etag}")
            self.assertIn("cache-control", got.headers)
        self.assertEqual(self.rest.head(self.key(), if_none_match=etag).status, 304)

    def test_304_keeps_the_connection_in_step(self):
        etag = f'"{self.put()}"'.encode()
        target = key_path(self.key()).encode()
        with self.rest.raw() as raw:
            raw.send(b"GET %b HTTP/1.1\r\nHost: h\r\nIf-None-Match: %b\r\n\r\n" % (target, etag))
            raw.send(b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % target)
            self.assertEqual(raw.read().status, 304)
            self.assertEqual(raw.read().json()["value"], "v")

    def test_other_etag_gives_the_value(self):
        old = self.put()
        self.put("new")
        for condition in (f'"{old}"', '"nonsense"', old):
            got = self.rest.get(self.key(), if_none_match=condition)
            self.assertEqual(got.status, 200, condition)

    def test_missing_key_is_404_whatever_the_condition(self):
        for condition in ('"x"', "*"):
            self.assertEqual(self.rest.get(self.key(), if_none_match=condition).status, 404)


class RefusedConditionsTest(SystemCase):
    def test_conditions_that_cannot_be_kept_are_501_and_write_nothing(self):
        self.rest.put_json(self.key(), {"value": "before"})
        json_type = {"Content-Type": "application/json"}
        batch = '{"entries": [{"key": "k", "value": "v"}]}'
        for method, target, body, headers in (
            ("PUT", key_path(self.key()), '{"value": "x"}', {"If-Match": "*", **json_type}),
            ("PUT", key_path(self.key()), '{"value": "x"}', {"If-None-Match": "*", **json_type}),
            ("PUT", key_path(self.key()), "raw", {"If-Match": '"x"'}),
            ("DELETE", key_path(self.key()), None, {"If-Match": "*"}),
            ("DELETE", key_path(self.key()), None, {"If-None-Match": "*"}),
            ("GET", key_path(self.key()), None, {"If-Match": '"x"'}),
            ("POST", "/api/v1/keys:batchPut", batch, {"If-None-Match": "*", **json_type}),
        ):
            with self.subTest(f"{method} {headers}"), self.assert_writes_nothing():
                answer = self.rest.request(method, target, body, headers)
                self.assert_error(answer, 501, "UNIMPLEMENTED")
        self.assertEqual(self.rest.get(self.key()).json()["value"], "before")


class HeadersTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def test_receipt_comes_as_headers_too(self):
        put = self.rest.put_json(self.key(), {"value": "v", "ttl": 60})
        got = self.rest.get(self.key())
        for answer in (put, got):
            document = answer.json()
            self.assertEqual(answer.headers["kache-version"], document["version"])
            self.assertEqual(answer.headers["kache-acknowledged"], str(document["acknowledged"]))
            self.assertEqual(answer.headers["kache-required"], "1")
            self.assertEqual(answer.headers["kache-degraded"], "false")
            self.assertEqual(answer.headers["kache-expires-at"], str(document["expiresAt"]))
        # The Redis servers have no other names than their addresses.
        self.assertEqual(got.headers["kache-node"],
                         self.system.homes_of(self.key().encode())[0].url)
        self.assertNotIn("kache-node", put.headers)
        self.assertIn("kache-version", self.rest.delete(self.key()).headers)

    def test_cache_control_and_vary(self):
        self.rest.put_json(self.key(), {"value": "v"})
        got = self.rest.get(self.key())
        self.assertEqual(got.headers["cache-control"], "private, no-cache")
        self.assertEqual(got.headers["vary"].lower(), "accept")
        missing = self.rest.get(self.key("missing"))
        self.assertEqual(missing.headers["cache-control"], "private, no-cache")

    def test_no_answer_is_to_be_taken_for_another_type(self):
        put = self.rest.put_raw(self.key(), b"<script>alert(1)</script>")
        for answer in (put, self.rest.get(self.key()), self.rest.get(self.key("missing")),
                       self.rest.get(self.key(), accept="application/octet-stream"),
                       self.rest.post("batchGet", {"keys": [self.key()]}),
                       self.rest.request("GET", "/"), self.rest.request("GET", "/nowhere")):
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")

    def test_date_is_there(self):
        self.assertRegex(self.rest.get(self.key()).headers["date"], r"^\w{3}, \d\d \w{3} \d{4} .* GMT$")


class ConfiguredCacheControlTest(SystemCase):
    SYSTEM = {"redis": 1, "gateway_settings": {"CACHE_CONTROL": "public, max-age=5"}}

    def test_setting_is_followed(self):
        self.rest.put_json(self.key(), {"value": "v"})
        got = self.rest.get(self.key())
        self.assertEqual(got.headers["cache-control"], "public, max-age=5")


class ConsistencyTest(SystemCase):
    def test_one_is_served(self):
        put = self.rest.put_json(self.key(), {"value": "v"}, "?consistency=one")
        self.assertEqual(put.status, 200, put.body)
        self.assertEqual(self.rest.get(self.key(), "?consistency=one").status, 200)
        batch = self.rest.post("batchGet", {"keys": [self.key()]}, "?consistency=one")
        self.assertEqual(batch.status, 200)
        self.assertEqual(self.rest.delete(self.key(), "?consistency=one").status, 200)

    def test_levels_and_min_version(self):
        entry = {"key": self.key(), "value": "other"}
        for level in ("quorum", "all"):
            query = f"?consistency={level}"
            put = self.rest.put_json(self.key(), {"value": "v"}, query)
            self.assertEqual(put.status, 200, put.body)
            self.assertEqual(put.json()["acknowledged"] >= put.json()["required"], True)
            version = put.json()["version"]
            got = self.rest.get(self.key(), f"{query}&min_version={version}")
            self.assertEqual(got.json()["value"], "v")
            for send in (
                lambda: self.rest.put_raw(self.key(), b"other", query),
                lambda: self.rest.post("batchPut", {"entries": [entry]}, query),
                lambda: self.rest.post("batchGet", {"keys": [self.key()]}, query),
                lambda: self.rest.post("batchDelete", {"keys": [self.key()]}, query),
                lambda: self.rest.delete(self.key(), query),
            ):
                self.assertEqual(send().status, 200)

    def test_nothing_older_than_min_version(self):
        version = self.rest.put_json(self.key(), {"value": "v"}).json()["version"]
        newer = "f" * 15 + "0" + version[16:]
        answer = self.rest.get(self.key(), f"?min_version={newer}")
        self.assert_error(answer, 503, "ABORTED")

    def test_wrong_parameters_are_400_and_write_nothing(self):
        for query in ("?consistency=two", "?consistency=ONE", "?consistency=", "?consistency",
                      "?consistency=one&consistency=one", "?unknown=1", "?ttl=-1", "?ttl=1.5",
                      "?ttl=", "?ttl=1e3", "?ttl=%2B1", "?ttl=99999999999999999999", "?ttl=0x10",
                      "?ttl=3153600001", "?ttl=1&ttl=2", "?=1", "?ttl=%zz", "?TTL=1",
                      "?min_version=1", "?consistency=one%00"):
            with self.subTest(query), self.assert_writes_nothing():
                put = self.rest.put_raw(self.key(), b"v", query)
                self.assertEqual(put.status, 400, put.body)
                self.assertIn(put.error_code, ("BAD_PARAMETER", "BAD_TTL"))

    def test_wrong_min_version_is_400(self):
        for text in ("1", "", "0" * 33, "g" * 16 + "-" + "0" * 16, "0" * 16 + "_" + "0" * 16):
            got = self.rest.get(self.key(), f"?min_version={text}")
            self.assert_error(got, 400, "BAD_PARAMETER")

    def test_json_put_takes_its_ttl_from_the_body_alone(self):
        with self.assert_writes_nothing():
            put = self.rest.put_json(self.key(), {"value": "v"}, "?ttl=5")
            self.assert_error(put, 400, "BAD_PARAMETER")


if __name__ == "__main__":
    unittest.main()
