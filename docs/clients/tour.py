"""Puts, gets, touches and deletes a key through gRPC. Usage: tour.py HOST:PORT, with the generated stubs
(kache/v1/kache_pb2.py and kache_pb2_grpc.py) on PYTHONPATH."""

import secrets
import sys
import time

import grpc

from kache.v1 import kache_pb2, kache_pb2_grpc


class Stamps:
    """Gives each write its version, so that the write may be sent twice: an attempt that arrives late
    then changes nothing. One for each process; a process that is forked makes its own."""

    def __init__(self, cache):
        cluster_time = cache.GetStatus(kache_pb2.GetStatusRequest(), timeout=1).cluster_time_unix_ms
        # An older server names no time: then the own clock counts.
        self._ahead_ms = cluster_time - time.time_ns() // 1_000_000 if cluster_time else 0
        self._clock = (1 + secrets.randbelow(2**48 - 1)) << 16
        self._last = 0

    def next(self):
        now_ms = time.time_ns() // 1_000_000 + self._ahead_ms
        self._last = max(now_ms << 16, self._last + 1)  # it only rises
        return kache_pb2.Stamp(timestamp=self._last, clock=self._clock)


def send(rpc, request):
    """Sends a request again that no server could take. All attempts carry the same stamp."""
    for wait_s in (0.05, 0.2, 1):
        try:
            return rpc(request, timeout=1)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
        time.sleep(wait_s)
    return rpc(request, timeout=1)


with grpc.insecure_channel(sys.argv[1]) as channel:
    cache = kache_pb2_grpc.KacheStub(channel)

    stamps = Stamps(cache)

    put = send(
        cache.Put,
        kache_pb2.PutRequest(
            key=b"user:1", value=b"\x00any bytes\xff", ttl_ms=60_000, stamp=stamps.next()
        ),
    )
    print(f"stored on {put.receipt.acknowledged} or more replicas")

    got = cache.Get(kache_pb2.GetRequest(key=b"user:1"), timeout=1)
    assert got.found and got.value == b"\x00any bytes\xff"
    status = cache.GetStatus(kache_pb2.GetStatusRequest(), timeout=1)
    names = {node.node_id: node.name for node in status.nodes}
    print(f"read back {got.value!r} from {names[got.receipt.node_id]}")

    touch = kache_pb2.TouchRequest(key=b"user:1", ttl_ms=3_600_000, stamp=stamps.next())
    assert send(cache.Touch, touch).found
    print("lives for an hour")

    send(cache.Delete, kache_pb2.DeleteRequest(key=b"user:1", stamp=stamps.next()))
    assert not cache.Get(kache_pb2.GetRequest(key=b"user:1"), timeout=1).found
    print("deleted")
