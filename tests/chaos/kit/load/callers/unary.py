"""Unary gRPC calls to one coordinator, each sent once."""

import grpc

from kit.load.messages import answered, call_of, failed, request_of
from kit.stubs import CHANNEL_OPTIONS, pb_grpc


class UnaryCaller:
    def __init__(self, coordinator, address):
        self.fields = {"caller": "unary", "coordinator": coordinator}
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._stub = pb_grpc.KacheStub(self._channel)

    async def call(self, operations, seconds):
        operation, = operations
        try:
            answer = await call_of(self._stub, operation.kind)(
                request_of(operation), timeout=seconds)
        except grpc.aio.AioRpcError as error:
            return [failed(operation, error)]
        return [answered(operation, answer)]

    async def close(self):
        await self._channel.close()
