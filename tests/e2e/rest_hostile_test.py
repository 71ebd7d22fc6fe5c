"""Requests made to break things. After each one: nothing was written, and Kache still answers."""

import json
import unittest

from harness.case import SystemCase
from harness.rest import key_path

JSON_HEAD = (b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
             b"Content-Length: %d\r\n\r\n")
SMUGGLED = b"PUT /api/v1/keys/smuggled HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv"


class HostileCase(SystemCase):
    SYSTEM = {"redis": 2}

    def assert_refused(self, request, statuses, closes=True, half_close=False):
        """`request` is answered with one of `statuses`, and only that; nothing is written."""
        with self.subTest(request[:120]), self.assert_writes_nothing(), self.rest.raw() as raw:
            raw.send_what_fits(request)
            if half_close:
                raw.half_close()
            answer = raw.read()
            self.assertIn(answer.status, statuses, answer.body)
            self.assertEqual(set(answer.json()), {"error"})
            self.assertIn("x-request-id", answer.headers)
            if closes:
                self.assertTrue(raw.at_end(), "the connection goes on")


class JsonTest(HostileCase):
    def refuse(self, body, codes=("BAD_JSON",)):
        raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
        with self.subTest(raw[:80]), self.assert_writes_nothing():
            put = self.rest.put_json("k", raw)
            self.assertEqual(put.status, 400, put.body)
            self.assertIn(put.error_code, codes)

    def test_what_is_not_a_document(self):
        for body in ("", " ", "null", "true", "1", '"value"', "[]", "{", "}", '{"value"', '{"value":',
                     '{"value":}', "{'value': 'v'}", '{"value": "v",}', '{"value": "v"}}',
                     '{"value": "v"} x', '{"value": "v"}{"value": "v"}', '{value: "v"}',
                     '{"value": "v" "ttl": 1}', '/* c */{"value": "v"}', '{"value": NaN}',
                     '{"value": "v", "ttl": Infinity}', b"\xef\xbb\xbf" + b'{"value": "v"}',
                     b'{"value": "v"}\x00', "\x00", b"\xff\xfe{\x00}\x00"):
            self.refuse(body)

    def test_fields(self):
        for body in ("{}", '{"ttl": 1}', '{"value": "v", "more": 1}', '{"Value": "v"}',
                     '{"value": "a", "value": "b"}', '{"value": "v", "ttl": 1, "ttl": 1}',
                     '{"value": "a", "\\u0076alue": "b"}', '{"value": "v", "": 1}',
                     '{"value": "v", "key": "other"}', '{"value": "v", "__proto__": {}}',
                     json.dumps({"value": "v", "x" * 100_000: 1})):
            self.refuse(body)

    def test_values_of_other_types(self):
        for value in ("1", "1.5", "true", "null", "[]", "{}", '["v"]', '{"value": "v"}'):
            self.refuse('{"value": %s}' % value)

    def test_broken_strings(self):
        for body in (b'{"value": "\xff"}', b'{"value": "\xc0\xaf"}', b'{"value": "\xed\xa0\x80"}',
                     b'{"value": "\xf4\x90\x80\x80"}', b'{"value": "a\x00b"}', b'{"value": "a\nb"}',
                     '{"value": "\\ud800"}', '{"value": "\\udc00\\ud800"}', '{"value": "\\u12"}',
                     '{"value": "\\x41"}', '{"value": "\\"}', '{"value": "v'):
            self.refuse(body)

    def test_base64(self):
        for value in ("%%%", "A", "AA", "AA=", "AAA", "AA==x", "A A=", "====", "AA\\n==", "_-8="):
            self.refuse('{"value": "%s", "encoding": "base64"}' % value)
        for encoding in ('"hex"', '""', '"BASE64"', "1", "null", '"base64 "'):
            self.refuse('{"value": "AA==", "encoding": %s}' % encoding)

    def test_ttls(self):
        for ttl in ("-1", "-0.5", "0.5", "1.5", "1e-3", "1e400", "-1e400", "3153600001",
                    "9223372036854775807", "9223372036854775808", "18446744073709551616",
                    "9" * 400, "-9223372036854775808", "-9223372036854775809", '"60"', '""', "null",
                    "true", "[]", "{}", "[60]"):
            self.refuse('{"value": "v", "ttl": %s}' % ttl, ("BAD_TTL",))
        for ttl in ("01", "+1", "1.", ".5", "0x10", "1_000", "--1", "NaN"):
            self.refuse('{"value": "v", "ttl": %s}' % ttl, ("BAD_JSON", "BAD_TTL"))
        for both in ('"ttl": 1, "ttlMs": 1000', '"ttlMs": 0, "ttl": 0'):
            self.refuse('{"value": "v", %s}' % both, ("BAD_TTL",))

    def test_deep_nesting(self):
        for depth in (10, 1000, 500_000):
            self.refuse('{"value": ' + "[" * depth + "]" * depth + "}")
            self.refuse("[" * depth)
            self.refuse('{"value": {"a":' * min(depth, 100_000))

    def test_great_many_fields(self):
        self.refuse("{" + ",".join(f'"f{i}": 1' for i in range(100_000)) + "}")


