"""Reads every key through every coordinator, once, when all is over: recorded as the others are."""

import time

import grpc

from kit.history.files import OperationWriter
from kit.history.operation import GET, OK, Operation, version_of
from kit.load.generator import from_bytes
from kit.stubs import CHANNEL_OPTIONS, LEVELS, pb, pb_grpc

_PROCESS = 90


def audit(folder, addresses, keys, levels):
    writer = OperationWriter(folder, _PROCESS)
    number = _PROCESS * 100_000_000
    for coordinator, address in enumerate(addresses):
        with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
            stub = pb_grpc.KacheStub(channel)
            for key in keys:
                for level in levels:
                    number += 1
                    writer.add(_read(stub, number, coordinator, key, level))
    writer.close()


def _read(stub, number, coordinator, key, level):
    request = pb.GetRequest(key=key.encode(), consistency=LEVELS[level])
    start = time.monotonic_ns() // 1000
    try:
        answer, code = stub.Get(request, timeout=1), OK
    except grpc.RpcError as error:
        answer, code = pb.GetResponse(), error.code().name
    end = time.monotonic_ns() // 1000
    receipt = answer.receipt
    return Operation(
        number, _PROCESS, coordinator, GET, level, key, start, end, code,
        from_bytes(answer.value) if answer.found else None,
        version=version_of(receipt.version.timestamp, receipt.version.coordinator),
        degraded=receipt.degraded, acknowledged=receipt.acknowledged, required=receipt.required,
        expires_at_ms=receipt.expires_at_unix_ms,
        node=receipt.node if receipt.HasField("node") else None)
