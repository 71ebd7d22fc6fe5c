"""The network between one coordinator and all Redis servers: a chaos-proxy process."""

import socket

from harness import paths
from harness.ports import free_port
from harness.process import Process
from harness.waiting import wait_until

_PROGRAM = paths.BUILD / "tests" / "chaos-proxy"


class Proxy(Process):
    """Route i leads to redis[i]."""

    def __init__(self, name, redis, folder):
        self._control_port = free_port()
        self.ports = [free_port() for _ in redis]
        routes = [f"{port}:{server.port}" for port, server in zip(self.ports, redis)]
        super().__init__(name, [_PROGRAM, self._control_port, *routes], folder=folder)

    def start(self):
        super().start()
        wait_until(lambda: self.heal(0) is None, f"{self.name} answers")
        return self

    def heal(self, node):
        self.delay(node, 0)

    def delay(self, node, milliseconds):
        """Each way."""
        self._command(f"pass {node} {milliseconds}")

    def cut(self, node, way="both"):
        """Silently: connections stay half-open. `way`: "commands" to the node, its "replies", or
        "both"."""
        self._command({"commands": "cut_commands", "replies": "cut_replies", "both": "cut"}[way]
                      + f" {node}")

    def reset(self, node):
        self._command(f"reset {node}")

    def _command(self, line):
        with socket.create_connection(("127.0.0.1", self._control_port), 5) as connection:
            connection.sendall(line.encode())
            answer = connection.recv(16)
        if answer != b"ok\n":
            raise RuntimeError(f"{self.name}: {line}: {answer!r}")
