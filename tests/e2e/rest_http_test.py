"""HTTP/1.1 itself: connections, pipelining, chunks, Expect, HTTP/1.0, slow clients."""

import time
import unittest

from harness.case import SystemCase

PUT = b"PUT /api/v1/keys/%b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b"
GET = b"GET /api/v1/keys/%b HTTP/1.1\r\nHost: h\r\n\r\n"


class ConnectionsTest(SystemCase):
    def test_keep_alive_serves_many_requests(self):
        with self.rest.raw() as raw:
            for i in range(50):
                raw.send(PUT % (self.key().encode(), 2, b"%02d" % i))
                self.assertEqual(raw.read().status, 200)
                raw.send(GET % self.key().encode())
                self.assertEqual(raw.read().json()["value"], f"{i:02}")

    def test_pipelined_requests_are_answered_in_order(self):
        with self.rest.raw() as raw:
            key = self.key().encode()
            raw.send(b"".join(
                PUT % (key + b"%d" % i, 3, b"%03d" % i) + GET % (key + b"%d" % i)
                for i in range(100)
            ))
            for i in range(100):
                self.assertEqual(raw.read().status, 200)
                self.assertEqual(raw.read().json()["value"], f"{i:03}")

    def test_pipelined_errors_do_not_lose_the_rest(self):
        with self.rest.raw() as raw:
            raw.send(GET % b"missing" + b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n"
                     + b"PATCH /ping HTTP/1.1\r\nHost: h\r\n\r\n" + GET % b"%zz"
                     + b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            statuses = [raw.read().status for _ in range(5)]
            self.assertEqual(statuses, [404, 404, 405, 400, 200])

    def test_request_in_small_pieces(self):
        request = PUT % (self.key().encode(), 5, b"piece")
        with self.rest.raw() as raw:
            for i in range(len(request)):
                raw.send(request[i:i + 1])
            self.assertEqual(raw.read().status, 200)
        self.assertEqual(self.rest.get(self.key()).json()["value"], "piece")

    def test_connection_close_is_honoured(self):
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            answer = raw.read()
            self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
            self.assertTrue(raw.at_end())

    def test_http_1_0(self):
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.0\r\n\r\n")
            self.assertEqual(raw.read().status, 200)
            self.assertTrue(raw.at_end())
        with self.rest.raw() as raw:
            for _ in range(3):
                raw.send(b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                answer = raw.read()
                self.assertEqual(answer.headers["connection"].lower(), "keep-alive")

    def test_absolute_target_is_understood(self):
        with self.rest.raw() as raw:
            raw.send(b"GET http://anything:80/livez HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(raw.read().status, 200)

    def test_empty_lines_before_a_request_are_skipped(self):
        with self.rest.raw() as raw:
            raw.send(b"\r\n\r\nGET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(raw.read().status, 200)

    def test_body_of_a_get_is_read_and_ignored(self):
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
            raw.send(b"GET /ping HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual([raw.read().status, raw.read().status], [200, 200])


class ChunkedTest(SystemCase):
    HEAD = (b"PUT /api/v1/keys/%b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")

    def test_chunks_make_the_value(self):
        with self.rest.raw() as raw:
            raw.send(self.HEAD % self.key().encode())
            raw.send(b"5\r\nhello\r\n").send(b"A;name=value\r\n0123456789\r\n")
            raw.send(b"0\r\nTrailer: ignored\r\n\r\n")
            self.assertEqual(raw.read().status, 200)
            raw.send(GET % self.key().encode())
            self.assertEqual(raw.read().json()["value"], "hello0123456789")

    def test_chunked_json(self):
        with self.rest.raw() as raw:
            raw.send(b"PUT /api/v1/keys/%b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                     b"Content-Type: application/json\r\n\r\n" % self.key().encode())
            for byte in b'{"value": "in chunks"}':
                raw.send(b"1\r\n%c\r\n" % byte)
            raw.send(b"0\r\n\r\n")
            self.assertEqual(raw.read().status, 200)
        self.assertEqual(self.rest.get(self.key()).json()["value"], "in chunks")

    def test_chunks_over_the_limit_are_413(self):
        with self.assert_writes_nothing(), self.rest.raw() as raw:
            raw.send(self.HEAD % self.key().encode())
            for _ in range(17):
                raw.send_what_fits(b"10000\r\n" + b"v" * 65536 + b"\r\n")
            self.assert_error(raw.read(), 413, "BODY_TOO_LARGE")

    def test_bad_chunks_are_400_and_write_nothing(self):
        for chunks in (b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n",
                       b"5\r\nhelloXX0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\nx", b"\r\n\r\n",
                       b"0x5\r\nhello\r\n0\r\n\r\n"):
            with self.subTest(chunks), self.assert_writes_nothing(), self.rest.raw() as raw:
                raw.send(self.HEAD % self.key().encode() + chunks)
                self.assertIn(raw.read().status, (400, 413))
                self.assertTrue(raw.at_end())


class ExpectTest(SystemCase):
    HEAD = (b"PUT /api/v1/keys/%b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n")

    def test_100_continue_then_the_answer(self):
        with self.rest.raw() as raw:
            raw.send(self.HEAD % (self.key().encode(), 5))
            self.assertEqual(raw.read().status, 100)
            raw.send(b"hello")
            self.assertEqual(raw.read().status, 200)
        self.assertEqual(self.rest.get(self.key()).json()["value"], "hello")

    def test_refused_before_the_body_is_sent(self):
        for key, length, more, status in ((b"k", 2**21, b"", 413), (b"k", 5, b"If-Match: *\r\n", 501)):
            with self.assert_writes_nothing(), self.rest.raw() as raw:
                head = self.HEAD % (key, length)
                raw.send(head.replace(b"Host:", more + b"Host:"))
                self.assertEqual(raw.read().status, status)

    def test_other_expectations_are_417(self):
        with self.assert_writes_nothing(), self.rest.raw() as raw:
            raw.send(b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n"
                     b"Content-Length: 1\r\n\r\nv")
            self.assert_error(raw.read(), 417, "EXPECTATION_FAILED")


class SlowClientTest(SystemCase):
    SYSTEM = {"redis": 1, "gateway_settings": {
        "HTTP_READ_TIMEOUT_SECONDS": 1, "HTTP_IDLE_TIMEOUT_SECONDS": 2,
        "HTTP_WRITE_TIMEOUT_SECONDS": 1}}

    def test_head_that_never_ends_is_408(self):
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.1\r\nHost: h\r\n")
            self.assert_error(raw.read(), 408, "REQUEST_TIMEOUT")
            self.assertTrue(raw.at_end())

    def test_head_that_trickles_is_408(self):
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.1\r\n")
            begin = time.monotonic()
            while time.monotonic() - begin < 1.8:
                raw.send_what_fits(b"X: y\r\n")
                time.sleep(0.1)
            self.assert_error(raw.read(), 408, "REQUEST_TIMEOUT")

    def test_body_that_never_comes_is_408_and_writes_nothing(self):
        with self.assert_writes_nothing(), self.rest.raw() as raw:
            raw.send(b"PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
            self.assert_error(raw.read(), 408, "REQUEST_TIMEOUT")

    def test_idle_connection_is_closed_without_a_word(self):
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(raw.read().status, 200)
            self.assertTrue(raw.at_end())

    def test_client_that_does_not_read_is_given_up(self):
        self.rest.put_raw(self.key(), b"v" * 2**20)
        with self.rest.raw() as raw:
            raw.send(GET % self.key().encode() * 50)
            deadline = time.monotonic() + 15
            while 'kache_gateway_rejected_total{reason="write_timeout"} 0' in self.metrics():
                self.assertLess(time.monotonic(), deadline, "the connection is still kept")
                time.sleep(0.1)

    def metrics(self):
        return self.system.gateway.metrics()


class CrowdOfSlowClientsTest(SystemCase):
    SYSTEM = {"redis": 1, "gateway_settings": {"HTTP_READ_TIMEOUT_SECONDS": 30}}

    def test_many_slow_clients_do_not_keep_others_out(self):
        slow = [self.rest.raw().send(b"PUT /api/v1/keys/k HTTP/1.1\r\nHo") for _ in range(200)]
        try:
            begin = time.monotonic()
            self.assertEqual(self.rest.request("GET", "/ping").status, 200)
            self.assertLess(time.monotonic() - begin, 8)
        finally:
            for raw in slow:
                raw.close()


if __name__ == "__main__":
    unittest.main()
