"""One Pipeline stream to one coordinator, shared by many sessions. An operation is sent once; a
stream that breaks fails all that was on it, and the next operation opens another one."""

import asyncio
import contextlib
import itertools

import grpc

from kit.history.operation import DELETE, PUT, TOUCH
from kit.load.messages import answered, refused, refused_alone, request_of
from kit.stubs import CHANNEL_OPTIONS, pb, pb_grpc

_GRACE_SECONDS = 0.5  # for an answer that says that the deadline has passed
_PAUSE_SECONDS = 0.05  # before a stream is opened again


class PipelineCaller:
    def __init__(self, coordinator, address):
        self.fields = {"caller": "pipeline", "coordinator": coordinator}
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._stub = pb_grpc.KacheStub(self._channel)
        self._numbers = itertools.count(1)
        self._waiting = {}  # id -> (operation, future)
        self._outgoing = asyncio.Queue()
        self._worker = asyncio.create_task(self._work())

    async def call(self, operations, seconds):
        operation, = operations
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = (operation, future)
        self._outgoing.put_nowait((number, _message(number, operation, seconds)))
        try:
            return [await asyncio.wait_for(future, seconds + _GRACE_SECONDS)]
        except asyncio.TimeoutError:
            return [refused(operation, "DEADLINE_EXCEEDED", "no answer on the stream")._replace(
                given_up=True)]
        finally:
            self._waiting.pop(number, None)

    async def close(self):
        self._worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._worker
        await self._channel.close()

    async def _work(self):
        while True:
            message = await self._next_message()
            stream = self._stub.Pipeline()
            writer = asyncio.create_task(self._write(stream, message))
            try:
                async for response in stream:
                    for result in response.results:
                        self._finish(result)
                self._fail_all("UNAVAILABLE", "the stream has ended")
            except grpc.aio.AioRpcError as error:
                self._fail_all(error.code().name, error.details())
            finally:
                writer.cancel()
                stream.cancel()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _write(self, stream, message):
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:  # a stream that broke is noticed by who reads it
                await stream.write(message)
                message = await self._next_message()

    async def _next_message(self):
        """Of an operation that is still waited for: none is sent after it was recorded as failed."""
        while True:
            number, message = await self._outgoing.get()
            if number in self._waiting:
                return message

    def _finish(self, result):
        operation, future = self._waiting.get(result.id, (None, None))
        if future is None or future.done():
            return
        outcome = result.WhichOneof("outcome")
        if outcome == "error":
            future.set_result(refused_alone(operation, result.error))
        else:
            future.set_result(answered(operation, getattr(result, outcome)))

    def _fail_all(self, code, message):
        """What waits to be written may have been written in part, or not: it is failed as well."""
        while not self._outgoing.empty():
            self._outgoing.get_nowait()
        for operation, future in self._waiting.values():
            if not future.done():
                future.set_result(refused(operation, code, message))


def _message(number, operation, seconds):
    field = {PUT: "put", DELETE: "delete", TOUCH: "touch"}.get(operation.kind, "get")
    return pb.PipelineRequest(operations=[pb.PipelineOperation(
        id=number, timeout_ms=round(seconds * 1000), **{field: request_of(operation)})])
