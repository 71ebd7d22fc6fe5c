"""BatchGet, BatchPut, BatchDelete and BatchTouch to one coordinator, each sent once."""

import grpc

from kit.history.operation import DELETE, PUT, TOUCH
from kit.load.generator import to_bytes
from kit.load.messages import acknowledged, answered, failed, refused_alone, version_message
from kit.stubs import CHANNEL_OPTIONS, LEVELS, pb, pb_grpc


def batch_request(operations):
    """`operations` are of one kind and one level."""
    kind, level = operations[0].kind, LEVELS[operations[0].level]
    keys = [operation.key.encode() for operation in operations]
    if kind == PUT:
        return pb.BatchPutRequest(consistency=level, entries=[
            pb.BatchPutRequest.Entry(key=key, value=to_bytes(operation.value),
                                     ttl_ms=operation.ttl_ms)
            for key, operation in zip(keys, operations)])
    if kind == TOUCH:
        return pb.BatchTouchRequest(consistency=level, entries=[
            pb.BatchTouchRequest.Entry(key=key, ttl_ms=operation.ttl_ms)
            for key, operation in zip(keys, operations)])
    if kind == DELETE:
        return pb.BatchDeleteRequest(keys=keys, consistency=level)
    versions = [version_message(operation.min_version) for operation in operations]
    return pb.BatchGetRequest(keys=keys, consistency=level, min_versions=versions)


def batch_call_of(stub, kind):
    return {PUT: stub.BatchPut, DELETE: stub.BatchDelete, TOUCH: stub.BatchTouch}.get(
        kind, stub.BatchGet)


def each_answered(operations, results):
    """The operations with what the results of a batch say."""
    return [_answered_one(operation, result)
            for operation, result in zip(operations, results, strict=True)]


def _answered_one(operation, result):
    outcome = result.WhichOneof("outcome")
    if outcome == "error":
        return refused_alone(operation, result.error)
    if outcome == "receipt":
        return acknowledged(operation, result.receipt)
    return answered(operation, result.response)


class BatchCaller:
    def __init__(self, coordinator, address):
        self.fields = {"caller": "batch", "coordinator": coordinator}
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._stub = pb_grpc.KacheStub(self._channel)

    async def call(self, operations, seconds):
        call = batch_call_of(self._stub, operations[0].kind)
        try:
            answer = await call(batch_request(operations), timeout=seconds)
        except grpc.aio.AioRpcError as error:
            return [failed(operation, error) for operation in operations]
        return each_answered(operations, answer.results)

    async def close(self):
        await self._channel.close()
