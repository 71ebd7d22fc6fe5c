"""kache-server and kache-gateway as processes."""

import os
import urllib.error
import urllib.request

from harness import paths
from harness.ports import free_port
from harness.process import Process
from harness.tls import context_of
from harness.waiting import wait_until


def fetch(url, timeout=3, headers=None, tls=None):
    """(status, body) of a GET; an error status is no exception. `tls`: an ssl.SSLContext."""
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=tls) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class KacheServer(Process):
    # How tests reach it: what KacheClient takes.
    client_options = {}

    def __init__(self, redis_urls, settings=None, name="kache-server", folder=None):
        self.port = free_port()
        self.metrics_port = free_port()
        every = {
            "REDIS_URLS": ",".join(redis_urls),
            "GRPC_LISTEN_ADDRESS": f"127.0.0.1:{self.port}",
            "METRICS_LISTEN_ADDRESS": f"127.0.0.1:{self.metrics_port}",
            "PING_INTERVAL_SECONDS": 1,
        }
        super().__init__(name, [paths.SERVER], {**every, **(settings or {})}, folder)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def metrics(self):
        # The port speaks TLS where the gRPC port does.
        ca, pair = (self.client_options.get(name) for name in ("ca", "pair"))
        scheme, tls = ("https", context_of(ca, pair)) if ca else ("http", None)
        status, body = fetch(f"{scheme}://127.0.0.1:{self.metrics_port}/metrics", tls=tls)
        assert status == 200, status
        return body.decode()

    def wait_up(self, nodes=None):
        """Until it answers, with `nodes` Redis servers UP (default: all that it knows)."""
        wanted = nodes if nodes is not None else len(self.settings["REDIS_URLS"].split(","))

        def up():
            if not self.running:
                raise AssertionError(f"{self.name} has ended\n{self.tail()}")
            return self.nodes_up() == wanted

        wait_until(up, f"{self.name}: {wanted} nodes UP")
        return self

    def nodes_up(self):
        from harness.grpc_client import KacheClient

        with KacheClient(self.address, **self.client_options) as client:
            return sum(node.state == client.pb.NODE_STATE_UP for node in client.status().nodes)


class KacheGateway(Process):
    tls = None  # an ssl.SSLContext, where it speaks TLS

    def __init__(self, servers, settings=None, name="kache-gateway", folder=None):
        self.port = free_port()
        every = {
            "KACHE_SERVERS": ",".join(servers),
            "HTTP_LISTEN_ADDRESS": f"127.0.0.1:{self.port}",
            "DRAIN_DELAY_SECONDS": 0,
            # Beyond any pause of a busy machine; tests that prove the default set it.
            "REQUEST_TIMEOUT_MS": 5000,
        }
        super().__init__(name, [paths.GATEWAY], {**every, **(settings or {})}, folder)

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def start_unread(self, test):
        """Starts it with a log that nobody reads; the pipe's end to be read, until `test` ends."""
        reading, writing = os.pipe()
        test.addCleanup(os.close, reading)
        self.log_to = writing
        self.start()
        os.close(writing)
        test.addCleanup(self.kill)
        self.wait_ready()
        return reading

    def metrics(self):
        status, body = fetch(self.url + "/metrics")
        assert status == 200, status
        return body.decode()

    def answers(self, path, status=200):
        return fetch(self.url + path, tls=self.tls)[0] == status

    def wait_for(self, path, status=200, seconds=60):
        wait_until(lambda: self.answers(path, status), f"{self.name} {path} {status}", seconds)
        return self

    def wait_ready(self):
        return self.wait_for("/readyz")
