"""Why is a node down? Each cause has a reason of its own, and the log has, at its default level, what
Redis answered and what to do."""

import re
import socket
import unittest

from harness import paths
from harness.command import run
from harness.grpc_client import KacheClient
from harness.kache import KacheGateway, KacheServer
from harness.redis_server import RedisServer
from harness.waiting import wait_until

PASSWORD = "app-password-12345"


class Sentinel(RedisServer):
    def __init__(self, folder):
        super().__init__("sentinel", folder=folder)
        (self.folder / "sentinel.conf").write_text(f"port {self.port}\nbind 127.0.0.1\n")
        self.command = [paths.REDIS, str(self.folder / "sentinel.conf"), "--sentinel"]


class ReasonsTest(unittest.TestCase):
    def node(self, *options, name="node"):
        node = RedisServer(name, options=options).start()
        self.addCleanup(node.kill)
        return node

    def look_at(self, *urls):
        """A coordinator with these nodes."""
        server = KacheServer(urls).start()
        self.addCleanup(server.kill)
        self.client = KacheClient(server.address)
        self.addCleanup(self.client.close)
        return server

    def assert_reason(self, url, reason, answer, advice):
        """`answer`: a part of Redis's answer, `advice`: of what kachectl doctor says to do."""
        server = self.look_at(url)
        wait_until(lambda: self.client.status().nodes[0].reason == reason,
                   reason)
        line = rf'warn kache-server the node [a-z ]+ node=\S+ reason={reason} error="[^\n]*{answer}'
        wait_until(lambda: re.search(line, server.log), f"{line} in {server.log}", seconds=10)
        doctor = run(paths.CTL, "doctor", "--server", server.address)
        self.assertIn(advice, " ".join(doctor.text.split()))
        # It is tried again all the while.
        self.assertEqual(len(re.findall(line, server.log)), 1, server.log)
        self.assertNotIn(PASSWORD, server.log)

    def app(self, node, *rules):
        node.call("ACL", "SETUSER", "app", "on", f">{PASSWORD}", *rules)
        return f"redis://app:{PASSWORD}@{node.url}"

    def test_a_renamed_command(self):
        node = self.node("--rename-command", "INFO", "")
        self.assert_reason(node.url, "no_command", "unknown command", "rename-command")

    def test_a_command_that_the_user_may_not_run(self):
        url = self.app(self.node(), "~kache:*", "+@all", "-@dangerous")
        self.assert_reason(url, "no_perm", "NOPERM.*'info'.*ACL SETUSER", "ACL SETUSER")

    def test_a_key_pattern_that_does_not_fit(self):
        url = self.app(self.node(), "~cache:*", "+@all")
        self.assert_reason(url, "no_perm_for_key", "KEY_PREFIX", "KEY_PREFIX")

    def test_a_wrong_password(self):
        node = self.node()
        self.app(node, "~kache:*", "+@all")
        self.assert_reason(f"redis://app:wrong@{node.url}", "auth_failed", "WRONGPASS.*REDIS_URLS",
                           "REDIS_URLS")

    def test_no_room_for_clients(self):
        node = self.node()
        node.call("CONFIG", "SET", "maxclients", 2)
        taken = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(2)]
        for each in taken:
            self.addCleanup(each.close)
            each.sendall(b"PING\r\n")
        self.assert_reason(node.url, "too_many_clients", "max number of clients.*maxclients",
                           "maxclients")

    def test_a_sentinel(self):
        folder = self.node().folder
        sentinel = Sentinel(folder).start()
        self.addCleanup(sentinel.kill)
        self.assert_reason(sentinel.url, "sentinel", "a Sentinel", "Redis servers themselves")

    def test_a_replica(self):
        master = self.node()
        replica = self.node("--replicaof", f"127.0.0.1 {master.port}", name="replica")
        self.assert_reason(replica.url, "not_a_master", "only a master", "REPLICAOF NO ONE")

    def test_a_foreign_program(self):
        gateway = KacheGateway(["127.0.0.1:1"]).start()
        self.addCleanup(gateway.kill)
        wait_until(lambda: gateway.answers("/livez"), "HTTP")
        self.assert_reason(f"127.0.0.1:{gateway.port}", "not_redis", "can't be read",
                           "Another program")

    def test_writes_that_a_renamed_command_refuses(self):
        node = self.node("--rename-command", "EVALSHA", "")
        self.assert_reason(node.url, "no_command", "unknown command 'EVALSHA'", "rename-command")

    def test_it_is_mended_without_a_restart(self):
        node = self.node()
        server = self.look_at(self.app(node, "~kache:*", "+@all", "-@dangerous"))
        wait_until(lambda: self.client.status().nodes[0].reason == "no_perm", "DOWN")
        self.app(node, *self.documented_rules())
        server.wait_up()
        self.client.put(b"k", b"v")
        self.assertEqual(self.client.get(b"k").value, b"v")

    @staticmethod
    def documented_rules():
        """The line of docs/operations.md."""
        text = (paths.ROOT / "docs" / "operations.md").read_text()
        (line,) = re.findall(r"(?m)^(~kache:\* resetchannels -@all .*)$", text)
        return ["reset", "on", f">{PASSWORD}", *line.split()]


if __name__ == "__main__":
    unittest.main()
