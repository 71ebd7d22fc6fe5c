"""Clients of one address that ask for more than they take, send what does not end, or wait: with tokens, with
and without TLS. A client of another address is served meanwhile, and the gateway's memory stays within its limit."""

import pathlib
import shutil
import socket
import tempfile
import threading
import time
import unittest

from harness.case import SystemCase
from harness.certificates import Authority
from harness.memory_group import MemoryGroup
from harness.system import System
from harness.tls import context_of
from harness.tokens import TokenFile

MIB = 2**20
LIMIT = 256 * MIB
SECONDS = 4
BIG = 1_000_000


class FloodsTest(SystemCase):
    TLS = False

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="kache-floods."))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        tokens = TokenFile(folder)
        cls.token = tokens.add("web", "write")
        settings = {"TOKENS_FILE": tokens.path}
        cls.context = None
        if cls.TLS:
            authority = Authority(folder)
            certificate, key = authority.issue("gateway")
            settings |= {"HTTP_TLS_CERT_FILE": certificate, "HTTP_TLS_KEY_FILE": key}
            cls.context = context_of(authority.cert)
        cls.group = MemoryGroup(LIMIT)
        cls.addClassCleanup(cls.group.close)
        cls.system = System(redis=2, gateway_settings=settings, token=cls.token, tls=cls.context)
        cls.system.server.client_options = {}  # tokens are the gateway's alone
        cls.system.gateway.group = cls.group
        cls.system.start()
        cls.addClassCleanup(cls.system.close)
        cls.rest = cls.system.rest()
        cls.rest.put_raw("small", b"s" * 100)
        cls.rest.put_raw("big", b"b" * BIG)

    def request(self, method, key, headers="", body=b""):
        return (f"{method} /api/v1/keys/{key} HTTP/1.1\r\nHost: h\r\n"
                f"Authorization: Bearer {self.token}\r\n{headers}\r\n").encode() + body

    def connect(self, address):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(10)
        sock.bind((address, 0))
        sock.connect(("127.0.0.1", self.system.gateway.port))
        if self.context is None:
            return sock
        return self.context.wrap_socket(sock, server_hostname="localhost")

    def play(self, count, first, more=b""):
        """Floods of `count` connections, whose answers nobody reads. What the other client was answered."""
        ends = time.monotonic() + SECONDS
        statuses = []

        def flood(part):
            connections = []
            while time.monotonic() < ends:
                if len(connections) < count // 4:
                    try:
                        connection = self.connect("127.0.0.2")
                        connections.append(connection)
                        connection.settimeout(0.2)
                        connection.sendall(first(part * count + len(connections)))
                    except OSError:
                        pass  # refused, or it takes no more
                    continue
                for connection in list(connections):
                    try:
                        connection.settimeout(0.01)
                        if more:
                            connection.send(more)
                    except TimeoutError:
                        pass
                    except OSError:
                        connections.remove(connection)
                        connection.close()
                time.sleep(0.01)
            for connection in connections:
                connection.close()

        threads = [threading.Thread(target=flood, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        while time.monotonic() < ends:
            statuses.append(self.ask("127.0.0.9"))
            time.sleep(0.05)
        for thread in threads:
            thread.join()
        return statuses

    def ask(self, address):
        """The status, and what else was answered where it is not 200."""
        with self.connect(address) as connection:
            connection.sendall(self.request("GET", "small", "Connection: close\r\n"))
            answer = b""
            while received := connection.recv(4096):
                answer += received
        status = answer.split(b" ")[1:2]
        return status if status == [b"200"] else [answer]

    def test_floods(self):
        chunked = "Transfer-Encoding: chunked\r\n"
        expecting = f"Expect: 100-continue\r\nContent-Length: {MIB}\r\n"
        for name, count, first, more in (
                ("answers that are not read", 200, lambda i: self.request("GET", "big") * 100, b""),
                ("small answers that are not read", 200,
                 lambda i: self.request("GET", "small") * 200, b""),
                ("tiny chunks", 200, lambda i: self.request("PUT", f"c{i}", chunked),
                 b"1\r\nx\r\n" * 500),
                ("Expect", 400, lambda i: self.request("PUT", f"c{i}", expecting), b"")):
            with self.subTest(name):
                statuses = self.play(count, first, more)
                print(f"{name}: {len(statuses)} calls, peak {self.group.peak // MIB} MiB")
                self.assertEqual([status for status in statuses if status != [b"200"]], [])
                self.assertGreater(len(statuses), 4)
                self.assertEqual(self.group.killed, 0)
                self.assertNotIn("kache server is not available", self.system.gateway.log)


class TlsFloodsTest(FloodsTest):
    TLS = True


if __name__ == "__main__":
    unittest.main()
