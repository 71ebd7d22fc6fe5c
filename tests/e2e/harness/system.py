"""A whole Kache: Redis servers, kache-servers and gateways, started, watched and cleaned up."""

import pathlib
import shutil
import tempfile

from harness.grpc_client import KacheClient
from harness.kache import KacheGateway, KacheServer
from harness.redis_server import RedisServer
from harness.rest import RestClient


class System:
    def __init__(self, redis=4, servers=1, gateways=1, server_settings=None, gateway_settings=None,
                 durable=False, redis_options=(), names=(), token=None, tls=None, orders=()):
        """`token`: what the clients of tests show. `tls`: an ssl.SSLContext for the gateways.
        `orders`: for each server the order in which its REDIS_URLS name the Redis servers."""
        self.token = token
        self.tls = tls
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kache-e2e."))
        self.redis = [
            RedisServer(f"redis-{i}", durable=durable, folder=self.folder, options=redis_options)
            for i in range(redis)
        ]
        urls = [server.url for server in self.redis]
        if names:  # what stands on the ring, so that placement does not depend on ports
            urls = [f"{name}={url}" for name, url in zip(names, urls, strict=True)]
        self.servers = [
            KacheServer([urls[k] for k in orders[i]] if orders else urls, server_settings,
                        f"kache-server-{i}", self.folder)
            for i in range(servers)
        ]
        for server in self.servers:
            server.client_options = {"token": token}
        addresses = [server.address for server in self.servers]
        self.gateways = [
            KacheGateway(addresses, gateway_settings, f"kache-gateway-{i}", self.folder)
            for i in range(gateways)
        ]
        for gateway in self.gateways:
            gateway.tls = tls
        self._clients = []
        self._own_client = None
        self._redis_of = {}

    @property
    def server(self):
        return self.servers[0]

    @property
    def gateway(self):
        return self.gateways[0]

    @property
    def processes(self):
        return [*self.gateways, *self.servers, *self.redis]

    def start(self):
        try:
            for process in reversed(self.processes):
                process.start()
            for server in self.servers:
                server.wait_up()
            for gateway in self.gateways:
                gateway.wait_ready()
        except BaseException:
            for process in self.processes:
                print(process.tail())
                process.kill()
            raise
        return self

    def close(self):
        """Stops everything; AssertionError with all that was not as it should be."""
        for client in self._clients:
            client.close()
        problems = []
        for process in self.processes:
            try:
                process.stop()
            except AssertionError as problem:
                problems.append(str(problem))
            finally:
                process.kill()
        if problems:
            raise AssertionError("\n".join(problems))
        shutil.rmtree(self.folder, ignore_errors=True)

    def rest(self, gateway=0):
        return RestClient(self.gateways[gateway].port, token=self.token, tls=self.tls)

    def grpc(self, server=0):
        client = KacheClient(self.servers[server].address, **self.servers[server].client_options)
        self._clients.append(client)
        return client

    def _client(self):
        """Of this object itself, to the first server."""
        if not self._own_client:
            self._own_client = self.grpc()
        return self._own_client

    def redis_of(self, node_id):
        """The Redis process that answers call `node_id`."""
        if node_id not in self._redis_of:
            processes = {str(redis.port): redis for redis in self.redis}
            for node in self._client().status().nodes:
                self._redis_of[node.node_id] = processes[node.address.rpartition(":")[2]]
        return self._redis_of[node_id]

    def homes_of(self, key):
        """The Redis processes of the key's home replicas, in order."""
        place = self._client().locate(key)
        return [self.redis_of(r.node_id) for r in place.replicas[:place.home_replicas]]

    def key_with_homes(self, first, others=(), prefix="key"):
        """A key whose first home replica is Redis server `first`, with `others` among the homes."""
        for i in range(10000):
            key = f"{prefix}-{i}"
            homes = [self.redis.index(redis) for redis in self.homes_of(key.encode())]
            if homes[0] == first and set(others) <= set(homes[1:]):
                return key
        raise AssertionError("no such key found")

    def digests(self):
        return [server.digest() for server in self.redis if server.running]
