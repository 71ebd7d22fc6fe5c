"""deploy/overlays/secure on real processes: Redis servers with the arguments, the programs with the
settings, and the probes with the commands that the overlay gives them, on Secrets of deploy/secrets."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import yaml
from harness import paths
from harness.command import run
from harness.grpc_client import KacheClient
from harness.kache import KacheGateway, KacheServer
from harness.redis_server import RedisServer
from harness.rest import RestClient
from harness.tls import context_of
from harness.waiting import wait_until

COMPONENT = paths.ROOT / "deploy" / "overlays" / "components" / "secure"
PROBE = paths.ROOT / "deploy" / "kubernetes" / "redis-pod.sh"
MOUNTS = "/etc/kache"  # where pods have their Secrets
KEYS = 300


def pod_of(name):
    return yaml.safe_load((COMPONENT / f"{name}.yaml").read_text())["spec"]["template"]["spec"]


class Pods:
    """The files that the pods mount, in a folder in place of /etc/kache."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.secrets = self.folder / "secrets"
        subprocess.run([paths.ROOT / "deploy" / "secrets", self.secrets], check=True)
        mounts = self.folder / "mounts"
        mounts.mkdir()
        for name in ("server", "gateway", "redis"):
            for volume in pod_of(name)["volumes"]:
                if not (mounts / volume["name"]).exists():
                    (mounts / volume["name"]).symlink_to(
                        self.secrets / volume["secret"]["secretName"])

    def here(self, text):
        return text.replace(MOUNTS, str(self.folder / "mounts"))

    def secret(self, secret, key):
        return (self.secrets / secret / key).read_text()

    def settings(self, *left_out):
        lines = (COMPONENT / "settings.env").read_text().splitlines()
        pairs = (line.split("=", 1) for line in lines if not line.startswith("#"))
        return {name: self.here(value) for name, value in pairs if name not in left_out}


class SecuredRedis(RedisServer):
    def connect(self, timeout=5):
        connection = super().connect(timeout)
        connection.call("AUTH", "test", "look")
        return connection


class SecureOverlayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        cls.addClassCleanup(folder.cleanup)
        cls.pods = Pods(folder.name)
        # A user of the test's own, who may look at what was refused.
        with open(cls.pods.secrets / "kache-redis-acl" / "users.acl", "a") as users:
            users.write("user test on >look ~* &* +@all\n")
        cls.redis = [cls.start_redis(i) for i in range(4)]
        # The smallest intervals, so that all that Kache ever asks of a node is asked.
        cls.server = KacheServer([], {
            **cls.pods.settings("REDIS_URLS"), "SWEEP_INTERVAL_SECONDS": 1,
            "REDIS_URLS": ",".join(f"cache-{i}=rediss://localhost:{redis.port}"
                                   for i, redis in enumerate(cls.redis))})
        cls.ca = cls.pods.secrets / "ca.crt"
        cls.token = cls.pods.secret("kache-tokens", "admin.token")
        cls.server.client_options = {"ca": cls.ca, "token": cls.token}
        cls.addClassCleanup(cls.server.stop)
        cls.server.start().wait_up()
        cls.gateway = KacheGateway([f"localhost:{cls.server.port}"], cls.pods.settings("REDIS_URLS"))
        cls.gateway.tls = context_of(cls.ca)
        cls.addClassCleanup(cls.gateway.stop)
        cls.gateway.start().wait_ready()

    @classmethod
    def start_redis(cls, number):
        (container,) = pod_of("redis")["containers"]
        redis = SecuredRedis(f"redis-{number}")
        arguments = [cls.pods.here(word) for line in container["command"][2:]
                     for word in line.split()]
        port = arguments.index("--tls-port") + 1
        arguments[port] = redis.port
        at = redis.command.index("--port")
        del redis.command[at:at + 2]
        redis.command += [str(word) for word in arguments]
        redis._tls = context_of(cls.pods.secrets / "ca.crt")
        cls.addClassCleanup(redis.stop)
        return redis.start()

    def probe(self, redis, verb="ready"):
        (container,) = pod_of("redis")["containers"]
        options = next(each["value"] for each in container["env"]
                       if each["name"] == "REDIS_CLI_OPTIONS")
        environment = {**os.environ, "REDISCLI_AUTH": self.pods.secret("kache-redis-acl",
                                                                       "probe-password"),
                       "REDIS_CLI_OPTIONS": f"-p {redis.port} {self.pods.here(options)}"}
        return subprocess.run(["sh", PROBE, verb], env=environment, capture_output=True, text=True,
                              timeout=60)

    def test_the_whole_way(self):
        rest = RestClient(self.gateway.port, token=self.token, tls=context_of(self.ca))
        for i in range(KEYS):
            self.assertEqual(rest.put_raw(f"key-{i}", b"value").status, 200)
        self.assertEqual(rest.get("key-1", accept="application/octet-stream").body, b"value")
        self.assertEqual(rest.request("DELETE", "/api/v1/keys/key-2").status, 200)
        for token in (None, "0" * 64):
            stranger = RestClient(self.gateway.port, token=token, tls=context_of(self.ca))
            self.assertEqual(stranger.get("key-1").status, 401)

        # A resync, and sweeps, ask for more than reads and writes do.
        with KacheClient(self.server.address, **self.server.client_options) as client:
            client.put(b"short", b"life", ttl_ms=60000)
            client.put(b"all", b"copies", consistency=client.pb.CONSISTENCY_ALL)
            lost = self.redis[1]
            lost.kill()
            wait_until(lambda: self.server.nodes_up() < 4, "the loss is noticed")
            for i in range(KEYS):
                client.put(f"key-{i}".encode(), b"newer")
            lost.start()
            wait_until(lambda: self.probe(lost).returncode == 0, "it is whole again")
            self.server.wait_up()
            client.locate(b"key-1")
            for i in range(KEYS):
                found = client.get(f"key-{i}".encode(), consistency=client.pb.CONSISTENCY_QUORUM)
                self.assertEqual(found.value, b"newer")
        self.assert_nothing_was_refused()

    def assert_nothing_was_refused(self):
        for redis in self.redis:
            refused = [entry for entry in redis.call("ACL", "LOG") if b"kache" in entry]
            self.assertEqual(refused, [])
        self.assertNotIn("no_perm", self.server.log)
        self.assertNotIn("NOPERM", self.server.log)
        self.assertNotIn("carry no name", self.server.log)

    def test_the_documented_user_is_the_one_that_was_tried(self):
        line = self.pods.secret("kache-redis-acl", "users.acl").split("\nuser kache on ")[1]
        rules = line.split("\n")[0].split(" ", 1)[1]
        self.assertIn(f"```\n{rules}\n```", (paths.ROOT / "docs" / "operations.md").read_text())

    def test_a_program_may_not_leave_its_prefix(self):
        options = ["--tls", "--cacert", self.ca, "-p", self.redis[0].port, "--user", "kache",
                   "--no-auth-warning"]
        settings = {"REDISCLI_AUTH": self.pods.secret("kache-redis-acl", "password")}
        for command in (["GET", "other"], ["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"],
                        ["ACL", "LIST"], ["DEBUG", "SLEEP", "0"], ["REPLICAOF", "NO", "ONE"]):
            ended = run("redis-cli", *options, *command, settings=settings)
            self.assertIn("NOPERM", ended.text, command)
        self.redis[0].call("ACL", "LOG", "RESET")

    def test_probes(self):
        settings = self.server.settings
        for container in pod_of("server")["containers"]:
            for name in ("startupProbe", "readinessProbe", "livenessProbe"):
                program, *arguments = container[name]["exec"]["command"]
                self.assertEqual(program, "kache-server")
                ended = run(paths.SERVER, *arguments, settings=settings)
                self.assertEqual(ended.code, 0, ended.err)
        for redis in self.redis:
            wait_until(lambda redis=redis: self.probe(redis).returncode == 0, "it is ready")
        self.assertEqual(self.probe(self.redis[0], "stop").returncode, 0)

    def test_kachectl_in_a_pod(self):
        settings = {**self.pods.settings("REDIS_URLS"),
                    "KACHE_SERVERS": f"localhost:{self.server.port}"}
        ended = run(paths.CTL, "status", "--json", settings=settings)
        self.assertEqual(ended.code, 0, ended.err)
        self.assertEqual(len(ended.json()["nodes"]), 4)


if __name__ == "__main__":
    unittest.main()
