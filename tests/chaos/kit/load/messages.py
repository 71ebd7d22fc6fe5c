"""Between the history's operations and gRPC's messages."""

import grpc

from harness.grpc_client import detail_of, error_details_pb2
from kit.cluster.nodes import NODE_OF_ID
from kit.history.operation import (
    DELETE, GET, OK, PUT, TOUCH, UNKNOWN_NODE, Operation, version_of,
)
from kit.load.generator import from_bytes, to_bytes
from kit.stubs import LEVELS, pb

_LOW = (1 << 64) - 1
_CODES = {code.value[0]: code.name for code in grpc.StatusCode}


def version_message(version):
    return pb.Version(timestamp=version >> 64, clock=version & _LOW)


def request_of(operation):
    key, level = operation.key.encode(), LEVELS[operation.level]
    if operation.kind == PUT:
        return pb.PutRequest(key=key, value=to_bytes(operation.value), ttl_ms=operation.ttl_ms,
                             consistency=level)
    if operation.kind == DELETE:
        return pb.DeleteRequest(key=key, consistency=level)
    if operation.kind == TOUCH:
        return pb.TouchRequest(key=key, ttl_ms=operation.ttl_ms, consistency=level)
    request = pb.GetRequest(key=key, consistency=level)
    if operation.min_version:
        request.min_version.CopyFrom(version_message(operation.min_version))
    return request


def call_of(stub, kind):
    return {PUT: stub.Put, DELETE: stub.Delete, TOUCH: stub.Touch}.get(kind, stub.Get)


def answered(operation, answer):
    """The operation with what a response says."""
    operation = acknowledged(operation, answer.receipt)
    if operation.kind == GET and answer.found:
        return operation._replace(value=from_bytes(answer.value))
    return operation


def acknowledged(operation, receipt):
    """The operation with what a receipt says."""
    return operation._replace(
        code=OK, version=version_of(receipt.version.timestamp, receipt.version.clock),
        degraded=receipt.degraded, acknowledged=receipt.acknowledged, required=receipt.required,
        expires_at_ms=receipt.expires_at_unix_ms,
        node=NODE_OF_ID.get(receipt.node_id, UNKNOWN_NODE)
        if receipt.HasField("node_id") else None)


def failed(operation, error):
    """The operation of a call that failed; `error`: a grpc.RpcError."""
    info = detail_of(error, error_details_pb2.ErrorInfo)
    return refused(operation, error.code().name, error.details(), info.reason if info else "")


def refused(operation, code, message, reason=""):
    return operation._replace(code=code, message=(message or "")[:120], reason=reason)


def refused_alone(operation, error):
    """One operation of a batch or a stream; `error`: a kache.v1.Error."""
    return refused(operation, _CODES.get(error.code, str(error.code)), error.message, error.reason)


def begun(process, count, coordinator, kind, level, key, start, **more):
    """An operation that has no end yet."""
    return Operation(process * 100_000_000 + count, process, coordinator, kind, level, key, start,
                     0, "", **more)
