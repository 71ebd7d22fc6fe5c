"""Puts, gets and deletes a key through gRPC. Usage: tour.py HOST:PORT, with the generated stubs
(kache/v1/kache_pb2.py and kache_pb2_grpc.py) on PYTHONPATH."""

import sys

import grpc

from kache.v1 import kache_pb2, kache_pb2_grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    cache = kache_pb2_grpc.KacheStub(channel)

    put = cache.Put(
        kache_pb2.PutRequest(key=b"user:1", value=b"\x00any bytes\xff", ttl_ms=60_000), timeout=1
    )
    print(f"stored on {put.receipt.acknowledged} or more replicas")

    got = cache.Get(kache_pb2.GetRequest(key=b"user:1"), timeout=1)
    assert got.found and got.value == b"\x00any bytes\xff"
    status = cache.GetStatus(kache_pb2.GetStatusRequest(), timeout=1)
    names = {node.node_id: node.name for node in status.nodes}
    print(f"read back {got.value!r} from {names[got.receipt.node_id]}")

    cache.Delete(kache_pb2.DeleteRequest(key=b"user:1"), timeout=1)
    assert not cache.Get(kache_pb2.GetRequest(key=b"user:1"), timeout=1).found
    print("deleted")
