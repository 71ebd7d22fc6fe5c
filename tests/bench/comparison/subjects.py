"""Kache and its yardsticks, each started on free ports of 127.0.0.1.

A subject is a name, the address that the load goes to, and the processes whose CPU time counts for
it: `own` are those that the bars speak of, `redis` the Redis servers behind it.
"""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))

from comparison import machine  # noqa: E402
from harness import paths  # noqa: E402
from harness.kache import KacheGateway, KacheServer  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.process import Process  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402
from harness.waiting import wait_until  # noqa: E402

KEYS = 10000
VALUE = "v" * 100
DEFAULTS = {"PING_INTERVAL_SECONDS": 3, "LOG_LEVEL": "warn"}


class Subject:
    def __init__(self, name, address, own, redis=()):
        self.name = name
        self.address = address
        self.own = list(own)
        self.redis = list(redis)

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])


def raw_key(number):
    """As redis-benchmark -r makes them."""
    return f"key:{number:012d}"


def listens(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


class Stage:
    """Starts subjects once they are asked for, and stops all at the end."""

    def __init__(self, folder, nice=0):
        self.folder = pathlib.Path(folder)
        self.nice = nice
        self.started = []
        self.made = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.kill()  # An orderly stop is no part of the comparison.

    def run(self, process):
        self.started.append(process)
        process.start()
        machine.prioritise(process.pid, self.nice)
        return process

    def subject(self, name):
        if name not in self.made:
            self.made[name] = getattr(self, f"_make_{name}")()
        return self.made[name]

    def redis(self, count):
        servers = self.made.setdefault("redis", [])
        while len(servers) < count:
            servers.append(self.run(RedisServer(f"redis-{len(servers)}", folder=self.folder)))
        return servers[:count]

    def kache_over(self, count, settings=None):
        subject = self._kache(count, {**DEFAULTS, **(settings or {})})
        subprocess.run([str(paths.BENCH), "--server", subject.address, "--workload", "get",
                        "--keys", str(KEYS), "--warmup", "0s", "--duration", "100ms"],
                       check=True, capture_output=True)  # puts every key once
        return subject

    def _kache(self, count, settings):
        redis = self.redis(count)
        server = self.run(KacheServer([each.url for each in redis], settings, folder=self.folder))
        wait_until(lambda: server.metrics().count('state="up"} 1') == count,
                   f"{count} Redis servers are UP")
        return Subject("kache", server.address, [server], redis)

    def fresh(self):
        """Kache and the echo server as they are before any load."""
        return self._kache(4, DEFAULTS), self._make_echo()

    def _make_kache(self):
        return self.kache_over(4)

    def _make_kache32(self):
        # Another ring needs another prefix in Redis servers that are shared.
        return self.kache_over(32, {"KEY_PREFIX": "kache32:"})

    def _make_echo(self):
        port = free_port()
        echo = self.run(Process("echo", [paths.BUILD / "tests/echo_server", f"127.0.0.1:{port}"],
                                folder=self.folder))
        wait_until(lambda: listens(port), "the echo server listens")
        return Subject("echo", f"127.0.0.1:{port}", [echo])

    def _make_redis0(self):
        redis = self.redis(1)[0]
        self._fill_raw(redis.port)
        return Subject("redis", redis.url, [redis])

    def _make_twemproxy(self):
        redis = self.redis(4)
        port, stats = free_port(), free_port()
        servers = "".join(f"   - {each.url}:1\n" for each in redis)
        config = self.folder / "nutcracker.yml"
        config.write_text(f"pool:\n  listen: 127.0.0.1:{port}\n  hash: murmur\n"
                          f"  distribution: ketama\n  redis: true\n  servers:\n{servers}")
        proxy = self.run(Process("twemproxy", ["nutcracker", "-c", config, "-a", "127.0.0.1",
                                               "-s", stats, "-p", self.folder / "nutcracker.pid",
                                               "-v", 3], folder=self.folder))
        wait_until(lambda: listens(port), "twemproxy listens")
        self._fill_raw(port)
        return Subject("twemproxy", f"127.0.0.1:{port}", [proxy], redis)

    def _make_webdis(self):
        redis = self.subject("redis0").own[0]
        port = free_port()
        config = self.folder / "webdis.json"
        config.write_text(json.dumps({
            "redis_host": "127.0.0.1", "redis_port": redis.port, "http_host": "127.0.0.1",
            "http_port": port, "threads": len(os.sched_getaffinity(0)),
            "daemonize": False, "verbosity": 0, "logfile": str(self.folder / "webdis.log")}))
        webdis = self.run(Process("webdis", ["webdis", config], folder=self.folder))
        wait_until(lambda: listens(port), "webdis listens")
        return Subject("webdis", f"127.0.0.1:{port}", [webdis], [redis])

    def _make_rest(self):
        kache = self.subject("kache")
        gateway = self.run(KacheGateway([kache.address], {"LOG_LEVEL": "warn"},
                                        folder=self.folder)).wait_ready()
        self.fill_rest(gateway.port)
        return Subject("kache REST", f"127.0.0.1:{gateway.port}", [gateway, *kache.own],
                       kache.redis)

    @staticmethod
    def _fill_raw(port):
        """Sets the keys that redis-benchmark asks for."""
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            answers = connection.makefile("rb")
            for first in range(0, KEYS, 500):
                keys = [raw_key(number) for number in range(first, min(first + 500, KEYS))]
                connection.sendall("".join(
                    f"*3\r\n$3\r\nSET\r\n${len(key)}\r\n{key}\r\n${len(VALUE)}\r\n{VALUE}\r\n"
                    for key in keys).encode())
                for _ in keys:
                    assert answers.readline() == b"+OK\r\n"

    @staticmethod
    def fill_rest(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for first in range(0, KEYS, 500):
            entries = [{"key": raw_key(number), "value": VALUE}
                       for number in range(first, min(first + 500, KEYS))]
            connection.request("POST", "/api/v1/keys:batchPut", json.dumps({"entries": entries}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
        connection.close()
