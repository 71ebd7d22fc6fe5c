"""Log lines: JSON that parses, state changes in them, and never a value, a key's secret or a
password."""

import json
import os
import signal
import unittest

from harness.case import SystemCase
from harness.exposition import parse
from harness.kache import KacheGateway
from harness.redis_server import RedisServer
from harness.rest import RestClient, key_path
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


class StoppedReaderTest(SystemCase):
    """The reader of standard error stops: nobody waits for it, and what is lost is counted."""

    SYSTEM = {"redis": 1, "gateways": 0}

    def test_requests_go_on(self):
        gateway = KacheGateway([self.system.server.address],
                               {"LOG_LEVEL": "trace", "LOG_LINES_PER_SECOND": 0},
                               folder=self.system.folder)
        reading = gateway.start_unread(self)
        rest = RestClient(gateway.port)

        def lost():
            # The name of each request stands in its line.
            head = f"GET {key_path(self.key())} HTTP/1.1\r\nHost: h\r\nX-Request-Id: {'x' * 128}\r\n\r\n"
            with rest.raw() as connection:
                connection.send(head.encode() * 100)
                for _ in range(100):
                    self.assertEqual(connection.read().status, 404)
            return parse(gateway.metrics()).total("kache_log_lines_lost_total") > 0

        wait_until(lost, "lines are lost")
        # The reader goes on: what waited comes, and how much was lost.
        os.set_blocking(reading, False)
        text = b""

        def told():
            nonlocal text
            rest.get(self.key())
            try:
                text += os.read(reading, 1 << 20)
            except BlockingIOError:
                pass
            return b"log lines lost count=" in text

        wait_until(told, "the log says that lines were lost")
        gateway.terminate()
        self.assertEqual(gateway.wait(), 0)


class HangupTest(SystemCase):
    SYSTEM = {"redis": 1}

    def test_sighup_ends_nobody(self):
        for process in (self.system.server, self.system.gateway):
            process.signal(signal.SIGHUP)
            wait_until(lambda: "SIGHUP" in process.log, f"{process.name} answers")
            self.assertTrue(process.running)
        self.assertEqual(self.rest.put_raw(self.key(), b"v").status, 200)


if __name__ == "__main__":
    unittest.main()
