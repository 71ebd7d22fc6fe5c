"""gRPC calls made to break things. After each one: nothing was written, and Kache answers."""

import os
import socket
import threading
import unittest

import grpc

from harness import exposition
from harness.case import SystemCase
from harness.grpc_client import KacheClient
from harness.kache import KacheGateway
from harness.waiting import wait_until

Code = grpc.StatusCode
MIB = 2**20


def field(number, payload):
    """A length-delimited protobuf field, as bytes."""
    size, length = len(payload), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return bytes([number << 3 | 2]) + length + payload


class HostileCase(SystemCase):
    SYSTEM = {"redis": 2, "gateways": 0}

    def assert_refused(self, call, *codes):
        with self.assert_writes_nothing():
            with self.assertRaises(grpc.RpcError) as raised:
                call()
            self.assertIn(raised.exception.code(), codes, raised.exception.details())

    def call(self, rpc, **request):
        pb = self.grpc.pb
        return getattr(self.grpc.stub, rpc)(getattr(pb, rpc + "Request")(**request), timeout=5)


class ArgumentsTest(HostileCase):
    def test_keys(self):
        for key in (b"", b"k" * 1025, b"\x00" * 1025, b"k" * MIB):
            for rpc in ("Get", "Put", "Delete", "Locate"):
                with self.subTest(f"{rpc} {len(key)}"):
                    self.assert_refused(lambda: self.call(rpc, key=key), Code.INVALID_ARGUMENT)

    def test_values(self):
        for size in (MIB + 1, 2 * MIB):
            self.assert_refused(lambda: self.call("Put", key=b"k", value=b"v" * size),
                                Code.INVALID_ARGUMENT)
        self.call("Put", key=b"largest", value=b"\xff" * MIB)
        self.assertEqual(len(self.grpc.get(b"largest").value), MIB)

    def test_ttls(self):
        century_ms = 100 * 365 * 24 * 3600 * 1000
        for ttl in (-1, -(2**63), 2**63 - 1, century_ms + 1):
            self.assert_refused(lambda: self.call("Put", key=b"k", value=b"v", ttl_ms=ttl),
                                Code.INVALID_ARGUMENT)
        self.call("Put", key=b"century", value=b"v", ttl_ms=century_ms)
        self.assertGreater(self.grpc.get(b"century").ttl_ms, century_ms - 60_000)

    def test_unknown_enum_values(self):
        for level in (4, 99, -1, 2**31 - 1):
            for rpc, request in (
                ("Get", {"key": b"k"}), ("Put", {"key": b"k"}), ("Delete", {"key": b"k"}),
                ("BatchGet", {"keys": [b"k"]}), ("BatchDelete", {"keys": [b"k"]}),
                ("BatchPut", {"entries": [{"key": b"k"}]}),
            ):
                with self.subTest(f"{rpc} {level}"):
                    self.assert_refused(lambda: self.call(rpc, consistency=level, **request),
                                        Code.INVALID_ARGUMENT)

    def test_batches_over_their_limits(self):
        keys = [b"%d" % i for i in range(1001)]
        large = [{"key": b"%d" % i, "value": b"v" * MIB} for i in range(3)]
        self.assert_refused(lambda: self.call("BatchGet", keys=keys), Code.INVALID_ARGUMENT)
        self.assert_refused(lambda: self.call("BatchDelete", keys=keys), Code.INVALID_ARGUMENT)
        self.assert_refused(lambda: self.call("BatchPut", entries=[{"key": k} for k in keys]),
                            Code.INVALID_ARGUMENT)
        self.assert_refused(lambda: self.call("BatchPut", entries=large), Code.INVALID_ARGUMENT)
        self.assert_refused(lambda: self.call("BatchGet", keys=[b"k"], min_versions=[{}, {}]),
                            Code.INVALID_ARGUMENT)


