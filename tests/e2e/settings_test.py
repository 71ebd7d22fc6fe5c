"""Starting: settings, files of settings, arguments, exit codes; odd numbers of Redis servers."""

import pathlib
import re
import socket
import subprocess
import tempfile
import unittest

from harness import paths, record
from harness.case import UNHURRIED, SystemCase
from harness.kache import KacheGateway, KacheServer
from harness.ports import free_port
from harness.process import clean_environment
from harness.redis_server import RedisServer
from harness.system import System
from harness.waiting import wait_until

PROGRAMS = (paths.SERVER, paths.GATEWAY)
LOCAL = {"GRPC_LISTEN_ADDRESS": "127.0.0.1:0", "METRICS_LISTEN_ADDRESS": "127.0.0.1:0",
         "HTTP_LISTEN_ADDRESS": "127.0.0.1:0"}


def run(program, *arguments, **settings):
    return subprocess.run([program, *arguments], env=clean_environment({**LOCAL, **settings}),
                          capture_output=True, text=True, timeout=20)


class WrongSettingsTest(unittest.TestCase):
    def assert_wrong(self, program, names, *arguments, **settings):
        """Exit code 2, nothing on standard output, and one line for each of `names`."""
        ended = run(program, *arguments, **settings)
        self.assertEqual(ended.returncode, 2, ended.stderr)
        self.assertEqual(ended.stdout, "")
        lines = [line for line in ended.stderr.splitlines() if line]
        for name in names:
            self.assertTrue(any(name in line for line in lines), f"{name} in\n{ended.stderr}")
        self.assertLessEqual(len(lines), len(names) + 1, ended.stderr)
        return ended.stderr

    def test_all_mistakes_of_the_server_come_in_one_message(self):
        message = self.assert_wrong(
            paths.SERVER,
            ["REDIS_URLS", "VNODES_PER_NODE", "REPLICATION_FACTOR", "PING_INTERVAL_SECONDS",
             "MAX_TRIES", "GRPC_LISTEN_ADDRESS", "LOG_LEVEL"],
            REDIS_URLS="a:99999", VNODES_PER_NODE=0, REPLICATION_FACTOR=-1,
            PING_INTERVAL_SECONDS="3s", MAX_TRIES="", GRPC_LISTEN_ADDRESS="nowhere",
            LOG_LEVEL="loud")
        self.assertIn("65535", message)

    def test_each_mistake_of_the_documentation(self):
        for name, value in (("REDIS_URLS", ""), ("REDIS_URLS", "localhost:99999"),
                            ("REDIS_URLS", "localhost:6379,localhost:6379"), ("REDIS_URLS", "a:1,"),
                            ("REDIS_URLS", "x=a:1,x=b:1"), ("REDIS_URLS", "tls://a:1"),
                            ("VNODES_PER_NODE", "0"), ("REPLICATION_FACTOR", "-1"),
                            ("REPLICATION_FACTOR", "0"), ("PING_INTERVAL_SECONDS", "0"),
                            ("PING_INTERVAL_SECONDS", "1.5"), ("TRY_TIMEOUT_MS", "0"),
                            ("KEY_PREFIX", ""), ("LOG_FORMAT", "xml")):
            with self.subTest(f"{name}={value}"):
                self.assert_wrong(paths.SERVER, [name], **{name: value})

    def test_all_mistakes_of_the_gateway_come_in_one_message(self):
        self.assert_wrong(
            paths.GATEWAY,
            ["KACHE_SERVERS", "HTTP_LISTEN_ADDRESS", "REQUEST_TIMEOUT_MS", "LOG_FORMAT",
             "MAX_HTTP_CONNECTIONS"],
            KACHE_SERVERS="nowhere", HTTP_LISTEN_ADDRESS="127.0.0.1:99999", REQUEST_TIMEOUT_MS="-5",
            LOG_FORMAT="xml", MAX_HTTP_CONNECTIONS="many")

    def test_no_secret_in_a_message(self):
        message = self.assert_wrong(
            paths.SERVER, ["REDIS_URLS"], REDIS_URLS="redis://user:canary-secret@host:99999")
        self.assertNotIn("canary-secret", message)

    def test_wrong_arguments(self):
        for program in PROGRAMS:
            for arguments in (["--nonsense"], ["extra"], ["--env-file"]):
                ended = run(program, *arguments)
                self.assertEqual(ended.returncode, 2, ended.stderr)
                self.assertTrue(ended.stderr)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "settings.env"
            for program in PROGRAMS:
                self.assert_wrong(program, [str(file)], "--env-file", str(file))  # not there
            for text, line in (("REPLICATION_FACTR=2\n", 1), ("\nNONSENSE=1\n", 2),
                               ('REDIS_URLS="a:1\n', 1), ("replication_factor=2\n", 1)):
                file.write_text(text)
                for program in PROGRAMS:
                    with self.subTest(text):
                        self.assert_wrong(program, [f"{file}:{line}"], "--env-file", str(file))


