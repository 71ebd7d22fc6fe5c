"""A kache-server that sees the Redis servers through a proxy of its own.

`clock_ms`: how far its wall clock is ahead; None = it is the machine's, and can't be set."""

import os

from harness.kache import KacheServer
from kit.cluster.wrong_clock import wrong_clock


class Coordinator(KacheServer):
    def __init__(self, index, names, proxy, settings, folder, binary=None, clock_ms=None):
        urls = [f"{name}=127.0.0.1:{port}" for name, port in zip(names, proxy.ports)]
        # Tells a server that is broken on purpose what to break.
        broken = {name: os.environ[name] for name in ("KACHE_BREAK", "KACHE_BUILD_DIR")
                  if name in os.environ}
        super().__init__(urls, {**settings, **broken}, f"kache-server-{index}", folder)
        self.clock = wrong_clock(self, clock_ms)
        if binary:
            self.command = [str(binary)]
