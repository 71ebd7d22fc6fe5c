"""Addresses of Redis servers mean the same to kache-server and to kachectl doctor, and a server
without a name can move to another address."""

import pathlib
import tempfile
import unittest
import urllib.parse

from harness import paths
from harness.command import run
from harness.grpc_client import KacheClient
from harness.kache import KacheServer
from harness.ports import free_port
from harness.redis_server import RedisServer
from harness.waiting import wait_until

PASSWORD = "p@ss/w:rd#1%=+?"
ENCODED = urllib.parse.quote(PASSWORD, safe="")


def start_redis(test, *options):
    redis = RedisServer(options=options)
    # PING may want a password.
    super(RedisServer, redis).start()
    test.addCleanup(redis.stop)
    return redis


def start_server(test, urls):
    server = KacheServer(urls).start()
    test.addCleanup(server.stop)
    return server.wait_up()


class PasswordFileTest(unittest.TestCase):
    """User and passwords beside REDIS_URLS, exchanged while everything runs."""

    def test_passwords_are_exchanged_without_a_restart(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        common, own = (pathlib.Path(folder.name, name) for name in ("common", "own"))
        common.write_text("old\n")
        own.write_text("other\n")
        redis = [start_redis(self, "--user", "kache", "on", f">{password}", "~*", "&*", "+@all")
                 for password in ("old", "other")]
        settings = {"REDIS_URLS": f"{redis[0].url},b={redis[1].url}", "REDIS_USERNAME": "kache",
                    "REDIS_PASSWORD_FILE": f"{common}, b={own}"}
        server = KacheServer([], settings).start()
        self.addCleanup(server.stop)
        server.wait_up()
        ended = run(paths.CTL, "doctor", "--server", server.address, "--json", settings=settings)
        self.assertNotIn("password", ended.text)

        for node, old, new, file in ((redis[0], "old", "new", common),
                                     (redis[1], "other", "another", own)):
            self.assertIn(b"user=kache", node.call("CLIENT", "LIST"))
            node.call("ACL", "SETUSER", "kache", f">{new}")
            file.with_suffix(".next").write_text(new)
            file.with_suffix(".next").rename(file)
            wait_until(lambda: server.log.count(f"read again file={file}") == 1, "it is read again")
            node.call("ACL", "SETUSER", "kache", f"<{old}")
            node.call("CLIENT", "KILL", "USER", "kache")
            server.wait_up()
        with KacheClient(server.address) as client:
            client.put(b"k", b"v")
            self.assertEqual(client.get(b"k").value, b"v")
        self.assertNotIn("auth_failed", server.log)

    def test_a_file_that_is_missing_ends_the_start(self):
        server = KacheServer(["127.0.0.1:1"], {"REDIS_PASSWORD_FILE": "/no/such/file"}).start()
        self.addCleanup(server.kill)
        self.assertEqual(server.wait(60), 1)
        self.assertIn("cannot read /no/such/file", server.log)


class PasswordTest(unittest.TestCase):
    """Two servers with one password, full of what a URL must percent-encode."""

    def setUp(self):
        self.redis = [start_redis(self, "--requirepass", PASSWORD) for _ in range(2)]
        self.server = start_server(self, [
            f"redis://:{ENCODED}@{self.redis[0].url}", f"b=redis://default:{ENCODED}@{self.redis[1].url}/2"])
        self.urls = self.server.settings["REDIS_URLS"]
        self.names = [self.redis[0].url, f"b ({self.redis[1].url})"]

    def doctor(self, *arguments, settings=None, code=0):
        """(its findings on Redis, all that it printed)"""
        ended = run(paths.CTL, "doctor", "--server", self.server.address, *arguments, "--json",
                    settings=settings)
        self.assertEqual(ended.code, code, f"{ended.text}\n{ended.err}")
        findings = ended.json()["findings"] if ended.out else []
        return [f for f in findings if f["check"] == "redis"], ended.text + ended.err

    def assert_looked_at(self, found):
        self.assertEqual([f["message"] for f in found],
                         [f"{name}: has no memory limit" for name in self.names])

    def test_one_string_serves_both(self):
        self.assert_looked_at(self.doctor("--redis", self.urls)[0])
        self.assert_looked_at(self.doctor(settings={"REDIS_URLS": self.urls})[0])
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, ".env.local")
            file.write_text(f'REDIS_URLS="{self.urls.replace(",", " , ")}"\n')
            self.assert_looked_at(self.doctor("--env-file", file)[0])

    def test_a_password_that_is_not_encoded_is_refused_by_both(self):
        raw = f"redis://:{PASSWORD}@{self.redis[0].url}"
        server = run(paths.SERVER, settings={"REDIS_URLS": raw})
        self.assertEqual(server.code, 2)
        self.assertIn("REDIS_URLS: entry 1: ", server.err)
        for arguments, settings in ((("--redis", raw), None), ((), {"REDIS_URLS": raw})):
            _, shown = self.doctor(*arguments, settings=settings, code=2)
            self.assertEqual(shown.split("entry 1: ")[1], server.err.split("entry 1: ")[1])
            self.assertIn("'/' as %2F", shown)
            self.assertNotIn("rd#1", shown + server.err)

    def test_a_wrong_password_is_told_without_asking_for_it_on_the_command_line(self):
        for url, reason in ((self.redis[0].url, "INFO was refused (NOAUTH)"),
                            (f"redis://:canary@{self.redis[0].url}", "AUTH was refused (WRONGPASS)")):
            found, shown = self.doctor("--redis", url, code=1)
            self.assertEqual([f["message"] for f in found], [f"{self.redis[0].url}: {reason}"])
            self.assertIn("password in REDIS_URLS", found[0]["advice"])
            self.assertNotIn("--redis", found[0]["advice"])
            self.assertNotIn("canary", shown)

    def test_without_a_list_it_says_where_to_put_one(self):
        found, _ = self.doctor()
        self.assertEqual([f["level"] for f in found], ["skipped"])
        self.assertIn("REDIS_URLS", found[0]["advice"])
        self.assertNotIn("--redis", found[0]["advice"])


class MovedServerTest(unittest.TestCase):
    def test_keeps_the_name_that_it_had_by_default(self):
        old, stays, new = (start_redis(self) for _ in range(3))
        server = start_server(self, [old.url, stays.url])
        with KacheClient(server.address) as client:
            before = client.status()
            client.put(b"k", b"v", consistency=client.pb.CONSISTENCY_ALL)
        server.stop()
        old.kill()
        server = start_server(self, [f"{old.url}={new.url}", stays.url])
        with KacheClient(server.address) as client:
            after = client.status()
            self.assertEqual(client.get(b"k").value, b"v")
        self.assertEqual([n.name for n in after.nodes], [old.url, stays.url])
        self.assertEqual([n.address for n in after.nodes], [new.url, stays.url])
        self.assertEqual(after.ring_fingerprint, before.ring_fingerprint)
        self.assertEqual(new.call("EXISTS", "kache:d:k"), 1)

    def test_a_name_that_is_no_address_is_refused(self):
        ended = run(paths.SERVER, settings={"REDIS_URLS": f"host:port=localhost:{free_port()}"})
        self.assertEqual(ended.code, 2)
        self.assertIn("REDIS_URLS: entry 1: the name before the '='", ended.err)


if __name__ == "__main__":
    unittest.main()
