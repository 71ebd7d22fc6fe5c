"""A way to a server that carries so many bytes a second, as a bad cable or a busy host does."""

import socket
import threading
import time

CHUNK = 64 * 1024


class SlowLink:
    """Listens on `port`, and leads to `target` on this host. `to_rate` and `from_rate`: bytes a second to
    the target and from it, 0 = as many as there are; both may be changed at any time."""

    def __init__(self, target):
        self.to_rate = 0
        self.from_rate = 0
        self._target = target
        self._sockets = []
        self._listener = socket.socket()
        # So that what waits, waits with the sender.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        for each in (self._listener, *self._sockets):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, rate in ((client, server, lambda: self.to_rate),
                                       (server, client, lambda: self.from_rate)):
                threading.Thread(target=self._carry, args=(source, sink, rate), daemon=True).start()

    @staticmethod
    def _carry(source, sink, rate):
        try:
            while True:
                least = max(1024, rate() // 50) if rate() else CHUNK
                read = source.recv(min(CHUNK, least))
                if not read:
                    break
                sink.sendall(read)
                if rate():
                    time.sleep(len(read) / rate())
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
