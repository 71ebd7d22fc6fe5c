"""A kache-server that sees the Redis servers through a proxy of its own."""

import os

from harness.clocks import ShiftedClock
from harness.kache import KacheServer


class Coordinator(KacheServer):
    def __init__(self, index, names, proxy, settings, folder, binary=None):
        urls = [f"{name}=127.0.0.1:{port}" for name, port in zip(names, proxy.ports)]
        # Tells a server that is broken on purpose what to break.
        broken = {name: os.environ[name] for name in ("KACHE_BREAK", "KACHE_BUILD_DIR")
                  if name in os.environ}
        super().__init__(urls, {**settings, **broken}, f"kache-server-{index}", folder)
        if binary:
            self.command = [str(binary)]

    def set_clock_offset(self, seconds):
        """From the next start on its wall clock is ahead by that much; its monotonic clock is
        not touched."""
        clock = ShiftedClock(self.folder, seconds, f"{self.name}-clock")
        for name, value in clock.settings.items():
            self.settings.pop(name, None)
            if seconds:
                self.settings[name] = value
