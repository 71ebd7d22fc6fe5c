"""Log lines: JSON that parses, state changes in them, and never a value, a key's secret or a
password."""

import json
import unittest

from harness.case import SystemCase
from harness.redis_server import RedisServer
from harness.waiting import wait_until

CANARY = "canary-9f31-value"
PASSWORD = "canary-9f31-password"
JSON_LOGS = {"LOG_FORMAT": "json", "LOG_LEVEL": "trace"}


def lines_of(process):
    return [json.loads(line) for line in process.log.splitlines()]


class JsonLogsTest(SystemCase):
    SYSTEM = {
        "redis": 3,
        "server_settings": JSON_LOGS,
        "gateway_settings": JSON_LOGS,
    }

    def provoke(self):
        """Good, bad and failing requests with the canary in their values, and a failure."""
        for value in (CANARY, CANARY * 1000):
            self.rest.put_json("k", {"value": value, "ttl": 60})
            self.rest.put_raw("k", value.encode())
            self.rest.get("k")
        self.rest.put_json("k", '{"value": "%s", "ttl": -1}' % CANARY)
        self.rest.put_json("k", '{"value": "%s' % CANARY)
        self.rest.put_raw("k", CANARY.encode() * 100_000)
        self.rest.post("batchPut", {"entries": [{"key": "", "value": CANARY}]})
        self.grpc.put(b"\xff", CANARY.encode())
        self.rest.request("GET", "/status")
        self.system.redis[0].kill()
        self.rest.put_raw("k", CANARY.encode())
        wait_until(lambda: self.system.server.nodes_up() == 2, "a node DOWN")
        self.system.redis[0].start()
        self.system.server.wait_up()

    def test_every_line_is_json_without_values(self):
        self.provoke()
        processes = (self.system.server, self.system.gateway)
        for process in processes:
            lines = lines_of(process)
            self.assertGreater(len(lines), 1, process.name)
            for line in lines:
                self.assertEqual(line["program"], process.command[0].rsplit("/", 1)[-1])
                self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                self.assertIn(line["level"], ("trace", "debug", "info", "warn", "error"))
                self.assertTrue(line["msg"])
            self.assertNotIn("canary", process.log)
        changes = [line["msg"] for line in lines_of(self.system.server)
                   if "node state changed" in line["msg"]]
        self.assertTrue(any("state=down" in message for message in changes), changes)
        self.assertTrue(any("was=down" in message for message in changes), changes)


class QuietLogsTest(SystemCase):
    SYSTEM = {
        "redis": 1,
        "server_settings": {**JSON_LOGS, "SLOW_OPERATION_MS": 0},
        "gateway_settings": {**JSON_LOGS, "SLOW_OPERATION_MS": 0},
    }

    def lines_at_info(self):
        return [sum(line["level"] not in ("trace", "debug") for line in lines_of(process))
                for process in (self.system.server, self.system.gateway)]

    def test_requests_are_not_logged_at_info(self):
        before = self.lines_at_info()
        for i in range(50):
            self.rest.put_raw(f"quiet-{i}", b"v")
        self.assertEqual(before, self.lines_at_info())


class TextLogsTest(SystemCase):
    SYSTEM = {"redis": 1, "server_settings": {"LOG_LEVEL": "trace"}}

    def test_lines_have_time_level_and_program(self):
        self.rest.put_json("k", {"value": CANARY})
        for process, program in ((self.system.server, "kache-server"),
                                 (self.system.gateway, "kache-gateway")):
            for line in process.log.splitlines():
                self.assertRegex(
                    line, r"^\d{4}-\d\d-\d\dT[\d:.]+Z (trace|debug|info|warn|error) %s " % program)
            self.assertNotIn("canary", process.log)


class SecretsTest(unittest.TestCase):
    def test_passwords_are_nowhere(self):
        from harness.grpc_client import KacheClient
        from harness.kache import KacheServer

        redis = RedisServer(options=["--requirepass", PASSWORD])
        super(RedisServer, redis).start()  # PING wants the password
        self.addCleanup(redis.stop)
        for password in (PASSWORD, PASSWORD + "-wrong"):
            server = KacheServer([f"redis://default:{password}@{redis.url}"],
                                 {"LOG_LEVEL": "trace"}).start()
            self.addCleanup(server.stop)
            server.wait_up(1 if password == PASSWORD else 0)
            with KacheClient(server.address) as client:
                self.assertNotIn("canary", str(client.status()))
            self.assertNotIn("canary", server.metrics())
            server.stop()
            self.assertNotIn("canary", server.log)


if __name__ == "__main__":
    unittest.main()
