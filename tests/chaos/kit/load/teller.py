"""A client for scripted operations: one call at a time, through a coordinator that is named, recorded
as those of the client processes are."""

import grpc

from kit.history.clock import now
from kit.history.files import OperationWriter
from kit.history.operation import DELETE, GET, PUT, TOUCH
from kit.load.callers.batch import batch_call_of, batch_request, each_answered
from kit.load.messages import answered, begun, call_of, failed, request_of
from kit.stubs import CHANNEL_OPTIONS, pb_grpc

_SECONDS = 3


class Teller:
    """`process` names its file: no two writers of a round may share it."""

    def __init__(self, folder, addresses, process):
        self._process = process
        self._writer = OperationWriter(folder, process)
        self._channels = [grpc.insecure_channel(a, options=CHANNEL_OPTIONS) for a in addresses]
        self._stubs = [pb_grpc.KacheStub(channel) for channel in self._channels]
        self._count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._writer.close()
        for channel in self._channels:
            channel.close()

    @property
    def coordinators(self):
        return range(len(self._stubs))

    def put(self, coordinator, level, key, value, ttl_ms=0):
        return self._do(coordinator, PUT, level, key, value=value, ttl_ms=ttl_ms)

    def touch(self, coordinator, level, key, ttl_ms):
        return self._do(coordinator, TOUCH, level, key, ttl_ms=ttl_ms)

    def delete(self, coordinator, level, key):
        return self._do(coordinator, DELETE, level, key)

    def get(self, coordinator, level, key):
        return self._do(coordinator, GET, level, key)

    def get_all(self, coordinator, level, keys):
        """In one BatchGet."""
        return self._do_all(coordinator, [
            self._begun(coordinator, GET, level, key, caller="batch") for key in keys])

    def put_all(self, coordinator, level, keys, name):
        """In one BatchPut; a key's value is "<name>.<key>"."""
        return self._do_all(coordinator, [
            self._begun(coordinator, PUT, level, key, value=f"{name}.{key}", caller="batch")
            for key in keys])

    def _do_all(self, coordinator, operations):
        call = batch_call_of(self._stubs[coordinator], operations[0].kind)
        try:
            answer = call(batch_request(operations), timeout=_SECONDS)
            operations = each_answered(operations, answer.results)
        except grpc.RpcError as error:
            operations = [failed(operation, error) for operation in operations]
        return [self._ended(operation) for operation in operations]

    def _do(self, coordinator, kind, level, key, **more):
        operation = self._begun(coordinator, kind, level, key, **more)
        try:
            answer = call_of(self._stubs[coordinator], kind)(
                request_of(operation), timeout=_SECONDS)
            operation = answered(operation, answer)
        except grpc.RpcError as error:
            operation = failed(operation, error)
        return self._ended(operation)

    def _begun(self, coordinator, kind, level, key, **more):
        self._count += 1
        return begun(self._process, self._count, coordinator, kind, level, key, now(), **more)

    def _ended(self, operation):
        operation = operation._replace(end=now())
        self._writer.add(operation)
        return operation
