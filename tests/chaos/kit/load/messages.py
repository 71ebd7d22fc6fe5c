"""Between the history's operations and gRPC's messages."""

from kit.cluster.nodes import NODE_OF_ID
from kit.history.operation import DELETE, OK, PUT, UNKNOWN_NODE, Operation, version_of
from kit.load.generator import from_bytes, to_bytes
from kit.stubs import LEVELS, pb

_LOW = (1 << 64) - 1


def request_of(kind, level, key, value=None, ttl_ms=0, min_version=0):
    key, level = key.encode(), LEVELS[level]
    if kind == PUT:
        return pb.PutRequest(key=key, value=to_bytes(value), ttl_ms=ttl_ms, consistency=level)
    if kind == DELETE:
        return pb.DeleteRequest(key=key, consistency=level)
    request = pb.GetRequest(key=key, consistency=level)
    if min_version:
        request.min_version.timestamp = min_version >> 64
        request.min_version.clock = min_version & _LOW
    return request


def call_of(stub, kind):
    return {PUT: stub.Put, DELETE: stub.Delete}.get(kind, stub.Get)


def answered(operation, answer):
    """The operation with what the answer says."""
    receipt = answer.receipt
    value = operation.value
    if not operation.is_write and answer.found:
        value = from_bytes(answer.value)
    return operation._replace(
        code=OK, value=value,
        version=version_of(receipt.version.timestamp, receipt.version.clock),
        degraded=receipt.degraded, acknowledged=receipt.acknowledged, required=receipt.required,
        expires_at_ms=receipt.expires_at_unix_ms,
        node=NODE_OF_ID.get(receipt.node_id, UNKNOWN_NODE) if receipt.HasField("node_id") else None)


def failed(operation, error):
    return operation._replace(code=error.code().name, message=(error.details() or "")[:120])


def begun(process, count, coordinator, kind, level, key, start, **more):
    """An operation that has no end yet."""
    return Operation(process * 100_000_000 + count, process, coordinator, kind, level, key, start,
                     0, "", **more)
