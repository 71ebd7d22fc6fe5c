"""API tokens: who may do what over gRPC and HTTP, and how often."""

import base64
import os
import subprocess
import tempfile
import time
import unittest

import grpc
from harness import paths
from harness.case import SystemCase
from harness.grpc_client import KacheClient, advised_wait
from harness.kache import KacheGateway, fetch
from harness.process import clean_environment
from harness.rest import RestClient, key_path
from harness.tokens import TokenFile
from harness.waiting import wait_until

_OPEN = ("/livez", "/readyz", "/ping")
_CLOSED = ("/", "/docs", "/openapi.json", "/assets/page.js", "/status", "/metrics",
           "/api/v1/keys/k", "/api/v1/locate/k", "/no/such/path")


class TokensCase(SystemCase):
    """Servers and gateway share one file of tokens; the gateway is known to the servers by its own."""

    SERVER = {}
    GATEWAY = {}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
        cls.addClassCleanup(folder.cleanup)
        cls.file = TokenFile(folder.name)
        for role in ("read", "write", "admin"):
            cls.file.add(role, role)
        cls.own = os.path.join(folder.name, "own")
        with open(cls.own, "w") as own:
            own.write(cls.file.add("gateway", "write") + "\n")
        cls.SYSTEM = {
            "redis": 2, "token": cls.file.tokens["admin"],
            "server_settings": {"TOKENS_FILE": cls.file.path, **cls.SERVER},
            "gateway_settings": {"TOKENS_FILE": cls.file.path, "KACHE_TOKEN_FILE": cls.own,
                                 "LOG_LEVEL": "debug", **cls.GATEWAY},
        }
        super().setUpClass()

    def client(self, role=None, token=None):
        client = KacheClient(self.system.server.address, token=token or self.file.tokens.get(role))
        self.addCleanup(client.close)
        return client

    def http(self, role=None, token=None):
        return RestClient(self.system.gateway.port, token=token or self.file.tokens.get(role))

    def assert_refused(self, code, call, *arguments, **more):
        with self.assertRaises(grpc.RpcError) as raised:
            call(*arguments, **more)
        self.assertEqual(raised.exception.code(), code, raised.exception.details())
        return raised.exception


class PipesTest(TokensCase):
    """Files that are pipes: they are read once, and a start never hangs."""

    def gateway(self, token_file):
        gateway = KacheGateway([self.system.server.address], {
            "TOKENS_FILE": self.file.path, "KACHE_TOKEN_FILE": token_file})
        self.addCleanup(gateway.kill)
        return gateway.start()

    def test_a_token_may_come_through_a_pipe(self):
        pipe = os.path.join(os.path.dirname(self.own), "pipe")
        os.mkfifo(pipe, 0o600)
        gateway = self.gateway(pipe)
        with open(self.own) as own, open(pipe, "w") as writer:
            writer.write(own.read())
        gateway.wait_ready()
        # Longer than a file is read again.
        wait_until(lambda: fetch(gateway.url + "/metrics")[0] == 401, "the gateway asks for tokens")
        rest = RestClient(gateway.port, token=self.file.tokens["write"])
        begin = time.monotonic()
        while time.monotonic() - begin < 3:
            self.assertEqual(rest.put_raw("k", b"v").status, 200)
        self.assertNotIn("wrong", gateway.log)

    def test_a_pipe_that_nobody_writes_ends_the_start(self):
        pipe = os.path.join(os.path.dirname(self.own), "dry")
        os.mkfifo(pipe, 0o600)
        gateway = self.gateway(pipe)
        self.assertEqual(gateway.wait(60), 1)
        self.assertIn("nothing has come through the pipe", gateway.log)