class MessagesTest(HostileCase):
    PUT = "/kache.v1.Kache/Put"

    def send(self, body, method=PUT):
        return self.grpc.bytes_rpc(method)(body, timeout=5)

    def test_bytes_that_are_no_message(self):
        good = field(1, b"k") + field(2, b"v")
        for body in (b"\xff" * 20, good[:-1], field(1, b"k") + b"\x12\xff\xff\xff\xff\x0f",
                     b"\x0a", b"\x00", b"\x0f", b"\x0b", b"\x18" + b"\xff" * 11,
                     b"\x0a\x80", b"\x9b" * 1000, b"\x0c"):
            with self.subTest(body[:30]):
                self.assert_refused(lambda: self.send(body), Code.INTERNAL, Code.INVALID_ARGUMENT,
                                    Code.UNIMPLEMENTED)

    def test_messages_over_the_limit(self):
        for size in (5 * MIB, 16 * MIB):
            self.assert_refused(lambda: self.call("Put", key=b"k", value=b"v" * size),
                                Code.RESOURCE_EXHAUSTED, Code.INVALID_ARGUMENT)

    def test_fields_given_twice_and_unknown_ones_follow_protobuf(self):
        twice = field(1, b"first") + field(2, b"a") + field(1, b"twice") + field(2, b"b")
        self.send(twice + field(15, b"unknown" * 100))
        self.assertFalse(self.grpc.get(b"first").found)
        self.assertEqual(self.grpc.get(b"twice").value, b"b")

    def test_empty_message(self):
        for rpc in ("Get", "Put", "Delete", "Locate"):
            self.assert_refused(lambda: self.send(b"", f"/kache.v1.Kache/{rpc}"),
                                Code.INVALID_ARGUMENT)

    def test_unknown_methods(self):
        body = field(1, b"k") + field(2, b"v")
        for method in ("/kache.v1.Kache/Nothing", "/kache.v2.Kache/Put", "/kache.v1.Kache/put",
                       "/kache.v1.Kache/Put/", "/x", "/", "/kache.v1.Kache/" + "x" * 4000):
            with self.subTest(method[:40]):
                self.assert_refused(lambda: self.send(body, method), Code.UNIMPLEMENTED)

    def test_metadata_bomb(self):
        pb = self.grpc.pb
        metadata = [(f"x-{i}", "y" * 1000) for i in range(100)]
        # gRPC may also close the connection that such metadata came on; no other one.
        client = KacheClient(self.system.server.address)
        self.assert_refused(
            lambda: client.stub.Put(pb.PutRequest(key=b"k", value=b"v"), timeout=5,
                                    metadata=metadata),
            Code.RESOURCE_EXHAUSTED, Code.INTERNAL, Code.UNAVAILABLE)
        client.close()

    def test_compressed_requests(self):
        pb = self.grpc.pb
        for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            self.grpc.stub.Put(pb.PutRequest(key=b"zipped", value=b"v" * 10_000), timeout=5,
                               compression=compression)
            self.assertEqual(self.grpc.get(b"zipped").value, b"v" * 10_000)
        # A small message that unpacks to more than the limit.
        bomb = pb.PutRequest(key=b"k", value=b"\x00" * (64 * MIB))
        self.assert_refused(
            lambda: self.grpc.stub.Put(bomb, timeout=10, compression=grpc.Compression.Gzip),
            Code.RESOURCE_EXHAUSTED)


