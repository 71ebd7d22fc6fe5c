"""TLS on gRPC, on HTTP and to Redis: who is let in, who is not, and certificates that change."""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import grpc
from harness import paths
from harness.certificates import Authority
from harness.grpc_client import KacheClient
from harness.hosts import Hosts
from harness.kache import KacheGateway, KacheServer
from harness.process import clean_environment
from harness.redis_server import RedisServer
from harness.rest import RestClient
from harness.tls import context_of
from harness.waiting import wait_until


class CertifiedCase(unittest.TestCase):
    """An authority, and another one that nobody trusts."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.ca = Authority(cls.folder)
        cls.other = Authority(cls.folder, "other")
        cls.me = cls.ca.issue("client")

    @classmethod
    def started(cls, process):
        cls.addClassCleanup(process.stop)
        process.start()
        return process


class TlsCase(CertifiedCase):
    """One Redis without TLS, a server and a gateway that ask for certificates from one authority."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pair = cls.ca.issue("kache")
        cls.stranger = cls.other.issue("stranger")
        cls.expired = cls.ca.issue("expired", days=-1)
        cls.redis = cls.started(RedisServer())
        cls.server = KacheServer([cls.redis.url], {
            "GRPC_TLS_CERT_FILE": cls.pair[0], "GRPC_TLS_KEY_FILE": cls.pair[1],
            "GRPC_TLS_CLIENT_CA_FILE": cls.ca.cert})
        cls.server.client_options = {"ca": cls.ca.cert, "pair": cls.me}
        cls.started(cls.server).wait_up()
        cls.gateway = KacheGateway([cls.server.address], {
            "HTTP_TLS_CERT_FILE": cls.pair[0], "HTTP_TLS_KEY_FILE": cls.pair[1],
            "HTTP_TLS_CLIENT_CA_FILE": cls.ca.cert, "HTTP_READ_TIMEOUT_SECONDS": 1,
            "KACHE_TLS_CA_FILE": cls.ca.cert, "KACHE_TLS_CERT_FILE": cls.me[0],
            "KACHE_TLS_KEY_FILE": cls.me[1]})
        cls.gateway.tls = context_of(cls.ca.cert, cls.me)
        cls.started(cls.gateway).wait_ready()

    def grpc(self, **options):
        client = KacheClient(self.server.address, timeout=3, **options)
        self.addCleanup(client.close)
        return client

    def rest(self, context):
        return RestClient(self.gateway.port, tls=context)

    def assert_no_grpc(self, **options):
        with self.assertRaises(grpc.RpcError) as raised:
            self.grpc(**options).get(b"k")
        self.assertIn(raised.exception.code(),
                      (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED))

    def assert_no_https(self, context):
        # With TLS 1.3 a client learns only by the first read that its certificate is not liked.
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.rest(context).request("GET", "/livez")


