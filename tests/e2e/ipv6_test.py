"""Every port over IPv6: on both families, by a name with two addresses, and where there is IPv6
alone."""

import ctypes
import fcntl
import http.client
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

from harness import paths
from harness.kache import KacheGateway, KacheServer
from harness.process import Process, clean_environment
from harness.redis_server import RedisServer
from harness.waiting import wait_until


def get(host, port, path):
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def assert_served(test, server, gateway):
    """All three ports answer on 127.0.0.1 and on ::1."""
    for host in ("127.0.0.1", "::1"):
        test.assertEqual(get(host, gateway.port, "/readyz"), 200, host)
        test.assertEqual(get(host, server.metrics_port, "/metrics"), 200, host)
        with socket.create_connection((host, server.port), timeout=10):
            pass


class ListeningCase(unittest.TestCase):
    def start_on(self, listen, reached_by):
        """All ports of both programs listen on `listen`, and answer on both families."""
        redis = RedisServer()
        server = KacheServer([redis.url])
        server.settings["GRPC_LISTEN_ADDRESS"] = f"{listen}:{server.port}"
        server.settings["METRICS_LISTEN_ADDRESS"] = f"{listen}:{server.metrics_port}"
        gateway = KacheGateway([f"{reached_by}:{server.port}"])
        gateway.settings["HTTP_LISTEN_ADDRESS"] = f"{listen}:{gateway.port}"
        for process in (redis, server, gateway):
            process.start()
            self.addCleanup(process.stop)
        server.wait_up()  # by 127.0.0.1
        gateway.wait_ready()
        assert_served(self, server, gateway)
        return server, gateway


class BothFamiliesTest(ListeningCase):
    def test_every_port_listens_on_both(self):
        self.start_on("[::]", "[::1]")


class LocalName(ListeningCase):
    """Where localhost has two addresses."""

    def test_every_port_listens_on_both(self):
        for process in self.start_on("localhost", "localhost"):
            self.assertNotIn("no tokens are asked for", process.log)


class Ipv6Alone(unittest.TestCase):
    """In a network that has IPv6 alone."""

    def test_every_program(self):
        with self.assertRaises(OSError):
            socket.socket().bind(("127.0.0.1", 0))
        folder = pathlib.Path(os.environ["KACHE_TEST_FOLDER"])
        redis_port, grpc, metrics, rest = (free_port_on_ipv6() for _ in range(4))
        processes = [
            Process("redis", [paths.REDIS, "--port", redis_port, "--bind", "::1", "--save", ""],
                    folder=folder),
            Process("kache-server", [paths.SERVER], {
                "REDIS_URLS": f"[::1]:{redis_port}", "GRPC_LISTEN_ADDRESS": f"localhost:{grpc}",
                "METRICS_LISTEN_ADDRESS": f"localhost:{metrics}"}, folder),
            Process("kache-gateway", [paths.GATEWAY], {
                "KACHE_SERVERS": f"[::1]:{grpc}", "HTTP_LISTEN_ADDRESS": f"[::1]:{rest}",
                "DRAIN_DELAY_SECONDS": 0}, folder),
        ]
        for process in processes:
            process.start()
            self.addCleanup(process.kill)
        wait_until(lambda: get("::1", rest, "/readyz") == 200, "the gateway is ready")
        self.assertEqual(get("::1", metrics, "/metrics"), 200)
        connection = http.client.HTTPConnection("::1", rest, timeout=10)
        connection.request("PUT", "/api/v1/keys/k", b"v",
                           {"Content-Type": "application/octet-stream"})
        self.assertEqual(connection.getresponse().status, 200)
        for command, settings in (
            ([paths.SERVER, "--health"], processes[1].settings),
            ([paths.GATEWAY, "--health"], processes[2].settings),
            ([paths.CTL, "--server", f"[::1]:{grpc}", "get", "k"], {}),
        ):
            ended = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                                   env=clean_environment(settings), timeout=60)
            self.assertEqual(ended.returncode, 0, f"{command} {ended.stdout}{ended.stderr}")
        for process in reversed(processes):
            process.stop()


def free_port_on_ipv6():
    with socket.socket(socket.AF_INET6) as chosen:
        chosen.bind(("::1", 0))
        return chosen.getsockname()[1]


def unshare(flags):
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def give_localhost_two_addresses():
    """As on most machines; in a mount namespace."""
    unshare(0x20000)  # CLONE_NEWNS
    hosts = pathlib.Path(os.environ["KACHE_TEST_FOLDER"], "hosts")
    hosts.write_text("127.0.0.1 localhost\n::1 localhost\n")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)


def enter_network_of_ipv6_alone():
    """A network namespace whose loopback interface has ::1 and no IPv4 address."""
    give_localhost_two_addresses()
    unshare(0x40000000)  # CLONE_NEWNET
    set_flags, set_address = 0x8914, 0x8916
    up, running = 0x1, 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, set_flags, struct.pack("16sH14x", b"lo", up | running))
        nothing = struct.pack("HH4s8x", socket.AF_INET, 0, bytes(4))
        fcntl.ioctl(control, set_address, struct.pack("16s16s", b"lo", nothing))


# What runs in namespaces of its own, by the names that --inside takes.
INSIDE = {
    "LocalName": (LocalName, give_localhost_two_addresses),
    "Ipv6Alone": (Ipv6Alone, enter_network_of_ipv6_alone),
}


@unittest.skipIf(os.geteuid() != 0, "namespaces need root")
class InsideTest(unittest.TestCase):
    def run_inside(self, name):
        with tempfile.TemporaryDirectory(prefix="kache-e2e.") as folder:
            ended = subprocess.run([sys.executable, __file__, "--inside", name],
                                   capture_output=True, text=True,
                                   env={**os.environ, "KACHE_TEST_FOLDER": folder})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_a_name_with_two_addresses(self):
        self.run_inside("LocalName")

    def test_ipv6_alone(self):
        self.run_inside("Ipv6Alone")


def load_tests(loader, tests, pattern):
    inside = "--inside" in sys.argv
    suite = unittest.TestSuite()
    for case in (INSIDE[sys.argv[-1]][0],) if inside else (BothFamiliesTest, InsideTest):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    if "--inside" in sys.argv:
        INSIDE[sys.argv[-1]][1]()
        runner = unittest.TextTestRunner()
        ended = runner.run(load_tests(unittest.defaultTestLoader, None, None))
        sys.exit(0 if ended.wasSuccessful() and ended.testsRun > 0 else 1)
    unittest.main()
