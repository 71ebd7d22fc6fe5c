"""What gateway and server hold in memory does not grow with the requests that they have served.
tests/deploy/memory_test.py asks the same of the images. KACHE_MEMORY_REQUESTS: how many of each kind."""

import os
import pathlib
import unittest

from harness.case import SystemCase
from harness.large_load import LargeLoad, check_growth

REQUESTS = int(os.environ.get("KACHE_MEMORY_REQUESTS", "200"))


class MemoryGrowthTest(SystemCase):
    def test_large_requests_leave_nothing_behind(self):
        check_growth(LargeLoad("127.0.0.1", self.system.gateway.port), {
            process.name: pathlib.Path(f"/proc/{process.pid}/status").read_text
            for process in (self.system.gateway, self.system.server)
        }, REQUESTS)


if __name__ == "__main__":
    unittest.main()