class MutualTlsTest(TlsCase):
    def test_the_whole_way(self):
        rest = self.rest(context_of(self.ca.cert, self.me))
        self.assertEqual(rest.put_raw("k", b"v" * 100000).status, 200)
        self.assertEqual(self.grpc(ca=self.ca.cert, pair=self.me).get(b"k").value, b"v" * 100000)
        body = rest.get("k", accept="application/octet-stream").body
        self.assertEqual(body, b"v" * 100000)

    def test_grpc_lets_nobody_else_in(self):
        self.assert_no_grpc()  # plain text
        self.assert_no_grpc(ca=self.ca.cert)  # no certificate
        self.assert_no_grpc(ca=self.ca.cert, pair=self.stranger)
        self.assert_no_grpc(ca=self.ca.cert, pair=self.expired)
        self.assert_no_grpc(ca=self.other.cert, pair=self.me)  # the client does not trust us

    def test_https_lets_nobody_else_in(self):
        self.assert_no_https(context_of(self.ca.cert))
        self.assert_no_https(context_of(self.ca.cert, self.stranger))
        self.assert_no_https(context_of(self.ca.cert, self.expired))
        self.assert_no_https(context_of(self.other.cert, self.me))

    def test_the_metrics_port_lets_nobody_else_in(self):
        def scrape(context, method="GET"):
            return RestClient(self.server.metrics_port, tls=context).request(method, "/metrics")

        mine = context_of(self.ca.cert, self.me)
        self.assertIn(b"kache_node_state", scrape(mine).body)
        self.assertEqual(scrape(mine, "HEAD").status, 200)
        for context in (context_of(self.ca.cert), context_of(self.ca.cert, self.stranger)):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                scrape(context)

    def test_plain_text_to_the_https_port(self):
        with socket.create_connection(("127.0.0.1", self.gateway.port), 5) as plain:
            plain.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = b""
            try:
                while more := plain.recv(4096):
                    answer += more
            except ConnectionResetError:
                pass
        self.assertNotIn(b"HTTP/1.1", answer)
        self.assertIn('kache_gateway_rejected_total{reason="tls"}',
                      self.rest(self.gateway.tls).request("GET", "/metrics").body.decode())

    def test_old_versions_are_refused(self):
        for context in (context_of(self.ca.cert, self.me),):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
            self.assert_no_https(context)

    def test_clients_check_the_servers_name(self):
        pair = self.ca.issue("elsewhere", hosts="DNS:elsewhere")
        server = KacheServer([self.redis.url], {
            "GRPC_TLS_CERT_FILE": pair[0], "GRPC_TLS_KEY_FILE": pair[1]})
        server.start()
        self.addCleanup(server.stop)
        open_port = context_of(self.ca.cert, check=False)

        def speaks_tls():
            with socket.create_connection(("127.0.0.1", server.port), 5) as tcp:
                return open_port.wrap_socket(tcp).version()

        wait_until(speaks_tls, "it serves")
        self.assertEqual(self.ctl("--server", server.address, "health").returncode, 1)

    def ctl(self, *words, **settings):
        every = {"KACHE_TLS_CA_FILE": self.ca.cert, "KACHE_TLS_CERT_FILE": self.me[0],
                 "KACHE_TLS_KEY_FILE": self.me[1], **settings}
        return subprocess.run([paths.CTL, *words], capture_output=True, text=True, timeout=30,
                              env=clean_environment(every))

    def test_kachectl(self):
        where = ("--server", self.server.address)
        run = self.ctl(*where, "put", "ctl", "v")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.ctl(*where, "get", "ctl").stdout, "v")
        wrong = self.ctl(*where, "get", "ctl", KACHE_TLS_CA_FILE=str(self.me[1]))
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("no certificates of authorities", wrong.stderr)

    def test_kache_bench(self):
        run = subprocess.run(
            [paths.BENCH, "--server", self.server.address, "--duration", "200ms", "--warmup", "0",
             "--keys", "50"], capture_output=True, text=True, timeout=60,
            env=clean_environment({"KACHE_TLS_CA_FILE": self.ca.cert,
                                   "KACHE_TLS_CERT_FILE": self.me[0],
                                   "KACHE_TLS_KEY_FILE": self.me[1]}))
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_health_of_the_programs_themselves(self):
        for process, program, words in ((self.server, paths.SERVER, ["--health"]),
                                        (self.gateway, paths.GATEWAY, ["--health"])):
            run = subprocess.run([program, *words], capture_output=True, text=True, timeout=30,
                                 env=clean_environment(process.settings))
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_who_never_finishes_the_handshake_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.gateway.port), 10) as slow:
            slow.sendall(b"\x16\x03\x01")
            began = time.monotonic()
            self.assertEqual(slow.recv(100), b"")
            self.assertLess(time.monotonic() - began, 8)

    def test_slow_loris_over_tls(self):
        with socket.create_connection(("127.0.0.1", self.gateway.port), 10) as tcp:
            with context_of(self.ca.cert, self.me).wrap_socket(tcp, server_hostname="localhost") as slow:
                slow.sendall(b"GET /livez HTTP/1.1\r\nX: ")
                self.assertIn(b" 408 ", slow.recv(1000).split(b"\r\n")[0])

    def test_oversized_head_over_tls(self):
        with socket.create_connection(("127.0.0.1", self.gateway.port), 10) as tcp:
            with context_of(self.ca.cert, self.me).wrap_socket(tcp, server_hostname="localhost") as big:
                big.sendall(b"GET /livez HTTP/1.1\r\nX: " + b"x" * 70000 + b"\r\n\r\n")
                self.assertIn(b" 431 ", big.recv(1000).split(b"\r\n")[0])

    def test_many_connections_at_once(self):
        context = context_of(self.ca.cert, self.me)
        open_ones = []
        try:
            for _ in range(300):
                tcp = socket.create_connection(("127.0.0.1", self.gateway.port), 20)
                open_ones.append(context.wrap_socket(tcp, server_hostname="localhost"))
            for one in open_ones:
                one.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            for one in open_ones:
                self.assertIn(b" 200 ", one.recv(1000).split(b"\r\n")[0])
        finally:
            for one in open_ones:
                one.close()

    def test_pipelined_and_kept_alive(self):
        with socket.create_connection(("127.0.0.1", self.gateway.port), 10) as tcp:
            with context_of(self.ca.cert, self.me).wrap_socket(tcp, server_hostname="localhost") as one:
                one.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n" * 3
                            + b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                answer = b""
                while more := one.recv(4096):  # ends with a proper goodbye: no SSLEOFError
                    answer += more
                self.assertEqual(answer.count(b"HTTP/1.1 200 "), 4)


