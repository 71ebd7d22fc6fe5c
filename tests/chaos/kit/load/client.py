"""A client process: many sessions on one event loop, each closed-loop with one coordinator.

    python3 -m kit.load.client CONFIG.json        until SIGTERM, then its history is complete

The configuration: folder, process, seed, coordinators (addresses), sessions (for each coordinator),
rate (operations a second of this process), keys, deadline_ms, only_one, mix (changes to the
generator's).
"""

import asyncio
import json
import pathlib
import signal
import sys
import time

import grpc

from kit.history.clock import now
from kit.history.files import OperationWriter
from kit.load.generator import Generator, Mix
from kit.load.messages import answered, begun, call_of, failed, request_of
from kit.stubs import CHANNEL_OPTIONS, pb_grpc


class Client:
    def __init__(self, config):
        self._config = config
        self._process = config["process"]
        mix = Mix()._replace(**config.get("mix", {}))
        self._generator = Generator(
            config["seed"], self._process, config["keys"], mix, config["only_one"])
        self._writer = OperationWriter(config["folder"], self._process)
        self._deadline = config["deadline_ms"] / 1000
        self._receipts = {}  # key -> the newest version that any receipt told of
        self._stopping = asyncio.Event()
        self._count = 0

    async def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        addresses = self._config["coordinators"]
        sessions = len(addresses) * self._config["sessions"]
        pause = sessions / self._config["rate"]
        channels = [grpc.aio.insecure_channel(a, options=CHANNEL_OPTIONS) for a in addresses]
        await asyncio.gather(*(
            self._session(i % len(addresses), pb_grpc.KacheStub(channels[i % len(addresses)]),
                          pause, i / sessions)
            for i in range(sessions)))
        self._writer.close()
        for channel in channels:
            await channel.close()

    async def _session(self, coordinator, stub, pause, phase):
        next_at = time.monotonic() + pause * phase
        while not self._stopping.is_set():
            # Never faster than its rate, and what was missed while waiting is not made up for.
            next_at = max(next_at + pause, time.monotonic() - pause)
            wait = next_at - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            await self._operate(coordinator, stub, self._generator.next())

    async def _operate(self, coordinator, stub, plan):
        min_version = self._receipts.get(plan.key, 0) if plan.wants_min_version else 0
        request = request_of(plan.kind, plan.level, plan.key, plan.value, plan.ttl_ms, min_version)
        self._count += 1
        operation = begun(
            self._process, self._count, coordinator, plan.kind, plan.level, plan.key, now(),
            value=plan.value, ttl_ms=plan.ttl_ms, min_version=min_version)
        try:
            answer = await call_of(stub, plan.kind)(request, timeout=self._deadline)
        except grpc.aio.AioRpcError as error:
            self._writer.add(failed(operation._replace(end=now()), error))
            return
        operation = answered(operation._replace(end=now()), answer)
        if operation.version > self._receipts.get(plan.key, 0):
            self._receipts[plan.key] = operation.version
        self._writer.add(operation)


if __name__ == "__main__":
    asyncio.run(Client(json.loads(pathlib.Path(sys.argv[1]).read_text())).run())
