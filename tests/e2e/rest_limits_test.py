"""Sizes, numbers and times at their limits and just beyond: 400, 413, 415, 429, 431, 503, 504."""

import socket
import threading
import unittest

from harness.case import SystemCase
from harness.rest import key_path
from harness.waiting import wait_until

MIB = 2**20


class SizesTest(SystemCase):
    def test_longest_key(self):
        key = "k" * 1024
        self.assertEqual(self.rest.put_raw(key, b"v").status, 200)
        self.assertEqual(self.rest.get(key).status, 200)
        self.assertEqual(self.rest.put_raw(b"\x00" * 1024, b"v").status, 200)

    def test_longer_and_empty_keys_are_400(self):
        for key in ("k" * 1025, b"\x00" * 1025, ""):
            with self.assert_writes_nothing():
                self.assert_error(self.rest.put_raw(key, b"v"), 400, "BAD_KEY")
                self.assert_error(self.rest.put_json(key, {"value": "v"}), 400, "BAD_KEY")
                self.assert_error(self.rest.get(key), 400, "BAD_KEY")
                self.assert_error(self.rest.delete(key), 400, "BAD_KEY")

    def test_largest_value(self):
        value = bytes(range(256)) * 4096
        self.assertEqual(self.rest.put_raw(self.key(), value).status, 200)
        got = self.rest.get(self.key(), accept="application/octet-stream")
        self.assertEqual(got.body, value)

    def test_largest_value_as_json_of_escapes(self):
        body = '{"value": "' + "\\u0000" * MIB + '"}'
        self.assertEqual(self.rest.put_json(self.key(), body).status, 200)
        got = self.rest.get(self.key(), accept="application/octet-stream")
        self.assertEqual(got.body, b"\0" * MIB)
        self.assertEqual(self.rest.get(self.key()).json()["value"], "\0" * MIB)

    def test_larger_values_are_413(self):
        with self.assert_writes_nothing():
            self.assert_error(self.rest.put_raw(self.key(), b"v" * (MIB + 1)), 413, "BODY_TOO_LARGE")
            put = self.rest.put_json(self.key(), {"value": "v" * (MIB + 1)})
            self.assert_error(put, 413, "VALUE_TOO_LARGE")

    def test_json_body_over_its_limit_is_413_before_it_is_sent(self):
        with self.assert_writes_nothing(), self.rest.raw() as raw:
            raw.send(b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % (6 * MIB + 65 * 1024))
            self.assert_error(raw.read(), 413, "BODY_TOO_LARGE")

    def test_absurd_content_lengths(self):
        for length, statuses in ((2**63 - 1, {413}), (2**64 - 1, {400, 413}), (2**64, {400}),
                                 (10**30, {400})):
            with self.assert_writes_nothing(), self.rest.raw() as raw:
                raw.send(b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
                         % length)
                self.assertIn(raw.read().status, statuses, length)

    def test_content_encoding_is_415(self):
        with self.assert_writes_nothing():
            put = self.rest.put_raw(self.key(), b"v", content_encoding="gzip")
            self.assert_error(put, 415, "UNSUPPORTED_MEDIA_TYPE")
            put = self.rest.put_json(self.key(), {"value": "v"},
                                     content_type="application/json; charset=latin-1")
            self.assert_error(put, 415, "UNSUPPORTED_MEDIA_TYPE")

    def test_content_range_is_400(self):
        with self.assert_writes_nothing():
            put = self.rest.put_raw(self.key(), b"v", content_range="bytes 0-0/2")
            self.assertEqual(put.status, 400)


class HeadersTest(SystemCase):
    def test_headers_up_to_the_limit_are_taken(self):
        answer = self.rest.request("GET", "/livez", headers={"X": "x" * 60_000})
        self.assertEqual(answer.status, 200)

    def test_header_bombs_are_431(self):
        for fields in (b"X: " + b"x" * 70_000 + b"\r\n", b"X: y\r\n" * 20_000, b"X" * 70_000 + b": y\r\n",
                       b"X: a\r\n b\r\n" * 10_000):
            with self.subTest(fields[:20]), self.assert_writes_nothing(), self.rest.raw() as raw:
                raw.send_what_fits(b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\n"
                                   b"Content-Length: 1\r\n" + fields + b"\r\nv")
                self.assertIn(raw.read().status, (431, 400))
                self.assertTrue(raw.at_end())

    def test_endless_head_and_target_are_431(self):
        for flood in (b"GET /" + b"a" * 2**20, b"A" * 2**20, b"GET /ping HTTP/1.1\r\nX: " + b"x" * 2**20):
            with self.subTest(flood[:20]), self.rest.raw() as raw:
                raw.send_what_fits(flood)
                self.assertIn(raw.read().status, (431, 400))
        self.assert_answers()

    def test_long_target_within_the_limit_is_a_bad_key(self):
        self.assert_error(self.rest.get("k" * 50_000), 400, "BAD_KEY")


