"""HTTP/2 by hand, on a blocking socket, plain or with TLS: for what no gRPC library would send."""

import contextlib
import socket
import ssl
import struct

from harness.grpc_crowd import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM,
                                SETTINGS, frame, headers, message)

PRIORITY = 2
CONTINUATION = 9
CANCEL = 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

__all__ = ("ACK", "CONTINUATION", "DATA", "END_HEADERS", "END_STREAM", "GOAWAY", "HEADERS", "PING",
           "PREFACE", "PRIORITY", "SETTINGS", "Connection", "frame", "headers", "message")


class Connection:
    """A client's connection. With TLS where `ca` (a file) is given."""

    def __init__(self, port, source="127.0.0.1", ca=None, greet=True):
        self.sock = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
        if ca is not None:
            context = ssl.create_default_context(cafile=str(ca))
            context.set_alpn_protocols(["h2"])
            self.sock = context.wrap_socket(self.sock, server_hostname="localhost")
        self._next_stream = 1
        if greet:
            self.send(PREFACE + frame(SETTINGS, 0, 0))

    def streams(self, count):
        """Numbers of streams that were not used yet."""
        first = self._next_stream
        self._next_stream += 2 * count
        return range(first, self._next_stream, 2)

    def send(self, data):
        """False once the server has closed the connection, or reads no more of it."""
        try:
            self.sock.sendall(data)
        except OSError:
            return False
        return True

    def receive(self, wanted):
        """What comes until `wanted` stands in it, or the server closes the connection."""
        received = b""
        while wanted not in received:
            data = self.sock.recv(65536)
            if not data:
                break
            received += data
        return received

    def is_closed(self):
        """Whether the server has closed it. What has come is thrown away."""
        self.sock.setblocking(False)
        try:
            while self.sock.recv(65536):
                pass
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            pass
        finally:
            with contextlib.suppress(OSError):
                self.sock.settimeout(30)
        return True

    def close(self):
        self.sock.close()


def reset(stream):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))
