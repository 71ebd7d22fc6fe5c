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

from kit.history.files import OperationWriter
from kit.history.operation import DELETE, GET, OK, PUT, Operation, version_of
from kit.load.generator import Generator, Mix, from_bytes, to_bytes
from kit.stubs import CHANNEL_OPTIONS, LEVELS, pb, pb_grpc


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
        call, request, min_version = self._prepare(stub, plan)
        self._count += 1
        number = self._process * 100_000_000 + self._count
        start = time.monotonic_ns() // 1000
        answer, error = None, None
        try:
            answer = await call(request, timeout=self._deadline)
        except grpc.aio.AioRpcError as failed:
            error = failed
        end = time.monotonic_ns() // 1000
        common = (number, self._process, coordinator, plan.kind, plan.level, plan.key, start, end)
        if error is not None:
            self._writer.add(Operation(
                *common, error.code().name, plan.value, plan.ttl_ms, min_version,
                message=(error.details() or "")[:120]))
            return
        receipt = answer.receipt
        version = version_of(receipt.version.timestamp, receipt.version.coordinator)
        value = plan.value
        if plan.kind == GET and answer.found:
            value = from_bytes(answer.value)
        if version > self._receipts.get(plan.key, 0):
            self._receipts[plan.key] = version
        self._writer.add(Operation(
            *common, OK, value, plan.ttl_ms, min_version, version, receipt.degraded,
            receipt.acknowledged, receipt.required, receipt.expires_at_unix_ms,
            receipt.node if receipt.HasField("node") else None))

    def _prepare(self, stub, plan):
        key, level = plan.key.encode(), LEVELS[plan.level]
        if plan.kind == PUT:
            return stub.Put, pb.PutRequest(
                key=key, value=to_bytes(plan.value), ttl_ms=plan.ttl_ms, consistency=level), 0
        if plan.kind == DELETE:
            return stub.Delete, pb.DeleteRequest(key=key, consistency=level), 0
        request = pb.GetRequest(key=key, consistency=level)
        wanted = self._receipts.get(plan.key, 0) if plan.wants_min_version else 0
        if wanted:
            request.min_version.timestamp = wanted >> 64
            request.min_version.coordinator = wanted & (1 << 64) - 1
        return stub.Get, request, wanted


if __name__ == "__main__":
    asyncio.run(Client(json.loads(pathlib.Path(sys.argv[1]).read_text())).run())