class ExchangeTest(TlsCase):
    def serial(self, port):
        context = context_of(self.ca.cert, self.me)
        with socket.create_connection(("127.0.0.1", port), 5) as tcp:
            context.set_alpn_protocols(["h2", "http/1.1"])
            with context.wrap_socket(tcp, server_hostname="localhost") as one:
                return one.getpeercert()["serialNumber"]

    def test_a_certificate_is_exchanged_while_running(self):
        ports = (self.gateway.port, self.server.port)
        before = [self.serial(port) for port in ports]
        self.assertEqual(before[0], before[1])
        old = self.grpc(ca=self.ca.cert, pair=self.me)
        old.get(b"k")
        self.ca.issue("new", into="kache")
        wait_until(lambda: all(self.serial(port) != before[0] for port in ports), "both show it")
        old.get(b"k")  # what is open goes on
        self.assertEqual(self.rest(self.gateway.tls).put_raw("k", b"v").status, 200)
        # Nonsense is not taken over.
        now = self.serial(self.gateway.port)
        good = self.pair[0].read_bytes()
        self.pair[0].write_text("nonsense")
        wait_until(lambda: "new certificates are wrong" in self.gateway.log, "a warning")
        self.assertEqual(self.serial(self.gateway.port), now)
        self.pair[0].write_bytes(good)

    def test_the_clients_certificate_is_exchanged(self):
        self.ca.issue("newer", into="client")
        self.server.stop()
        self.server.start()
        self.server.wait_up()
        self.gateway.wait_ready()
        self.assertEqual(self.rest(context_of(self.ca.cert, self.me)).put_raw("k", b"v").status, 200)