class RolesTest(TokensCase):
    def test_grpc_without_a_token_and_with_a_wrong_one(self):
        for client in (self.client(), self.client(token="x" * 43)):
            for call in (lambda: client.get(b"k"), lambda: client.put(b"k", b"v"),
                         lambda: client.locate(b"k"), client.status):
                self.assert_refused(grpc.StatusCode.UNAUTHENTICATED, call)
            self.assertEqual(client.check(), client.health_pb.HealthCheckResponse.SERVING)

    def test_grpc_roles(self):
        pb = KacheClient.pb
        denied = grpc.StatusCode.PERMISSION_DENIED
        read, write, admin = (self.client(role) for role in ("read", "write", "admin"))
        forsake = pb.ForsakeNodeRequest(name="no-such-node")
        self.assert_refused(denied, read.put, b"k", b"v")
        self.assert_refused(denied, read.delete, b"k")
        self.assert_refused(denied, read.stub.BatchPut, pb.BatchPutRequest())
        for client in (read, write):
            self.assert_refused(denied, client.stub.ForsakeNode, forsake)
            client.locate(b"k"), client.status(), client.get(b"k")
        write.put(b"grpc", b"v")
        self.assertEqual(read.get(b"grpc").value, b"v")
        self.assert_refused(grpc.StatusCode.NOT_FOUND, admin.stub.ForsakeNode, forsake)

    def test_two_authorizations_are_none(self):
        client = self.client("write")
        more = [("authorization", f"Bearer {self.file.tokens['admin']}")]
        self.assert_refused(grpc.StatusCode.UNAUTHENTICATED, client.stub.Get,
                            client.pb.GetRequest(key=b"k"), metadata=more)

    def test_reflection_is_closed(self):
        client = self.client("admin")
        request = client.reflection_pb.ServerReflectionRequest(list_services="")
        self.assert_refused(grpc.StatusCode.UNIMPLEMENTED,
                            lambda: list(client.reflection.ServerReflectionInfo(iter([request]))))

    def pipeline(self, client, *operations):
        pb = client.pb
        request = pb.PipelineRequest(operations=[
            pb.PipelineOperation(id=i, timeout_ms=2000, **operation)
            for i, operation in enumerate(operations, 1)])
        results = {}
        for response in client.stub.Pipeline(iter([request]), timeout=10):
            results.update((result.id, result) for result in response.results)
        return results

    def test_a_stream_is_looked_at_operation_by_operation(self):
        pb = KacheClient.pb
        get = {"get": pb.GetRequest(key=b"s")}
        put = {"put": pb.PutRequest(key=b"s", value=b"v")}
        self.assert_refused(grpc.StatusCode.UNAUTHENTICATED,
                            lambda: self.pipeline(self.client(), get))
        results = self.pipeline(self.client("read"), get, put)
        self.assertFalse(results[1].HasField("error"))
        self.assertEqual(results[2].error.code, grpc.StatusCode.PERMISSION_DENIED.value[0])
        self.assertFalse(self.pipeline(self.client("write"), put)[1].HasField("error"))

    def test_http_is_closed_but_for_three_pages(self):
        for path in _OPEN:
            self.assertEqual(self.http().request("GET", path).status, 200, path)
        for path in _CLOSED:
            for rest in (self.http(), self.http(token="y" * 43)):
                answer = rest.request("GET", path)
                self.assert_error(answer, 401, "UNAUTHENTICATED")
                self.assertIn("Bearer", answer.headers["www-authenticate"])
            self.assertIn(self.http("read").request("GET", path).status, (200, 404), path)
        self.assert_error(self.http("read").request("GET", "/no/such/path"), 404, "NOT_FOUND")

    def test_http_roles(self):
        read, write = self.http("read"), self.http("write")
        batch = {"entries": [{"key": "h", "value": "v"}]}
        for refused in (read.put_raw("h", b"v"), read.delete("h"), read.post("batchPut", batch),
                        read.post("batchDelete", {"keys": ["h"]})):
            self.assert_error(refused, 403, "PERMISSION_DENIED")
        self.assertEqual(write.put_raw("h", b"v").status, 200)
        self.assertEqual(read.get("h").status, 200)
        self.assertEqual(read.post("batchGet", {"keys": ["h"]}).status, 200)

    def basic(self, role):
        pair = f"me:{self.file.tokens[role]}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def test_browsers_may_look_but_not_change(self):
        rest = self.http()
        self.assertEqual(rest.request("GET", "/", headers=self.basic("read")).status, 200)
        self.assert_error(rest.request("PUT", key_path("b"), b"v", self.basic("admin")), 401,
                          "UNAUTHENTICATED")

    def test_smuggled_authorization(self):
        token = self.file.tokens["write"].encode()
        good, bad = b"Authorization: Bearer " + token, b"Authorization: Bearer nonsense"
        for fields in (good + b"\r\n" + bad, bad + b"\r\n" + good, good + b"\r\n" + good,
                       b"X: y\r\n " + good, b"authorization : Bearer " + token,
                       b"Authorization: Bearer\t" + token, b"Authorization: Bearer",
                       b"Authorization: " + token, b"Authorization: Bearer " + b"z" * 20000):
            with self.rest.raw() as raw:
                raw.send(b"GET /status HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n\r\n")
                self.assertIn(raw.read().status, (400, 401), fields)
        # A trailer is no header.
        with self.rest.raw() as raw:
            raw.send(b"PUT /api/v1/keys/t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"0\r\n" + good + b"\r\n\r\n")
            self.assertEqual(raw.read().status, 401)

    def test_metrics_of_the_server(self):
        url = f"http://127.0.0.1:{self.system.server.metrics_port}/metrics"
        self.assertEqual(fetch(url)[0], 401)
        status, text = fetch(url, headers=self.basic("read"))
        self.assertEqual(status, 200)
        self.client()
        self.assertIn(b"kache_access_tokens 4", text)

    def test_no_token_is_ever_shown(self):
        self.http("read").request("GET", "/status")
        self.http(token=self.file.tokens["write"] + "x").request("GET", "/status")
        wait_until(lambda: "request answered" in self.system.gateway.log, "a line at debug")
        pages = self.http("admin").request("GET", "/metrics").body
        pages += self.http("admin").request("GET", "/status").body
        pages += self.system.gateway.log.encode() + self.system.server.log.encode()
        for process in (self.system.gateway, self.system.server):
            with open(f"/proc/{process.pid}/cmdline", "rb") as line:
                pages += line.read()
        for token in self.file.tokens.values():
            self.assertNotIn(token.encode(), pages)

    def ctl(self, *words, **settings):
        return subprocess.run(
            [paths.CTL, "--server", self.system.server.address, *words], text=True,
            capture_output=True, timeout=30, env=clean_environment(settings))

    def test_kachectl(self):
        refused = self.ctl("get", "k")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("KACHE_TOKEN", refused.stderr)
        token = self.file.tokens["write"]
        self.assertEqual(self.ctl("put", "ctl", "v", KACHE_TOKEN=token).returncode, 0)
        self.assertEqual(self.ctl("get", "ctl", KACHE_TOKEN_FILE=self.own).stdout, "v")
        self.assertEqual(self.ctl("health").returncode, 0)
        wrong = self.ctl("get", "k", KACHE_TOKEN="short")
        self.assertEqual(wrong.returncode, 1)
        self.assertNotIn("short", wrong.stderr)
        self.assertEqual(self.ctl("get", "k", KACHE_TOKEN=token, KACHE_TOKEN_FILE=self.own)
                         .returncode, 2)

    def test_kache_bench(self):
        for mode in ("unary", "batch", "pipeline", "rest"):
            words = ["--mode", mode, "--duration", "200ms", "--warmup", "0", "--keys", "100",
                     "--server", self.system.server.address,
                     "--gateway", f"127.0.0.1:{self.system.gateway.port}"]
            for settings, code in (({}, 1), ({"KACHE_TOKEN": self.file.tokens["write"]}, 0)):
                run = subprocess.run([paths.BENCH, *words], env=clean_environment(settings),
                                     capture_output=True, text=True, timeout=60)
                self.assertEqual(run.returncode, code, (mode, run.stderr))


class ChangesTest(TokensCase):
    def test_the_file_is_read_again(self):
        def status(token):
            return self.http(token=token).request("GET", "/status").status

        token = self.file.add("late", "read")
        wait_until(lambda: status(token) == 200, "a new token is known")
        self.file.remove("late")
        wait_until(lambda: status(token) == 401, "a token that was taken away is not")
        self.file.write("nonsense\n")
        wait_until(lambda: "file of tokens is wrong" in self.system.gateway.log, "a warning")
        self.assertEqual(status(self.file.tokens["read"]), 200)
        self.file.write()
        wait_until(lambda: "kache_access_file_wrong 0" in
                   self.http("read").request("GET", "/metrics").body.decode(), "all is well again")

    def test_an_open_stream_loses_its_token(self):
        pb = KacheClient.pb
        token = self.file.add("streaming", "write")
        client = self.client(token=token)
        wait_until(lambda: client.get(b"k") is not None, "the token is known")
        import queue
        waiting = queue.Queue()
        answers = client.stub.Pipeline(iter(waiting.get, None), timeout=30)
        ask = pb.PipelineRequest(operations=[
            pb.PipelineOperation(id=1, timeout_ms=2000, get=pb.GetRequest(key=b"k"))])
        waiting.put(ask)
        self.assertFalse(next(answers).results[0].HasField("error"))
        self.file.remove("streaming")
        with self.assertRaises(grpc.RpcError):
            wait_until(lambda: self._refused(client), "the token is not known any more")
            while True:
                waiting.put(ask)
                error = next(answers).results[0].error
                self.assertEqual(error.code, grpc.StatusCode.UNAVAILABLE.value[0])
        waiting.put(None)

    def _refused(self, client):
        try:
            client.get(b"k")
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.UNAUTHENTICATED
        return False

    def test_the_gateways_own_token_is_exchanged(self):
        rest = self.http("write")
        self.assertEqual(rest.put_raw("own", b"v").status, 200)
        new = self.file.add("gateway-2", "write")
        wait_until(lambda: self.client(token=new).get(b"k") is not None, "both are known")
        read_before = self._times_read()
        with open(self.own, "w") as own:
            own.write(new)
        wait_until(lambda: self._times_read() > read_before, "it is read")
        self.file.remove("gateway")
        old = self.client("gateway")
        wait_until(lambda: self._refused(old), "the old one is refused")
        for _ in range(20):  # the streams that came with the old one are replaced
            self.assertEqual(rest.put_raw("own", b"w").status, 200)

    def _times_read(self):
        return self.system.gateway.log.count("own token was read again")

    def test_a_gateway_that_the_servers_do_not_know(self):
        with open(self.own) as own:
            good = own.read()
        try:
            with open(self.own, "w") as own:
                own.write("n" * 43)
            wait_until(lambda: self.http("write").post("batchGet", {"keys": ["k"]}).status == 502,
                       "its requests are refused")
            self.assert_error(self.http("write").post("batchGet", {"keys": ["k"]}), 502,
                              "UPSTREAM_REFUSED")
        finally:
            with open(self.own, "w") as own:
                own.write(good)
        wait_until(lambda: self.http("write").post("batchGet", {"keys": ["k"]}).status == 200,
                   "they are not any more")


class LimitsTest(TokensCase):
    def setUp(self):
        if "slow" not in self.file.tokens:
            self.file.add("slow", "write", limit=1)
            wait_until(lambda: self.http("slow").request("GET", "/status").status != 401, "known")
            wait_until(lambda: not self._unknown(), "known to the server")

    def _unknown(self):
        try:
            self.client("slow").get(b"k")
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.UNAUTHENTICATED
        return False

    def test_http(self):
        answers = [self.http("slow").get("k") for _ in range(30)]
        limited = [answer for answer in answers if answer.status == 429]
        self.assertTrue(limited)
        self.assert_error(limited[0], 429, "RATE_LIMITED")
        self.assertEqual(self.http("write").put_raw("k", b"v").status, 200)  # others go on
        self.assertEqual(self.http("slow").request("GET", "/livez").status, 200)

    def test_a_batch_counts_its_keys(self):
        wait_until(lambda: self.http("slow").post("batchGet", {"keys": ["k"] * 50}).status == 200,
                   "a batch is let in")
        answer = self.http("slow").get("k")
        self.assert_error(answer, 429, "RATE_LIMITED")
        self.assertGreater(int(answer.headers["retry-after"]), 1)

    def test_grpc(self):
        client = self.client("slow")
        error = None
        for _ in range(30):
            try:
                client.get(b"k")
            except grpc.RpcError as raised:
                error = raised
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        wait = advised_wait(error)
        self.assertTrue(0 < wait <= 1, wait)
        self.assertNotIn("retry-after-ms", dict(error.trailing_metadata()))
        self.client("write").get(b"k")


class LimitOfAllTest(SystemCase):
    """Without tokens, too."""

    SYSTEM = {"redis": 1, "gateway_settings": {"MAX_OPERATIONS_PER_SECOND": 1}}

    def test_it(self):
        statuses = [self.rest.get("k").status for _ in range(30)]
        self.assertIn(429, statuses)
        self.assertIn(404, statuses)


class WrongFilesTest(unittest.TestCase):
    def start(self, program, **settings):
        return subprocess.run([program], capture_output=True, text=True, timeout=30,
                              env=clean_environment({"LOG_LEVEL": "info", **settings}))

    def test_programs_do_not_start(self):
        with tempfile.TemporaryDirectory(prefix="kache-e2e.") as folder:
            path = os.path.join(folder, "tokens")
            with open(path, "w") as file:
                file.write("me admin my-secret-token\n")
            for program, settings in (
                    (paths.SERVER, {"GRPC_LISTEN_ADDRESS": "127.0.0.1:0",
                                    "METRICS_LISTEN_ADDRESS": "127.0.0.1:0"}),
                    (paths.GATEWAY, {"HTTP_LISTEN_ADDRESS": "127.0.0.1:0"})):
                for wrong, reason in ((path, "line 1: the token must stand there as its SHA-256"),
                                      (path + ".no", "No such file")):
                    run = self.start(program, TOKENS_FILE=wrong, **settings)
                    self.assertEqual(run.returncode, 1)
                    self.assertIn(reason, run.stderr + run.stdout)
                    self.assertNotIn("my-secret", run.stderr + run.stdout)


if __name__ == "__main__":
    unittest.main()