class CutShortTest(HostileCase):
    def test_bodies_shorter_than_announced(self):
        body = b'{"value": "v"}'
        for length in (len(body) + 1, len(body) + 1000, 2**20):
            self.assert_refused(JSON_HEAD % length + body, {400}, half_close=True)
        raw_head = b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"
        self.assert_refused(raw_head, {400}, half_close=True)
        self.assert_refused(raw_head + b"123456789", {400}, half_close=True)

    def test_chunks_without_an_end(self):
        head = b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        for chunks in (b"", b"5\r\nhel", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"5"):
            self.assert_refused(head + chunks, {400}, half_close=True)

    def test_client_that_vanishes(self):
        head = JSON_HEAD % 100 + b'{"value": "v"'
        for cut in range(0, len(head), 7):
            with self.assert_writes_nothing():
                self.rest.raw().send(head[:cut]).close()

    def test_body_cut_in_the_json_by_its_length(self):
        body = b'{"value": "v"}'
        for length in range(1, len(body)):
            with self.assert_writes_nothing(), self.rest.raw() as raw:
                raw.send(JSON_HEAD % length + body[:length])
                self.assert_error(raw.read(), 400, "BAD_JSON")


class TargetsTest(HostileCase):
    def test_bad_escapes_in_keys(self):
        for key in ("%", "%2", "%zz", "%%", "a%2", "%u0041", "%-1", "% 20", "%0", "a%", "%2%46"):
            request = f"PUT /api/v1/keys/{key} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv"
            self.assert_refused(request.encode(), {400}, closes=False)

    def test_raw_bytes_that_no_target_may_hold(self):
        for byte in (b"\x00", b"\x01", b"\t", b"\x7f", b" ", b"\r", b"\n"):
            request = b"PUT /api/v1/keys/a%bb HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv"
            self.assert_refused(request % byte, {400})

    def test_targets_that_are_none(self):
        for target in (b"", b"*", b"api/v1/keys/k", b"k", b"?", b"#", b"/api/v1/keys/k#f", b"ftp://h/k",
                       b"http:/api/v1/keys/k", b"h:80", b"\\api"):
            request = b"PUT %b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv" % target
            self.assert_refused(request, {400, 404}, closes=False)

    def test_paths_are_not_normalised(self):
        for path in ("/api/v1/x/../keys/k", "/./api/v1/keys/k", "//api/v1/keys/k", "/api/v1/keys//k",
                     "/api//v1/keys/k", "/API/v1/keys/k", "/%41pi/v1/keys/k", "/api/v1/keys%2Fk",
                     "/%2561pi/v1/keys/k", "/%6/v1/keys/k", "/api/v1/keys%5Ck",
                     "/api/v1%2Fkeys/k", "/api/v1/keys/k/", "/api/v1/keys/../../../etc/passwd",
                     "/api/v1/keys\\k"):
            request = f"PUT {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv"
            self.assert_refused(request.encode(), {404}, closes=False)


