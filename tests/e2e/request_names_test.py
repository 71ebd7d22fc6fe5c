"""A request can be followed: its id and its trace go from HTTP through gRPC into the logs of both
programs, the id comes back, and what took long says where the time went."""

import re
import unittest

from harness.case import SystemCase
from harness.rest import key_path
from harness.waiting import wait_until

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
GENERATED = r"^[0-9a-f]{16}$"


class RequestNamesTest(SystemCase):
    # Every operation counts as slow: each leaves a line.
    SYSTEM = {
        "redis": 3,
        "server_settings": {"SLOW_OPERATION_MS": 1, "LOG_LINES_PER_SECOND": 0,
                            "TRY_TIMEOUT_MS": 1000},
        "gateway_settings": {"SLOW_OPERATION_MS": 1, "LOG_LINES_PER_SECOND": 0,
                             "LOG_LEVEL": "debug"},
    }

    def slowly(self, action):
        """Runs `action` while all Redis servers are held up for a moment, so that it is slow."""
        for redis in self.system.redis:
            redis.call("CLIENT", "PAUSE", "600", "ALL")
        return action()

    def line_with(self, process, *parts):
        """The newest log line that holds all of `parts`."""
        found = []

        def look():
            found[:] = [line for line in process.log.splitlines()
                        if all(part in line for part in parts)]
            return found

        wait_until(look, f"{process.name} logs {parts}")
        return found[-1]

    def facts(self, line):
        return dict(re.findall(r"(\w+)=(\S+)", line))

    def test_a_callers_id_and_trace_are_in_both_logs(self):
        key = self.key()
        for name, request in (
                ("put", lambda f: self.rest.request("PUT", key_path(key), b"v" * 10, f)),
                ("large", lambda f: self.rest.request("PUT", key_path(key), b"v" * 100_000, f)),
                ("get", lambda f: self.rest.request("GET", key_path(key), None, f)),
                ("batch", lambda f: self.rest.request(
                    "POST", "/api/v1/keys:batchGet", '{"keys":["%s","b"]}' % key,
                    f | {"Content-Type": "application/json"})),
                ("locate", lambda f: self.rest.request("GET", f"/api/v1/locate/{key}", None, f)),
                ("delete", lambda f: self.rest.request("DELETE", key_path(key), None, f))):
            with self.subTest(name):
                request_id = f"e2e/{name}:1"
                answer = self.slowly(
                    lambda: request({"X-Request-Id": request_id, "traceparent": TRACEPARENT}))
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.headers["x-request-id"], request_id)
                for process, words in ((self.system.gateway, "slow request "),
                                       (self.system.server, "slow operation ")):
                    line = self.line_with(process, words, f"request_id={request_id}")
                    self.assertEqual(self.facts(line)["trace_id"], TRACE_ID, line)
                self.line_with(self.system.gateway, "request answered ", request_id, TRACE_ID)

    def test_an_id_is_made_where_there_is_none(self):
        ids = set()
        for _ in range(20):
            answer = self.rest.put_raw(self.key(), b"v")
            self.assertRegex(answer.headers["x-request-id"], GENERATED)
            ids.add(answer.headers["x-request-id"])
        self.assertEqual(len(ids), 20)
        answer = self.slowly(lambda: self.rest.get(self.key()))
        made = answer.headers["x-request-id"]
        for process in (self.system.gateway, self.system.server):
            line = self.line_with(process, "slow ", f"request_id={made}")
            self.assertNotIn("trace_id", line)

    def test_errors_have_ids_too(self):
        for answer in (self.rest.get("no such key"), self.rest.request("POST", "/nowhere"),
                       self.rest.put_json("k", "not json")):
            self.assertGreaterEqual(answer.status, 400)
            self.assertRegex(answer.headers["x-request-id"], GENERATED)

    def test_what_is_not_an_id_is_not_believed(self):
        for bad in ("", "a b", "x" * 129, 'a"b', "<script>", "a\tb"):
            answer = self.rest.request("GET", "/livez", None, {"X-Request-Id": bad})
            self.assertRegex(answer.headers["x-request-id"], GENERATED, bad)
        with self.rest.raw() as raw:
            raw.send(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: one\r\n"
                     b"X-Request-Id: two\r\n\r\n")
            self.assertRegex(raw.read().headers["x-request-id"], GENERATED)
        for bad in ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", TRACEPARENT.upper(), "x"):
            answer = self.slowly(lambda bad=bad: self.rest.request(
                "GET", key_path(self.key()), None, {"traceparent": bad}))
            line = self.line_with(self.system.server, answer.headers["x-request-id"])
            self.assertNotIn("trace_id", line)

    def test_grpc_metadata(self):
        metadata = (("x-request-id", "grpc-1"), ("traceparent", TRACEPARENT))
        request = self.grpc.pb.PutRequest(key=self.key().encode(), value=b"v")
        _, call = self.slowly(lambda: self.grpc.stub.Put.with_call(
            request, metadata=metadata, timeout=5))
        self.assertEqual(dict(call.trailing_metadata())["x-request-id"], "grpc-1")
        line = self.line_with(self.system.server, "rpc=Put ", "request_id=grpc-1")
        self.assertEqual(self.facts(line)["trace_id"], TRACE_ID)
        _, call = self.grpc.stub.Put.with_call(request, timeout=5)
        self.assertNotIn("x-request-id", dict(call.trailing_metadata()))
        _, call = self.grpc.stub.Put.with_call(request, metadata=(("x-request-id", "a b"),),
                                               timeout=5)
        self.assertNotIn("x-request-id", dict(call.trailing_metadata()))

    def test_operations_of_a_stream(self):
        pb = self.grpc.pb
        get = pb.GetRequest(key=self.key().encode())

        def ask(*operations):
            answers = self.grpc.stub.Pipeline(
                iter([pb.PipelineRequest(operations=operations)]), timeout=5,
                metadata=(("x-request-id", "the-streams"),))
            return sum(len(message.results) for message in answers)

        count = self.slowly(lambda: ask(
            pb.PipelineOperation(id=1, get=get, request_id="its-own", traceparent=TRACEPARENT),
            pb.PipelineOperation(id=2, get=get),
            pb.PipelineOperation(id=3, get=get, request_number=0xabc),
            pb.PipelineOperation(id=4, get=get, request_id="not good")))
        self.assertEqual(count, 4)
        line = self.line_with(self.system.server, "rpc=Pipeline/Get", "request_id=its-own")
        self.assertEqual(self.facts(line)["trace_id"], TRACE_ID)
        self.line_with(self.system.server, "request_id=0000000000000abc")
        self.line_with(self.system.server, "request_id=the-streams")
        self.assertNotIn("not good", self.system.server.log)

    def test_a_slow_line_says_where_the_time_went(self):
        key = "secret-key-of-somebody"
        self.rest.put_raw(key, b"value-of-somebody" * 10)
        answer = self.slowly(lambda: self.rest.get(key))
        request_id = answer.headers["x-request-id"]
        server = self.facts(self.line_with(self.system.server, request_id))
        gateway = self.facts(self.line_with(self.system.gateway, "slow request", request_id))
        self.assertEqual(server["rpc"], "Pipeline/Get")
        self.assertEqual(server["code"], "OK")
        self.assertEqual(server["value_bytes"], "170")
        token = f"{self.grpc.locate(key.encode()).token:016x}"
        self.assertEqual(server["key_token"], token)
        stages = [float(server[f"{stage}_ms"]) for stage in ("queue", "redis", "answer")]
        self.assertAlmostEqual(sum(stages), float(server["ms"]), delta=0.3)
        self.assertEqual(max(stages), float(server["redis_ms"]), server)
        self.assertEqual(gateway["route"], "/api/v1/keys/{key}")
        self.assertEqual(gateway["status"], "200")
        stages = [float(gateway[f"{stage}_ms"]) for stage in ("receive", "serve", "send")]
        self.assertAlmostEqual(sum(stages), float(gateway["ms"]), delta=0.3)
        self.assertEqual(max(stages), float(gateway["serve_ms"]), gateway)
        for process in (self.system.server, self.system.gateway):
            self.assertNotIn("of-somebody", process.log)
        self.assertRegex(self.system.server.metrics(),
                         r"(?m)^kache_slow_operations_total [1-9]")
        self.assertRegex(self.rest.request("GET", "/metrics").body.decode(),
                         r"(?m)^kache_gateway_slow_requests_total [1-9]")


