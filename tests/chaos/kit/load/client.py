"""A client process: many sessions on one event loop, each of which makes one call at a time.

    python3 -m kit.load.client CONFIG.json        until SIGTERM, then its history is complete

The configuration: folder, process, seed, caller (a name of callers/catalogue.py), coordinators
(addresses), gateways (ports), sessions (for each of these), rate (operations a second of this process),
keys, deadline_ms, mix (changes to the generator's).
"""

import asyncio
import json
import pathlib
import random
import signal
import sys
import time

from kit.history.clock import now
from kit.history.files import OperationWriter
from kit.load.callers.catalogue import (
    BATCHES, CALLERS, MIN_VERSION_IN_BATCHES, TOUCH_IN_BATCHES,
)
from kit.load.generator import Generator, Mix
from kit.load.messages import begun


class Client:
    def __init__(self, config):
        self._config = config
        self._process = config["process"]
        self._way = config["caller"]
        mix = Mix(whole_seconds=self._way == "rest")._replace(**config.get("mix", {}))
        self._generator = Generator(config["seed"], self._process, config["keys"], mix)
        self._batches = random.Random(f"{config['seed']}/{self._process}/batches")
        self._writer = OperationWriter(config["folder"], self._process)
        self._deadline = config["deadline_ms"] / 1000
        self._receipts = {}  # key -> the newest version that any receipt told of
        self._stopping = asyncio.Event()
        self._count = 0

    async def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        sessions = await CALLERS[self._way](self._config)
        pause = len(sessions) / self._config["rate"]
        await asyncio.gather(*(
            self._session(caller, pause, i / len(sessions)) for i, caller in enumerate(sessions)))
        self._writer.close()
        for caller in set(sessions):
            await caller.close()

    async def _session(self, caller, pause, phase):
        next_at = time.monotonic() + pause * phase
        while not self._stopping.is_set():
            plans = self._plans()
            # Never faster than its rate, and what was missed while waiting is not made up for.
            next_at = max(next_at + pause * len(plans), time.monotonic() - pause)
            wait = next_at - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            await self._operate(caller, plans)

    def _plans(self):
        part, most = BATCHES.get(self._way, (0.0, 1))
        if self._batches.random() < part:
            return self._generator.batch(
                self._batches.randint(2, most), may_touch=self._way in TOUCH_IN_BATCHES)
        return [self._generator.next()]

    async def _operate(self, caller, plans):
        operations = [self._begun(caller, plan, len(plans)) for plan in plans]
        answers = await caller.call(operations, self._deadline)
        end = now()
        for operation in answers:
            if operation.version > self._receipts.get(operation.key, 0):
                self._receipts[operation.key] = operation.version
            self._writer.add(operation._replace(end=end))

    def _begun(self, caller, plan, keys):
        min_version = 0
        if plan.wants_min_version and (keys == 1 or self._way in MIN_VERSION_IN_BATCHES):
            min_version = self._receipts.get(plan.key, 0)
        self._count += 1
        return begun(self._process, self._count, kind=plan.kind, level=plan.level, key=plan.key,
                     start=now(), value=plan.value, ttl_ms=plan.ttl_ms, min_version=min_version,
                     **caller.fields)


if __name__ == "__main__":
    asyncio.run(Client(json.loads(pathlib.Path(sys.argv[1]).read_text())).run())
