"""The base of the tests: one system for each class, and the checks that many of them make."""

import contextlib
import time
import unittest

from harness.kache import fetch
from harness.system import System
from harness.waiting import wait_until


# Settings of a server for which no replica counts as late: where it is looked at what one operation
# does while nothing is wrong, a pause of a busy machine must not show.
UNHURRIED = {"TRY_TIMEOUT_MS": 10000}


class SystemCase(unittest.TestCase):
    """Set SYSTEM to the arguments of the System that all tests of the class share."""

    SYSTEM = {}

    @classmethod
    def setUpClass(cls):
        cls.system = System(**cls.SYSTEM).start()
        cls.addClassCleanup(cls.system.close)
        cls.rest = cls.system.rest() if cls.system.gateways else None
        cls.grpc = cls.system.grpc()

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for process in (*self.system.servers, *self.system.gateways):
                print(process.tail())
        return result

    def key(self, name=""):
        """A key of this test alone."""
        return f"{self.id().rsplit('.', 1)[-1]}{name}"

    def assert_error(self, response, status, code):
        shown = response.body[:300]
        self.assertEqual(response.status, status, shown)
        self.assertEqual(response.headers.get("content-type"), "application/json", shown)
        document = response.json()
        self.assertEqual(set(document), {"error"}, shown)
        self.assertEqual(document["error"]["code"], code, shown)
        self.assertTrue(document["error"]["message"], shown)
        self.assertTrue(response.headers.get("x-request-id"), shown)
        if status in (429, 503):
            self.assertGreaterEqual(int(response.headers["retry-after"]), 1)

    @contextlib.contextmanager
    def assert_writes_nothing(self):
        """The block changes nothing in any Redis server, and Kache answers after it as before."""
        before = self.settled_digests()
        yield
        self.assert_answers()
        self.assertEqual(before, self.system.digests(), "something was written")

    def settled_digests(self):
        """What the Redis servers hold once the copies written in the background have landed."""
        last = []

        def settled():
            last.append(self.system.digests())
            time.sleep(0.02)
            return self.system.digests() == last[-1]

        wait_until(settled, "all copies are written")
        return last[-1]

    def assert_answers(self):
        for process in (*self.system.servers, *self.system.gateways):
            self.assertTrue(process.running, f"{process.name} has ended\n{process.tail()}")
        for gateway in self.system.gateways:
            self.assertEqual(fetch(gateway.url + "/readyz")[0], 200)
        self.assertFalse(self.grpc.get(b"never written").found)