class QuietTest(SystemCase):
    SYSTEM = {
        "redis": 1,
        "server_settings": {"SLOW_OPERATION_MS": 0},
        "gateway_settings": {"SLOW_OPERATION_MS": 0, "LOG_LINES_PER_SECOND": 5},
    }

    def test_nothing_is_slow_when_off_and_like_lines_are_limited(self):
        self.rest.put_raw("k", b"v")
        self.system.redis[0].kill()
        wait_until(lambda: self.system.server.nodes_up() == 0, "the node is DOWN")
        failed = [self.rest.get("k").headers["x-request-id"] for _ in range(200)]
        log = self.system.gateway
        # The last second's count comes from the periodic look.
        wait_until(lambda: self.told(log.log) == len(failed), "every failure is told or counted")
        shown = re.findall(r"request failed .*request_id=([0-9a-f]+)", log.log)
        self.assertLess(len(shown), len(failed))
        self.assertLessEqual(set(shown), set(failed))
        for process in (self.system.server, self.system.gateway):
            self.assertNotIn("slow ", process.log)

    def told(self, log):
        left_out = re.findall(r'lines left out kind="request failed" count=(\d+)', log)
        return log.count(" request failed ") + sum(map(int, left_out))


if __name__ == "__main__":
    unittest.main()
