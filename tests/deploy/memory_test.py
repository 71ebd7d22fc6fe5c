#!/usr/bin/env python3
"""What gateway and server hold in memory does not grow with the requests that they have served, in
the images as they are shipped, whose C library and malloc are not those of the host's build.

The images are expected to be built (docker compose build). Without an engine the test fails.
KACHE_MEMORY_REQUESTS: how many of each kind.
"""
import functools
import os
import sys
import unittest

from stack import ROOT, compose, start_for

sys.path.append(str(ROOT / "tests" / "e2e"))
from harness.large_load import LargeLoad, check_growth  # noqa: E402

REQUESTS = int(os.environ.get("KACHE_MEMORY_REQUESTS", "2000"))


SERVICES = ("gateway", "server")


def read_process(service, file):
    return compose("exec", "-T", service, "cat", f"/proc/1/{file}")


class MemoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host, port = start_for(cls).split(":")
        cls.port = int(port)

    def test_the_programs_run_with_jemalloc(self):
        for service in SERVICES:
            self.assertIn("/libjemalloc.so", read_process(service, "maps"))

    def test_large_requests_leave_nothing_behind(self):
        check_growth(LargeLoad(self.host, self.port), {
            service: functools.partial(read_process, service, "status") for service in SERVICES
        }, REQUESTS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
