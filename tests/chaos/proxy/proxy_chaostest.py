"""chaos-proxy does to a connection what it is told to: a proxy that lets all through would prove
nothing."""

import contextlib
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))

from harness.proxy import Proxy  # noqa: E402


class EchoServer:
    """Sends back what it gets; `received` has all of it."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.received = b""
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would hold it open
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def send_to_all(self, text):
        for connection in self._connections:
            connection.sendall(text)

    def _echo(self, connection):
        with connection, contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                self.received += chunk
                connection.sendall(chunk)


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.server = EchoServer()
        self.addCleanup(self.server.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.proxy = Proxy("proxy", [self.server], pathlib.Path(folder.name)).start()
        self.addCleanup(self.proxy.kill)

    def connect(self, timeout=5):
        connection = socket.create_connection(("127.0.0.1", self.proxy.ports[0]), timeout)
        self.addCleanup(connection.close)
        return connection

    def echo(self, connection, text):
        connection.sendall(text)
        got = b""
        while len(got) < len(text):
            chunk = connection.recv(65536)
            if not chunk:
                raise ConnectionError("closed")
            got += chunk
        return got

    def test_passes_everything(self):
        text = bytes(range(256)) * 4000
        self.assertEqual(self.echo(self.connect(), text), text)

    def test_passes_the_end_of_a_stream(self):
        connection = self.connect()
        self.echo(connection, b"x")
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(connection.recv(10), b"")

    def test_delays_each_way(self):
        connection = self.connect()
        self.echo(connection, b"x")
        self.proxy.delay(0, 100)
        begin = time.monotonic()
        self.echo(connection, b"x")
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    def test_cut_lets_nothing_through_until_it_ends(self):
        connection = self.connect()
        self.echo(connection, b"x")
        self.proxy.cut(0)
        connection.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            self.echo(connection, b"held")
        self.assertEqual(self.server.received, b"x")
        connection.settimeout(5)
        self.proxy.heal(0)
        self.assertEqual(connection.recv(10), b"held")

    def test_connection_made_in_a_cut_is_led_on_when_it_ends(self):
        self.proxy.cut(0)
        connection = self.connect()
        connection.sendall(b"early")
        self.proxy.heal(0)
        self.assertEqual(connection.recv(10), b"early")

    def test_what_was_sent_in_a_cut_arrives_although_the_sender_is_gone(self):
        connection = self.connect()
        self.echo(connection, b"x")
        self.proxy.cut(0)
        connection.sendall(b"late")
        connection.close()
        self.proxy.heal(0)
        deadline = time.monotonic() + 5
        while self.server.received != b"xlate" and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(self.server.received, b"xlate")

    def test_commands_cut_replies_still_come(self):
        connection = self.connect()
        self.echo(connection, b"x")
        self.proxy.cut(0, "commands")
        self.server.send_to_all(b"told")
        self.assertEqual(connection.recv(10), b"told")
        connection.sendall(b"held")
        connection.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            connection.recv(10)
        self.assertEqual(self.server.received, b"x")
        connection.settimeout(5)
        self.proxy.heal(0)
        self.assertEqual(connection.recv(10), b"held")

    def test_replies_cut_commands_still_arrive(self):
        connection = self.connect()
        self.echo(connection, b"x")
        self.proxy.cut(0, "replies")
        connection.sendall(b"heard")
        deadline = time.monotonic() + 5
        while self.server.received != b"xheard" and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(self.server.received, b"xheard")
        connection.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            connection.recv(10)
        connection.settimeout(5)
        self.proxy.heal(0)
        self.assertEqual(connection.recv(10), b"heard")

    def test_connection_made_in_a_one_way_cut_is_led_on_when_it_ends(self):
        for way in ("commands", "replies"):
            with self.subTest(way):
                self.server.received = b""
                self.proxy.cut(0, way)
                connection = self.connect()
                connection.sendall(b"early")
                time.sleep(0.1)
                self.assertEqual(self.server.received, b"")
                self.proxy.heal(0)
                self.assertEqual(connection.recv(10), b"early")

    def test_reset_breaks_old_and_new_connections(self):
        connection = self.connect()
        self.echo(connection, b"x")
        self.proxy.reset(0)
        with self.assertRaises(ConnectionError):
            self.echo(connection, b"y")
        with self.assertRaises(ConnectionError):  # as it is made, or at its first bytes
            self.echo(self.connect(), b"y")
        self.proxy.heal(0)
        self.assertEqual(self.echo(self.connect(), b"z"), b"z")

    def test_dead_server_breaks_the_connection(self):
        self.server.close()
        with self.assertRaises(ConnectionError):
            self.echo(self.connect(), b"x")


if __name__ == "__main__":
    unittest.main()
