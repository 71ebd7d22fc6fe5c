"""Another ring by ACCEPT_RING: it names one change, and is harmless when it is left in place."""

import re
import unittest

from harness import paths
from harness.command import run
from harness.system import System
from harness.waiting import wait_until

KEYS = [f"key-{i}".encode() for i in range(50)]
NAMES = ("cache-a", "cache-b", "cache-c", "cache-d")


class RingChangeTest(unittest.TestCase):
    def setUp(self):
        self.system = System(names=NAMES)
        self.addCleanup(self.system.close)
        self.system.start()
        self.server = self.system.server
        client = self.system.grpc()
        for key in KEYS:
            client.put(key, key)

    def restart(self, arguments=(), **settings):
        """The coordinator with these settings beside the first ones; its new log lines count."""
        self.server.stop()
        self.server.log_path.unlink()
        self.server.command = [self.server.command[0], *arguments]
        for name in ("ACCEPT_RING", "VNODES_PER_NODE"):
            self.server.settings.pop(name, None)
        self.server.settings.update(settings)
        self.server.start()

    def wait_refused(self):
        """Until it says that the rings differ; the value of ACCEPT_RING that it names."""
        wait_until(lambda: "ring_mismatch" in self.server.log, "the rings differ")
        with self.system.grpc() as client:
            refused = client.health_pb.HealthCheckResponse.NOT_SERVING
            wait_until(lambda: client.check() == refused, "it is NOT_SERVING")
        named = r"ACCEPT_RING=([0-9a-f]{16}:[0-9a-f]{16}) "
        wait_until(lambda: re.search(named, self.server.log), "it names the change")
        return re.search(named, self.server.log)[1]

    def status_of_gateway(self):
        return self.system.rest().request("GET", "/status").json()

    def assert_all_there(self):
        with self.system.grpc() as client:
            for key in KEYS:
                self.assertEqual(client.get(key).value, key)

    def test_one_change(self):
        self.restart(VNODES_PER_NODE=50)
        change = self.wait_refused()

        self.restart(VNODES_PER_NODE=50, ACCEPT_RING=change)
        self.server.wait_up()
        self.assert_all_there()
        with self.system.grpc() as client:
            self.assertEqual(client.status().accept_ring, change)
        self.assertIn("ACCEPT_RING is set", self.server.log)
        wait_until(lambda: self.status_of_gateway()["acceptRing"] == change, "REST shows it")
        shown = run(paths.CTL, "--server", self.server.address, "status")
        self.assertIn(f"ACCEPT_RING={change} is set there: remove it", shown.text)

        # Left in place, it accepts neither other settings nor the way back.
        self.restart(VNODES_PER_NODE=60, ACCEPT_RING=change)
        self.assertNotEqual(self.wait_refused(), change)
        self.restart(VNODES_PER_NODE=100, ACCEPT_RING=change)
        back = self.wait_refused()
        before, after = change.split(":")
        self.assertEqual(back.split(":")[1], before)
        self.assertNotEqual(back.split(":")[0], after)  # in a generation of its own

        self.restart(VNODES_PER_NODE=50)
        self.server.wait_up()
        self.assertNotIn("ACCEPT_RING", self.server.log)
        wait_until(lambda: "acceptRing" not in self.status_of_gateway(), "REST shows it no more")
        self.assert_all_there()

    def test_the_argument(self):
        self.restart(["--accept-ring"], VNODES_PER_NODE=50)
        change = self.wait_refused()  # It names no change, and accepts none.
        self.assertIn("--accept-ring without the name of a change accepts nothing", self.server.log)
        self.restart([f"--accept-ring={change}"], VNODES_PER_NODE=50)
        self.server.wait_up()
        self.assert_all_there()

    def test_what_names_no_change_is_a_mistake(self):
        for arguments, settings in ((["--accept-ring=yes"], {}), ([], {"ACCEPT_RING": "true"})):
            ended = run(paths.SERVER, *arguments, settings=settings)
            self.assertEqual(ended.code, 2)
            self.assertIn("must name a change from one ring to another", ended.err)


if __name__ == "__main__":
    unittest.main()