class HelpTest(unittest.TestCase):
    def test_help_and_version(self):
        for program in PROGRAMS:
            for option, expected in (("--help", "--env-file"), ("--version", program.name)):
                ended = run(program, option)
                self.assertEqual((ended.returncode, ended.stderr), (0, ""), option)
                self.assertIn(expected, ended.stdout)

    def test_every_setting_is_in_the_help_of_the_server(self):
        text = run(paths.SERVER, "--help").stdout
        for name in ("REDIS_URLS", "VNODES_PER_NODE", "PING_INTERVAL_SECONDS", "MAX_TRIES",
                     "REPLICATION_FACTOR"):
            self.assertIn(name, text)


class StartTest(unittest.TestCase):
    def setUp(self):
        self.redis = RedisServer().start()
        self.addCleanup(self.redis.stop)

    def test_port_in_use_is_exit_code_1_with_a_message(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for program, name in ((paths.SERVER, "GRPC_LISTEN_ADDRESS"),
                                  (paths.SERVER, "METRICS_LISTEN_ADDRESS"),
                                  (paths.GATEWAY, "HTTP_LISTEN_ADDRESS")):
                with self.subTest(name):
                    ended = run(program, REDIS_URLS=self.redis.url, **{name: address})
                    self.assertEqual(ended.returncode, 1, ended.stderr)
                    self.assertIn(address, ended.stderr)

    def test_second_server_on_the_port_of_the_first_is_refused(self):
        first = KacheServer([self.redis.url]).start()
        self.addCleanup(first.stop)
        first.wait_up()
        ended = run(paths.SERVER, REDIS_URLS=self.redis.url, GRPC_LISTEN_ADDRESS=first.address)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        gateway = KacheGateway([first.address]).start()
        self.addCleanup(gateway.stop)
        gateway.wait_ready()
        ended = run(paths.GATEWAY, HTTP_LISTEN_ADDRESS=f"127.0.0.1:{gateway.port}")
        self.assertEqual(ended.returncode, 1, ended.stderr)

    def test_env_file_is_read_and_the_environment_wins(self):
        server = KacheServer(["unused:1"])
        del server.settings["REDIS_URLS"]
        file = server.folder / "settings.env"
        file.write_text(f'export REDIS_URLS=" cache-a={self.redis.url} "\nVNODES_PER_NODE=7 # few\n'
                        "REPLICATION_FACTOR='2'\nKACHE_SERVERS=elsewhere:1\n")
        server.settings["REPLICATION_FACTOR"] = 3
        server.command += ["--env-file", str(file)]
        server.start()
        self.addCleanup(server.stop)
        server.wait_up(1)
        from harness.grpc_client import KacheClient
        with KacheClient(server.address) as client:
            status = client.status()
        self.assertEqual((status.vnodes_per_node, status.replication_factor), (7, 3))
        self.assertEqual(status.nodes[0].name, "cache-a")
        self.assertEqual(status.nodes[0].address, self.redis.url)

    def test_nearly_right_name_in_the_environment_is_a_warning(self):
        server = KacheServer([self.redis.url], {"REPLICATION_FACTR": 2}).start()
        self.addCleanup(server.stop)
        server.wait_up()
        self.assertRegex(server.log, r"warn.*REPLICATION_FACTR")

    def test_password_and_database(self):
        redis = RedisServer(options=["--requirepass", "canary-secret"])
        super(RedisServer, redis).start()  # PING wants the password
        self.addCleanup(redis.stop)
        server = KacheServer([f"redis://:canary-secret@{redis.url}/3"]).start()
        self.addCleanup(server.stop)
        server.wait_up()
        from harness.grpc_client import KacheClient
        with KacheClient(server.address) as client:
            client.put(b"k", b"v")
            self.assertNotIn("canary", str(client.status()))
        connection = redis.connect()
        connection.call("AUTH", "canary-secret")
        self.assertEqual(connection.call("DBSIZE"), 0)
        connection.call("SELECT", 3)
        self.assertEqual(connection.call("GET", "kache:d:k")[28:], b"v")
        connection.close()
        self.assertNotIn("canary-secret", server.log)

    def test_wrong_password_is_shown_and_not_serving(self):
        redis = RedisServer(options=["--requirepass", "secret"])
        super(RedisServer, redis).start()
        self.addCleanup(redis.stop)
        server = KacheServer([f"redis://:canary-wrong@{redis.url}"]).start()
        self.addCleanup(server.stop)
        server.wait_up(0)
        from harness.grpc_client import KacheClient
        with KacheClient(server.address) as client:
            wait_until(lambda: client.status().nodes[0].reason in ("wrong_password", "auth_failed",
                                                                   "wrongpass"), "the reason")
            self.assertEqual(client.check(), client.health_pb.HealthCheckResponse.NOT_SERVING)
        self.assertNotIn("canary-wrong", server.log)

    def test_two_names_of_one_redis_are_refused(self):
        urls = [self.redis.url, f"again=localhost:{self.redis.port}"]
        server = KacheServer(urls).start()
        self.addCleanup(server.stop)
        server.wait_up(1)
        from harness.grpc_client import KacheClient
        with KacheClient(server.address) as client:
            wait_until(lambda: any("duplicate" in n.reason for n in client.status().nodes), "it")


class FewServersTest(unittest.TestCase):
    def copies(self, system, key):
        return sum(record.read(redis, key) is not None for redis in system.redis)

    def check(self, redis, replication_factor, copies):
        system = System(redis=redis, server_settings={
            "REPLICATION_FACTOR": replication_factor, **UNHURRIED})
        system.start()
        self.addCleanup(system.close)
        rest = system.rest()
        for i in range(20):
            key = f"key-{i}"
            self.assertEqual(rest.put_json(key, {"value": key}).status, 200)
            self.assertEqual(rest.get(key).json()["value"], key)
            wait_until(lambda: self.copies(system, key.encode()) == copies, f"{copies} copies")
            self.assertEqual(rest.get(key).headers["kache-degraded"], "false")
            self.assertEqual(rest.delete(key).status, 200)
            self.assertEqual(rest.get(key).status, 404)
        return system

    def test_one_server(self):
        system = self.check(redis=1, replication_factor=3, copies=1)
        rest = system.rest()
        rest.put_raw("k", b"v")
        system.redis[0].kill()
        wait_until(lambda: rest.get("k").status == 503, "503")
        system.redis[0].start()
        wait_until(lambda: rest.put_raw("k", b"v").status == 200, "writes again")
        self.assertEqual(rest.get("k").status, 200)

    def test_more_replicas_than_servers(self):
        system = self.check(redis=2, replication_factor=5, copies=2)
        rest = system.rest()
        rest.put_raw("k", b"v")
        wait_until(lambda: self.copies(system, b"k") == 2, "two copies")
        system.redis[0].kill()
        for _ in range(50):
            self.assertEqual(rest.get("k").status, 200)
            self.assertEqual(rest.put_raw("k", b"v").status, 200)

    def test_one_replica_of_many(self):
        self.check(redis=4, replication_factor=1, copies=1)


class PortZeroTest(SystemCase):
    SYSTEM = {"redis": 1, "gateways": 0}

    def test_port_zero_is_any_free_port_and_is_logged(self):
        gateway = KacheGateway([self.system.server.address],
                               {"HTTP_LISTEN_ADDRESS": "127.0.0.1:0"}).start()
        self.addCleanup(gateway.stop)
        logged = wait_until(
            lambda: re.search(r"gateway is listening address=127\.0\.0\.1:(\d+) ", gateway.log),
            "the port in the log")
        gateway.port = int(logged[1])
        gateway.wait_ready()


if __name__ == "__main__":
    unittest.main()