class ConnectionLimitTest(SystemCase):
    SYSTEM = {"redis": 1, "gateway_settings": {"MAX_HTTP_CONNECTIONS": 20}}

    def test_connections_over_the_limit_are_503(self):
        held = []
        try:
            for _ in range(20):
                held.append(self.rest.raw().send(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"))
                self.assertEqual(held[-1].read().status, 200)
            with self.rest.raw() as raw:
                refused = raw.read()
                self.assertEqual(refused.status, 503)
                self.assertIn("retry-after", refused.headers)
                self.assertIn("x-request-id", refused.headers)
                self.assertTrue(raw.at_end())
        finally:
            for raw in held:
                raw.close()
        wait_until(lambda: self.rest.request("GET", "/livez").status == 200, "room again")


class OverloadTest(SystemCase):
    """A server that may have one operation at work, and a Redis that does not answer."""

    SYSTEM = {"redis": 1, "server_settings": {"MAX_IN_FLIGHT": 1, "TRY_TIMEOUT_MS": 60000},
              "gateway_settings": {"REQUEST_TIMEOUT_MS": 2000}}

    def test_more_than_the_server_takes_is_429_and_a_silent_one_504_or_503(self):
        self.system.redis[0].freeze()
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.append(
                self.rest.request("GET", key_path("k"), headers={"Kache-Timeout-Ms": "600"})))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.system.redis[0].thaw()
        statuses = {answer.status for answer in answers}
        self.assertIn(429, statuses)
        self.assertTrue(statuses <= {429, 503, 504}, statuses)
        for answer in answers:
            if answer.status == 429:
                self.assert_error(answer, 429, "RESOURCE_EXHAUSTED")
        wait_until(lambda: self.rest.get("k").status == 404, "served again")


class ServersAdviceTest(SystemCase):
    """The server limits operations a second, and knows until when."""

    SYSTEM = {"redis": 1, "server_settings": {"MAX_OPERATIONS_PER_SECOND": 200}}

    def test_retry_after_is_what_the_server_advises(self):
        keys = {"keys": ["k"] * 1000}  # it is let in, and whoever comes next waits for it
        wait_until(lambda: self.rest.post("batchGet", keys).status == 200, "a batch is let in")
        for refused in (self.rest.get("k"),  # by a stream
                        self.rest.post("batchGet", {"keys": ["k"]}),  # by a call of its own
                        self.rest.request("DELETE", key_path("k"))):
            self.assert_error(refused, 429, "RESOURCE_EXHAUSTED")
            self.assertTrue(2 <= int(refused.headers["retry-after"]) <= 6, refused.headers)


class DeadlineTest(SystemCase):
    SYSTEM = {"redis": 1, "server_settings": {"TRY_TIMEOUT_MS": 60000}}

    def test_deadline_that_passes_is_504(self):
        redis = self.system.redis[0]
        redis.freeze()
        self.addCleanup(redis.thaw)
        get = self.rest.request("GET", key_path("k"), headers={"Kache-Timeout-Ms": "100"})
        self.assert_error(get, 504, "DEADLINE_EXCEEDED")

    def test_wrong_timeouts_are_400(self):
        for text in ("0", "-1", "1.5", "60001", "", "x", "99999999999999999999"):
            got = self.rest.request("GET", key_path("k"), headers={"Kache-Timeout-Ms": text})
            self.assert_error(got, 400, "BAD_TIMEOUT")


class ServerGoneTest(SystemCase):
    def test_no_server_is_503_with_retry_after(self):
        self.system.server.kill()
        self.assert_error(self.rest.get("k"), 503, "UNAVAILABLE")
        self.assert_error(self.rest.put_raw("k", b"v"), 503, "UNAVAILABLE")
        self.assert_error(self.rest.post("batchGet", {"keys": ["k"]}), 503, "UNAVAILABLE")
        self.assert_error(self.rest.request("GET", "/status"), 503, "UNAVAILABLE")

    def test_server_that_accepts_and_says_nothing_is_an_error_in_time(self):
        self.system.server.kill()
        with socket.create_server(("127.0.0.1", self.system.server.port)):
            answer = self.rest.request("GET", key_path("k"), headers={"Kache-Timeout-Ms": "300"})
            self.assertIn(answer.status, (503, 504))


if __name__ == "__main__":
    unittest.main()
