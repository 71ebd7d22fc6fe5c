"""Many slow clients of a coordinator at once, all with values of 1 MiB, in a process of their own.
They speak HTTP/2 by hand, as no gRPC library is as slow:

    python3 -m harness.grpc_crowd PORT KIND CONNECTIONS SECONDS

KIND: slow_put (unary Put: all but the last bytes at once, those at the end), slow_get (unary Get: answers
that are asked for, with no room for a byte of them), mixed (half of each).

Prints, as JSON, how many calls ended in which way: answered, reset, or with their connection."""

import asyncio
import collections
import json
import socket
import struct
import sys

MIB = 2**20
KEYS = 60
CALLS = 4  # of each client that does not read
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
FRAME = 16384
KINDS = ("slow_put", "slow_get")


def key_name(number):
    return f"crowd-{number % KEYS}".encode()


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(text):
    assert len(text) < 127
    return bytes([len(text)]) + text


def headers(method, service=b"kache.v1.Kache"):
    """HPACK: literal fields without indexing."""
    fields = ((b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"crowd"),
              (b":path", b"/" + service + b"/" + method), (b"content-type", b"application/grpc"),
              (b"te", b"trailers"), (b"grpc-timeout", b"60S"))
    return b"".join(b"\0" + literal(name) + literal(value) for name, value in fields)


def field(number, payload):
    """A length-delimited protobuf field."""
    size, length = len(payload), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return bytes([number << 3 | 2]) + length + payload


def message(payload):
    return struct.pack(">BI", 0, len(payload)) + payload


class Client:
    def __init__(self, crowd, number):
        self.crowd = crowd
        self.number = number
        self.key = key_name(number)
        self.window = collections.Counter()  # of each stream; 0 is the connection's
        self.initial_window = 65535
        self.window[0] = 65535
        self.changed = asyncio.Event()
        self.ended = {}  # how, by stream

    async def open(self, own_window):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        await self.crowd.loop.sock_connect(self.sock, ("127.0.0.1", self.crowd.port))
        await self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                        frame(SETTINGS, 0, 0, struct.pack(">HI", 4, own_window)))
        self.reader = asyncio.create_task(self.read())

    async def send(self, data):
        await self.crowd.loop.sock_sendall(self.sock, data)

    async def read(self):
        data = b""
        while True:
            more = await self.crowd.loop.sock_recv(self.sock, 65536)
            if not more:
                raise ConnectionError
            data += more
            while len(data) >= 9:
                size = int.from_bytes(data[:3], "big")
                if len(data) < 9 + size:
                    break
                await self.take(data[3], data[4], int.from_bytes(data[5:9], "big"),
                                data[9:9 + size])
                data = data[9 + size:]

    async def take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == 4:
                    self.initial_window = value
            await self.send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            await self.send(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            self.window[stream] += int.from_bytes(payload, "big")
        elif kind == RST_STREAM:
            self.ended.setdefault(stream, "reset")
        elif kind == HEADERS and flags & END_STREAM:
            self.ended.setdefault(stream, "answered")
        self.changed.set()

    def room(self, stream):
        return min(self.window[0], self.initial_window + self.window[stream], FRAME)

    async def wait_for(self, condition):
        while not condition() and not self.reader.done():
            self.changed.clear()
            change = asyncio.create_task(self.changed.wait())
            await asyncio.wait((change, self.reader), return_when=asyncio.FIRST_COMPLETED)
            change.cancel()

    async def send_data(self, stream, data, end):
        at = 0
        while at < len(data) and stream not in self.ended and not self.reader.done():
            await self.wait_for(lambda: self.room(stream) > 0 or stream in self.ended)
            part = data[at:at + max(self.room(stream), 0)]
            at += len(part)
            self.window[0] -= len(part)
            self.window[stream] -= len(part)
            last = END_STREAM if end and at == len(data) else 0
            await self.send(frame(DATA, last, stream, part))

    async def run_slow_put(self):
        await self.open(own_window=65535)
        data = message(field(1, self.key) + field(2, b"v" * MIB))
        await self.send(frame(HEADERS, END_HEADERS, 1, headers(b"Put")))
        await self.send_data(1, data[:-1000], end=False)
        await asyncio.sleep(self.crowd.left())
        await self.send_data(1, data[-1000:], end=True)
        await asyncio.wait_for(self.wait_for(lambda: 1 in self.ended), 30)
        self.crowd.ends[self.ended.get(1, "closed")] += 1

    async def run_slow_get(self):
        await self.open(own_window=0)
        streams = [1 + 2 * i for i in range(CALLS)]
        for stream in streams:
            await self.send(frame(HEADERS, END_HEADERS, stream, headers(b"Get")) +
                            frame(DATA, END_STREAM, stream, message(field(1, self.key))))
        await asyncio.sleep(self.crowd.left())
        for stream in streams:
            self.crowd.ends[self.ended.get(stream, "not read")] += 1

    async def run(self, kind):
        self.reader = None
        try:
            await getattr(self, f"run_{kind}")()
        except (OSError, asyncio.TimeoutError):
            self.crowd.ends["closed"] += 1
        finally:
            if self.reader:
                self.reader.cancel()
                await asyncio.gather(self.reader, return_exceptions=True)
            self.sock.close()


class Crowd:
    def __init__(self, port, seconds):
        self.port = port
        self.loop = asyncio.get_running_loop()
        self._end = self.loop.time() + seconds
        self.ends = collections.Counter()

    def left(self):
        return max(self._end - self.loop.time(), 0)


async def main(port, kind, connections, seconds):
    crowd = Crowd(port, seconds)
    await asyncio.gather(*(
        Client(crowd, number).run(KINDS[number % len(KINDS)] if kind == "mixed" else kind)
        for number in range(connections)))
    print(json.dumps(crowd.ends))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
