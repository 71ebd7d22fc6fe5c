"""A real Redis server, and the few lines of its protocol that a test needs to look inside."""

import socket

from harness import paths
from harness.ports import free_port
from harness.process import Process
from harness.waiting import wait_until


class RedisError(Exception):
    pass


class _Connection:
    def __init__(self, port, timeout, tls=None, password=None):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        if tls:
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")
        self._file = self._socket.makefile("rb")
        if password:
            self.call("AUTH", password)

    def close(self):
        self._file.close()
        self._socket.close()

    def call(self, *arguments):
        parts = [a if isinstance(a, bytes) else str(a).encode() for a in arguments]
        request = b"*%d\r\n" % len(parts)
        request += b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(request)
        return self.read()

    def read(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        count = int(rest)
        if count < 0:
            return None
        if kind == b"$":
            return self._file.read(count + 2)[:-2]
        return [self.read() for _ in range(count)]


# Over all keys with their values and expiry times, but for Kache's own bookkeeping, which changes
# all the time.
_DIGEST = """
local keys = redis.call('KEYS', '*')
table.sort(keys)
local parts = {}
for _, key in ipairs(keys) do
  if string.sub(key, 1, 8) ~= 'kache:m:' then
    parts[#parts + 1] = redis.sha1hex(key .. redis.call('DUMP', key) .. redis.call('PEXPIRETIME', key))
  end
end
return redis.sha1hex(table.concat(parts))
"""


class RedisServer(Process):
    """`durable` keeps the data in an append-only file: a server that is killed comes back with
    all that it had acknowledged."""

    _tls = None
    _password = None

    def __init__(self, name="redis", port=None, durable=False, folder=None, options=()):
        self.port = port or free_port()
        super().__init__(name, [
            paths.REDIS, "--port", self.port, "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "yes" if durable else "no", "--appenddirname", f"{name}.aof",
            "--enable-debug-command", "yes", *options,
        ], folder=folder)

    @property
    def url(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        super().start()
        wait_until(lambda: self.call("PING") == "PONG", f"{self.name} answers")
        return self

    def set_tls(self, context, password):
        """Before the start: it speaks TLS only, and this is how tests reach it."""
        self._tls, self._password = context, password
        self.command[self.command.index("--port")] = "--tls-port"
        self.command += ["--port", "0"]

    def connect(self, timeout=5):
        return _Connection(self.port, timeout, self._tls, self._password)

    def call(self, *arguments):
        connection = self.connect()
        try:
            return connection.call(*arguments)
        finally:
            connection.close()

    def keys(self):
        return sorted(self.call("KEYS", "*"))

    def digest(self):
        """Changes with anything that the server holds, expiry times included."""
        return self.call("EVAL", _DIGEST, "0")

    def stop(self, seconds=30):
        if self.running:
            self.thaw()
        super().stop(seconds)
