"""Many clients of a gateway at once, all with values of 1 MiB, in a process of their own:

    python3 -m harness.http_crowd PORT KIND CONNECTIONS SECONDS

KIND: put (as fast as they can), slow_put (all but the last bytes at once, those at the end), slow_get
(answers that are asked for and not read until the end), mixed (a third each).

Prints, as JSON, how often each status was answered, and for each key the attempts that were answered
200 and those of which nobody knows what became of them. A value begins with its key and attempt."""

import asyncio
import collections
import json
import socket
import sys

MIB = 2**20
KEYS = 60
PIPELINED = 6  # enough to fill what the kernel buffers between the two
KINDS = ("put", "slow_put", "slow_get")
# Says that nothing was done.
REFUSED = {429, 503}


def key_name(number):
    return f"crowd-{number % KEYS}"


def value_of(key, attempt):
    text = f"{key} {attempt} ".encode()
    return text + bytes([attempt % 251]) * (MIB - len(text))


class Client:
    def __init__(self, crowd, number):
        self.crowd = crowd
        self.number = number
        self.key = key_name(number)

    async def connect(self, small_buffer=False):
        sock = socket.socket()
        if small_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await self.crowd.loop.sock_connect(sock, ("127.0.0.1", self.crowd.port))
        return sock

    async def read_answer(self, sock):
        """(status, body); status 0 where the connection ends before."""
        text = b""
        while b"\r\n\r\n" not in text:
            more = await self.crowd.loop.sock_recv(sock, 65536)
            if not more:
                return 0, b""
            text += more
        head, body = text.split(b"\r\n\r\n", 1)
        fields = {name.lower(): value.strip() for name, value in
                  (line.split(":", 1) for line in head.decode().split("\r\n")[1:])}
        while len(body) < int(fields["content-length"]):
            more = await self.crowd.loop.sock_recv(sock, 65536)
            if not more:
                return 0, b""
            body += more
        return int(head.split()[1]), body

    async def put(self, hold):
        """One PUT on a connection of its own; the last bytes follow after `hold` seconds."""
        attempt = self.crowd.next_attempt()
        request = (f"PUT /api/v1/keys/{self.key}?ttl=600 HTTP/1.1\r\nHost: crowd\r\n"
                   f"Content-Type: application/octet-stream\r\nContent-Length: {MIB}\r\n\r\n"
                   ).encode() + value_of(self.key, attempt)
        status, body = 0, b""
        sock = await self.connect()
        try:
            last = 1000 if hold else 0
            await self.crowd.loop.sock_sendall(sock, request[:len(request) - last])
            if hold:
                await asyncio.sleep(hold)
                await self.crowd.loop.sock_sendall(sock, request[len(request) - last:])
            status, body = await asyncio.wait_for(self.read_answer(sock), 30)
        except (OSError, asyncio.TimeoutError):
            pass  # refused and closed while it was sending
        finally:
            sock.close()
        self.crowd.statuses[status] += 1
        refused = status in REFUSED and json.loads(body)["error"]["code"] in (
            "OVERLOADED", "RESOURCE_EXHAUSTED")
        if status == 200:
            self.crowd.stored[self.key].append(attempt)
        elif not refused:
            self.crowd.unknown[self.key].append(attempt)
        if status != 200:
            await asyncio.sleep(0.05)

    async def run_put(self):
        while self.crowd.left() > 0:
            await self.put(hold=0)

    async def run_slow_put(self):
        await self.put(hold=self.crowd.left())

    async def run_slow_get(self):
        request = (f"GET /api/v1/keys/{self.key} HTTP/1.1\r\nHost: crowd\r\n"
                   "Accept: application/octet-stream\r\n\r\n").encode()
        sock = await self.connect(small_buffer=True)
        try:
            await self.crowd.loop.sock_sendall(sock, request * PIPELINED)
            await asyncio.sleep(self.crowd.left())
            status, _ = await asyncio.wait_for(self.read_answer(sock), 30)
            self.crowd.statuses[status] += 1
        except (OSError, asyncio.TimeoutError):
            self.crowd.statuses[0] += 1
        finally:
            sock.close()


class Crowd:
    def __init__(self, port, seconds):
        self.port = port
        self.loop = asyncio.get_running_loop()
        self._end = self.loop.time() + seconds
        self._attempts = 0
        self.statuses = collections.Counter()
        self.stored = collections.defaultdict(list)
        self.unknown = collections.defaultdict(list)

    def left(self):
        return max(self._end - self.loop.time(), 0)

    def next_attempt(self):
        self._attempts += 1
        return self._attempts


async def main(port, kind, connections, seconds):
    crowd = Crowd(port, seconds)
    runs = []
    for number in range(connections):
        its_kind = KINDS[number % len(KINDS)] if kind == "mixed" else kind
        runs.append(getattr(Client(crowd, number), f"run_{its_kind}")())
    await asyncio.gather(*runs)
    print(json.dumps({"statuses": crowd.statuses, "stored": crowd.stored,
                      "unknown": crowd.unknown}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