class RedisTlsTest(CertifiedCase):
    """A Redis server that speaks TLS only, and asks for certificates."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pair = cls.ca.issue("redis")
        cls.redis = RedisServer(options=(
            "--tls-cert-file", cls.pair[0], "--tls-key-file", cls.pair[1],
            "--tls-ca-cert-file", cls.ca.cert, "--requirepass", "hunter2hunter2",
            "--bind", "127.0.0.1", "127.0.0.2"))
        cls.redis.set_tls(context_of(cls.ca.cert, cls.me), "hunter2hunter2")
        cls.started(cls.redis)

    def settings(self, **changes):
        every = {"REDIS_TLS_CA_FILE": self.ca.cert, "REDIS_TLS_CERT_FILE": self.me[0],
                 "REDIS_TLS_KEY_FILE": self.me[1]} | changes
        return {name: value for name, value in every.items() if value is not None}

    def server(self, host="127.0.0.1", scheme="rediss", hosts=None, **changes):
        url = f"node={scheme}://:hunter2hunter2@{host}:{self.redis.port}"
        server = KacheServer([url], self.settings(**changes))
        if hosts:
            server.group = Hosts(server.folder, hosts)
        self.addCleanup(server.stop)
        server.start()
        return server

    def assert_down(self, server, reason):
        def seen():
            with KacheClient(server.address) as client:
                return client.status().nodes[0].reason == reason

        wait_until(seen, reason)

    def test_values_of_all_sizes(self):
        server = self.server().wait_up()
        with KacheClient(server.address) as client:
            for size in (0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 100_000, 1 << 20):
                value = bytes(i % 251 for i in range(size))
                client.put(b"size-%d" % size, value)
                self.assertEqual(client.get(b"size-%d" % size).value, value)
            pb = client.pb
            entries = [pb.BatchPutRequest.Entry(key=b"b%d" % i, value=b"v" * 2000)
                       for i in range(1000)]
            client.stub.BatchPut(pb.BatchPutRequest(entries=entries), timeout=10)
            got = client.stub.BatchGet(pb.BatchGetRequest(keys=[e.key for e in entries]),
                                       timeout=10)
            self.assertTrue(all(r.response.value == b"v" * 2000 for r in got.results))

    def test_by_name(self):
        self.server(host="localhost").wait_up()

    @unittest.skipIf(os.geteuid() != 0, "namespaces need root")
    def test_by_a_name_with_a_trailing_dot(self):
        """It says that the name is whole. No certificate has it."""
        self.server(host="localhost.", hosts="127.0.0.1 localhost localhost.\n").wait_up()

    def test_refusals(self):
        stranger = self.other.issue("stranger")
        for changes in ({"REDIS_TLS_CA_FILE": self.other.cert},
                        {"REDIS_TLS_CA_FILE": None}):  # the system's authorities
            server = self.server(**changes)
            self.assert_down(server, "tls_failed")
        # The server refuses us once our side of the handshake is done (TLS 1.3).
        server = self.server(REDIS_TLS_CERT_FILE=stranger[0], REDIS_TLS_KEY_FILE=stranger[1])
        self.assert_down(server, "tls_failed")
        self.assert_down(self.server(scheme="redis"), "closed_unanswered")

    def doctor(self, host="localhost", scheme="rediss", **changes):
        """What kachectl doctor finds on the Redis server itself."""
        url = f"{scheme}://:hunter2hunter2@{host}:{self.redis.port}"
        run = subprocess.run(
            [paths.CTL, "--server", "localhost:1", "doctor", "--redis", url, "--json"],
            text=True, capture_output=True, timeout=30,
            env=clean_environment({k: v for k, v in self.settings(**changes).items() if v}))
        self.assertNotIn("hunter2", run.stdout + run.stderr)
        findings = json.loads(run.stdout)["findings"]
        return [f["message"] for f in findings if f["check"] == "redis"]

    def test_doctor(self):
        for host in ("localhost", "127.0.0.1"):
            self.assertEqual(self.doctor(host),
                             [f"{host}:{self.redis.port}: has no memory limit"])

    def test_doctor_says_why_not(self):
        stranger = self.other.issue("stranger")
        wrong_pair = {"REDIS_TLS_CERT_FILE": stranger[0], "REDIS_TLS_KEY_FILE": stranger[1]}
        for reason, arguments in {
                "certificate verify failed": {"REDIS_TLS_CA_FILE": self.other.cert},
                "IP address mismatch": {"host": "127.0.0.2"},
                "no TLS": wrong_pair,
                "reset|closed": {"scheme": "redis"},
                "/nowhere/ca.crt": {"REDIS_TLS_CA_FILE": "/nowhere/ca.crt"}}.items():
            found = self.doctor(**arguments)
            self.assertEqual(len(found), 1, found)
            self.assertRegex(found[0], reason)

    def test_another_hosts_certificate(self):
        self.assert_down(self.server(host="127.0.0.2"), "tls_failed")

    def test_expired(self):
        pair = self.ca.issue("expired", days=-1)
        redis = RedisServer(options=("--tls-cert-file", pair[0], "--tls-key-file", pair[1],
                                     "--tls-ca-cert-file", self.ca.cert))
        redis.set_tls(context_of(self.ca.cert, self.me, check=False), None)
        self.addCleanup(redis.stop)
        redis.start()
        server = KacheServer([f"rediss://127.0.0.1:{redis.port}"], self.settings())
        self.addCleanup(server.stop)
        server.start()
        self.assert_down(server, "tls_failed")

    def test_tls_to_a_plain_server(self):
        redis = RedisServer()
        self.addCleanup(redis.stop)
        redis.start()
        server = KacheServer([f"rediss://127.0.0.1:{redis.port}"], self.settings())
        self.addCleanup(server.stop)
        server.start()
        self.assert_down(server, "tls_failed")  # it waits for the end of a line

    def test_redis_restarts(self):
        server = self.server().wait_up()
        self.redis.kill()
        wait_until(lambda: server.nodes_up() == 0, "it is noticed")
        self.redis.start()
        server.wait_up()

    def test_wrong_files_stop_the_start(self):
        run = subprocess.run(
            [paths.SERVER], capture_output=True, text=True, timeout=30, env=clean_environment({
                "REDIS_URLS": "rediss://a:1", "REDIS_TLS_CA_FILE": self.me[1],
                "GRPC_LISTEN_ADDRESS": "127.0.0.1:0", "METRICS_LISTEN_ADDRESS": "127.0.0.1:0"}))
        self.assertEqual(run.returncode, 1)
        self.assertIn("no certificates of authorities", run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