class RequestLinesTest(HostileCase):
    def test_methods(self):
        for method in (b"put", b"PUTT", b"FOO", b"CONNECT", b"PROPFIND", b"X" * 100):
            request = method + b" /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv"
            self.assert_refused(request, {400, 405, 501}, closes=False)
        for method in (b"", b"P UT", b"PUT\x00", b"P\xc3\xa4T", b"PUT:", b"\x16\x03\x01\x02\x00"):
            request = method + b" /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv"
            self.assert_refused(request, {400})

    def test_versions(self):
        for version in (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/11", b"http/1.1",
                        b"HTTP/1", b"HTTP/-1.1", b"HTPP/1.1", b"HTTP/1.1 x", b""):
            request = (b"PUT /api/v1/keys/k " + version
                       + b"\r\nHost: h\r\nContent-Length: 1\r\n\r\nv")
            self.assert_refused(request, {400, 505})

    def test_http2_preface_and_other_protocols(self):
        for opening in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"*1\r\n$4\r\nPING\r\n",
                        b"\x00" * 100, b"SSH-2.0-x\r\n\r\n", bytes(range(256)) + b"\r\n\r\n"):
            self.assert_refused(opening, {400})

    def test_header_syntax(self):
        for field in (b"X : y", b"X y", b": y", b"X\x00: y", b"X: a\x00b", b"X(: y",
                      b"X: a\rb", b"\xff: y"):
            request = (b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\n" + field
                       + b"\r\nContent-Length: 1\r\n\r\nv")
            self.assert_refused(request, {400})

    def test_host(self):
        for hosts in (b"", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nhost: a\r\n"):
            request = b"PUT /api/v1/keys/k HTTP/1.1\r\n" + hosts + b"Content-Length: 1\r\n\r\nv"
            self.assert_refused(request, {400})

    def test_bare_line_feeds(self):
        request = b"PUT /api/v1/keys/k HTTP/1.1\nHost: h\nContent-Length: 1\n\nv"
        self.assert_refused(request, {400})


class SmugglingTest(HostileCase):
    """Messages whose end two HTTP parsers may see in two places: refused, and the connection with
    them, so that what follows is never taken for a request."""

    def test_unclear_lengths(self):
        for fields in (
            b"Content-Length: 4\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length: 4",
            b"Content-Length: 4\r\nContent-Length: 5",
            b"Content-Length: 4, 5",
            b"Content-Length: +4", b"Content-Length: -4", b"Content-Length: 0x4", b"Content-Length: 4 4",
            b"Content-Length: ", b"Content-Length: four", b"Content-Length: 4.0",
            b"Content-Length: 4\r\n , 5",
            b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity",
            b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: xchunked",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            b"Transfer-Encoding : chunked", b"Transfer-Encoding: \x0bchunked",
            b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding:\tx",
        ):
            request = (b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\n" + fields
                       + b"\r\n\r\n0\r\n\r\n" + SMUGGLED)
            self.assert_refused(request, {400, 501})

    def test_transfer_encoding_in_http_1_0(self):
        self.assert_refused(b"PUT /api/v1/keys/k HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, {400})

    def test_chunk_sizes_that_overflow(self):
        head = b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        for size in (b"10000000000000000", b"FFFFFFFFFFFFFFFF", b"8000000000000000", b"1 0", b"+1",
                     b"1;" + b"x" * 300_000):
            self.assert_refused(head + size + b"\r\nv\r\n0\r\n\r\n" + SMUGGLED, {400, 413})

    def test_refused_body_is_not_taken_for_a_request(self):
        for head in (b"PUT /nowhere HTTP/1.1\r\n", b"PATCH /api/v1/keys/k HTTP/1.1\r\n",
                     b"PUT /api/v1/keys/k HTTP/1.1\r\nIf-Match: *\r\n"):
            request = head + b"Host: h\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED
            self.assert_refused(request, {404, 405, 501})

    def test_equal_lengths_given_twice_are_refused_or_read_as_one(self):
        with self.rest.raw() as raw:
            raw.send(b"PUT /api/v1/keys/twice HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                     b"Content-Length: 1\r\n\r\nv" + b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            first = raw.read()
            self.assertIn(first.status, (200, 400))
            if first.status == 200:
                self.assertEqual(raw.read().json(), {"status": "ok"})

    def test_trailers_are_not_headers(self):
        head = (b"PUT /api/v1/keys/t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"1\r\nv\r\n0\r\n")
        with self.rest.raw() as raw:
            raw.send(head + b"If-Match: *\r\nHost: other\r\nContent-Type: application/json\r\n\r\n"
                     b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual([raw.read().status, raw.read().status], [200, 200])
        for trailer in (b"Content-Length: 100", b"Transfer-Encoding: chunked"):
            self.assert_refused(head + trailer + b"\r\n\r\n" + SMUGGLED, {400})

    def test_folded_header_is_one_header(self):
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.1\r\nHost: h\r\nX: y\r\n Content-Length: 5\r\n\r\n"
                     b"GET /ping HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual([raw.read().status, raw.read().status], [200, 200])


class AnswersTest(HostileCase):
    """What a client sends never changes the form of an answer."""

    def test_keys_cannot_break_out_of_the_json(self):
        key = '"},"error":{"code":"X\\\r\n\u2028<script>\x00'
        self.assertEqual(self.rest.put_raw(key, b"v").json()["key"], key)
        document = self.rest.get(key).json()
        self.assertEqual((document["key"], document["value"]), (key, "v"))

    def test_keys_cannot_add_headers(self):
        put = self.rest.put_raw("a\r\nX-Injected: yes\r\n\r\n", b"v")
        self.assertEqual(put.status, 200)
        self.assertNotIn("x-injected", put.headers)

    def test_errors_repeat_nothing_of_the_request(self):
        marker = "canary-71c3"
        for answer in (
            self.rest.request("GET", f"/{marker}"), self.rest.request("GET", f"/status?{marker}=1"),
            self.rest.request(marker.upper(), "/ping"), self.rest.get(marker),
            self.rest.put_json(marker, {"value": marker, "ttl": marker}),
            self.rest.request("GET", key_path("k"), headers={"Kache-Timeout-Ms": marker}),
        ):
            self.assertGreaterEqual(answer.status, 400)
            self.assertNotIn(marker.encode(), answer.body.lower())


if __name__ == "__main__":
    unittest.main()
