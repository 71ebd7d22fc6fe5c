"""Why is a node down? Each cause has a reason of its own, and the log has, at its default level, what
Redis answered and what to do."""

import pathlib
import re
import socket
import tempfile
import threading
import unittest

from harness import paths
from harness.certificates import Authority
from harness.command import run
from harness.grpc_client import KacheClient
from harness.kache import KacheGateway, KacheServer
from harness.redis_server import RedisServer
from harness.tls import context_of
from harness.waiting import wait_until

PASSWORD = "app-password-12345"


class Sentinel(RedisServer):
    def __init__(self, folder):
        super().__init__("sentinel", folder=folder)
        (self.folder / "sentinel.conf").write_text(f"port {self.port}\nbind 127.0.0.1\n")
        self.command = [paths.REDIS, str(self.folder / "sentinel.conf"), "--sentinel"]


class Stranger:
    """A program that is no Redis server: says `words` to whoever has sent something, and hangs up;
    or with `words` None is silent."""

    def __init__(self, case, words):
        self.words = words
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = "127.0.0.1:%d" % self.listening.getsockname()[1]
        case.addCleanup(self.close)
        self.taken = []
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            if self.words is None:
                self.taken.append(connection)
                continue
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(self.words)
                except OSError:
                    pass

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for each in (self.listening, *self.taken):
            each.close()


class ReasonsCase(unittest.TestCase):
    def node(self, *options, name="node"):
        node = RedisServer(name, options=options).start()
        self.addCleanup(node.kill)
        return node

    def look_at(self, *urls, **settings):
        """A coordinator with these nodes."""
        server = KacheServer(urls, settings).start()
        self.addCleanup(server.kill)
        self.client = KacheClient(server.address)
        self.addCleanup(self.client.close)
        return server

    def assert_reason(self, url, reason, answer, advice, **settings):
        """`answer`: a part of Redis's answer, `advice`: of what kachectl doctor says to do."""
        server = self.look_at(url, **settings)
        wait_until(lambda: self.client.status().nodes[0].reason == reason,
                   reason)
        line = rf'warn kache-server the node [a-z ]+ node=\S+ reason={reason} error="[^\n]*{answer}'
        wait_until(lambda: re.search(line, server.log), f"{line} in {server.log}", seconds=10)
        doctor = run(paths.CTL, "doctor", "--server", server.address)
        self.assertIn(advice, " ".join(doctor.text.split()))
        # It is tried again all the while.
        self.assertEqual(len(re.findall(line, server.log)), 1, server.log)
        self.assertNotIn(PASSWORD, server.log)


class ReasonsTest(ReasonsCase):
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
        for url in (sentinel.url, f"redis://:{PASSWORD}@{sentinel.url}/3"):
            self.assert_reason(url, "sentinel", "a Sentinel", "Redis servers themselves")

    def test_a_replica(self):
        master = self.node()
        replica = self.node("--replicaof", f"127.0.0.1 {master.port}", name="replica")
        self.assert_reason(replica.url, "not_a_master", "only a master", "REPLICAOF NO ONE")

    def test_a_foreign_program(self):
        gateway = KacheGateway(["127.0.0.1:1"]).start()
        self.addCleanup(gateway.kill)
        wait_until(lambda: gateway.answers("/livez"), "HTTP")
        self.assert_reason(f"127.0.0.1:{gateway.port}", "not_redis",
                           "its answer begins with 'HTTP/1.1 400 Bad Request'", "Another program")

    def test_any_other_program(self):
        for words in (b"SSH-2.0-OpenSSH_9.6\r\n", b"\x4a\0\0\0\n8.0.36\0", b"<!DOCTYPE HTML>\n"):
            self.assert_reason(Stranger(self, words).url, "not_redis", "its answer begins with",
                               "Another program")

    def test_a_program_that_hangs_up(self):
        self.assert_reason(Stranger(self, b"").url, "closed_unanswered", "without an answer",
                           "another program")

    def test_a_program_that_is_silent(self):
        self.assert_reason(Stranger(self, None).url, "unresponsive", "accepted the connection",
                           "Connected, but silent")

    def test_nobody(self):
        self.assert_reason("127.0.0.1:1", "connection_refused", "connection refused",
                           "Nothing listens there")
        self.assert_reason("nowhere.invalid:1", "name_not_found", "cannot look up",
                           "does not resolve")

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


class TlsReasonsTest(ReasonsCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        cls.addClassCleanup(folder.cleanup)
        cls.ca = Authority(pathlib.Path(folder.name))
        cls.pair = cls.ca.issue("redis")
        cls.me = cls.ca.issue("me")

    def tls_node(self, *options):
        node = RedisServer("node", options=(
            "--tls-cert-file", self.pair[0], "--tls-key-file", self.pair[1],
            "--tls-ca-cert-file", self.ca.cert, *options))
        node.set_tls(context_of(self.ca.cert, self.me), None)
        node.start()
        self.addCleanup(node.kill)
        return node

    def look_at(self, *urls, **settings):
        return super().look_at(*urls, REDIS_TLS_CA_FILE=self.ca.cert, **settings)

    def test_a_tls_port_without_tls(self):
        node = self.tls_node("--tls-auth-clients", "no")
        self.assert_reason(node.url, "closed_unanswered", "rediss://", "rediss://")

    def test_a_plain_port_with_tls(self):
        self.assert_reason(f"rediss://{self.node().url}", "tls_failed", "redis://", "redis://")

    def test_another_program_with_tls(self):
        for words, answer in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
                              (b"", "ended the connection within the TLS handshake")):
            self.assert_reason(f"rediss://{Stranger(self, words).url}", "tls_failed", answer,
                               "redis://")

    def test_a_certificate_is_asked_for(self):
        node = self.tls_node()
        self.assert_reason(f"rediss://{node.url}", "tls_failed", "certificate required",
                           "REDIS_TLS_CERT_FILE")

    def test_a_certificate_of_another_host(self):
        node = self.tls_node("--tls-auth-clients", "no", "--bind", "127.0.0.1", "127.0.0.2")
        self.look_at(f"rediss://localhost:{node.port}").wait_up()
        self.assert_reason(f"rediss://127.0.0.2:{node.port}", "tls_failed", "IP address mismatch",
                           "REDIS_URLS writes it")

    def test_no_room_for_clients(self):
        """Redis ends the connection before TLS: it cannot say why."""
        node = self.tls_node("--tls-auth-clients", "no")
        node.call("CONFIG", "SET", "maxclients", 1)
        taken = node.connect()
        self.addCleanup(taken.close)
        self.assert_reason(f"rediss://{node.url}", "tls_failed", "maxclients", "No TLS with it")


if __name__ == "__main__":
    unittest.main()