class ConnectionsTest(HostileCase):
    def raw(self, *parts):
        with socket.create_connection(("127.0.0.1", self.system.server.port), 5) as raw:
            for part in parts:
                try:
                    raw.sendall(part)
                except OSError:
                    return

    def test_bytes_that_are_not_http2(self):
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        for parts in (
            (b"",), (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",), (b"\x00" * 1000,), (b"\x16\x03\x01",),
            (preface[:10],), (preface,), (preface, b"\xff" * 100),
            (preface, settings, b"\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff"),
            (preface, settings, b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"),
            (preface, settings, b"\x00\x00\x00\x09\x04\x00\x00\x00\x01" * 1000),
            (preface, settings, b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + b"\x00" * 8),
        ):
            with self.subTest(parts[-1][:20]), self.assert_writes_nothing():
                self.raw(*parts)

    def test_calls_cut_off_by_the_client(self):
        pb = self.grpc.pb
        for _ in range(50):
            call = self.grpc.stub.Get.future(pb.GetRequest(key=b"never written"))
            call.cancel()
        for _ in range(20):
            client = KacheClient(self.system.server.address)
            client.stub.Get.future(pb.GetRequest(key=b"never written"))
            client.close()
        self.assert_answers()

    def test_many_calls_on_one_connection(self):
        pb = self.grpc.pb
        calls = [self.grpc.stub.Get.future(pb.GetRequest(key=b"%d" % i), timeout=20)
                 for i in range(3000)]
        codes = {call.code() for call in calls}
        self.assertTrue(codes <= {Code.OK, Code.RESOURCE_EXHAUSTED}, codes)
        self.assert_answers()

    def test_many_connections(self):
        clients = [KacheClient(self.system.server.address, timeout=20) for _ in range(100)]
        threads = [threading.Thread(target=client.get, args=(b"k",)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
        self.assert_answers()


class Watches:
    """Streams of Health.Watch of one client, over a connection of its own."""

    def __init__(self, address, count):
        self.client = KacheClient(address)
        request = self.client.health_pb.HealthCheckRequest(service="kache.v1.Kache")
        self.calls = [self.client.health.Watch(request) for _ in range(count)]

    def refused(self):
        return [call for call in self.calls if call.done()]

    def open(self):
        return len(self.calls) - len(self.refused())


class StreamsWithoutATokenTest(HostileCase):
    OF_CONNECTION = 16
    FURTHER = 750  # of all connections, beside the first of each, without a token

    def watch(self, count):
        watches = Watches(self.system.server.address, count)
        self.addCleanup(watches.client.close)
        return watches

    def metric(self, name, **labels):
        return exposition.parse(self.system.server.metrics()).total(name, **labels)

    def assert_a_gateway_starts(self):
        gateway = KacheGateway([self.system.server.address], name="late-gateway",
                               folder=self.system.folder)
        self.addCleanup(gateway.kill)
        gateway.start().wait_ready()
        gateway.stop()

    def test_one_client_locks_nobody_out(self):
        def rejected():
            return self.metric("kache_rejected_total", reason="too_many_health_watches")

        before = rejected()
        watches = self.watch(1000)
        wait_until(lambda: watches.open() == self.OF_CONNECTION, "most are refused")
        call = watches.refused()[0]
        self.assertEqual(call.code(), Code.RESOURCE_EXHAUSTED)
        self.assertIn("share its answers", call.details())
        wait_until(lambda: self.metric("kache_health_watches") == self.OF_CONNECTION, "counted")
        self.assertEqual(rejected() - before, 1000 - self.OF_CONNECTION)
        self.assert_a_gateway_starts()
        watches.client.close()
        wait_until(lambda: self.metric("kache_health_watches") == 0, "all are forgotten")

    def test_many_clients_lock_nobody_out(self):
        clients = self.FURTHER // (self.OF_CONNECTION - 1) + 5
        crowd = [self.watch(self.OF_CONNECTION) for _ in range(clients)]
        wait_until(lambda: self.metric("kache_health_watches") == self.FURTHER + clients,
                   "all the room is taken")
        wait_until(lambda: sum(watches.open() for watches in crowd) == self.FURTHER + clients,
                   "the others are refused")
        refused = next(watches.refused()[0] for watches in crowd if watches.refused())
        self.assertEqual(refused.code(), Code.RESOURCE_EXHAUSTED)
        self.assertIn("open one on each connection", refused.details())
        self.assert_a_gateway_starts()

    def test_reflection_takes_no_threads(self):
        def threads():
            return len(os.listdir(f"/proc/{self.system.server.pid}/task"))

        def metric():
            return self.metric("kache_reflection_streams")

        before = threads()
        ended = threading.Event()
        self.addCleanup(ended.set)
        client = KacheClient(self.system.server.address)
        self.addCleanup(client.close)

        def questions():
            yield client.reflection_pb.ServerReflectionRequest(list_services="")
            ended.wait()

        calls = [client.reflection.ServerReflectionInfo(questions()) for _ in range(300)]
        wait_until(lambda: sum(call.done() for call in calls) == 296 and metric() == 4,
                   "most are refused")
        refused = next(call for call in calls if call.done())
        self.assertEqual(refused.code(), Code.RESOURCE_EXHAUSTED)
        self.assertEqual(threads(), before)
        answered = next(call for call in calls if not call.done())
        self.assertTrue(next(answered).list_services_response.service)
        self.assert_answers()
        ended.set()
        wait_until(lambda: metric() == 0, "the streams end")


if __name__ == "__main__":
    unittest.main()
