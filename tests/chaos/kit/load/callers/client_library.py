"""The C++ client library, in a chaos-client process that many sessions share: it chooses the
coordinator, stamps writes, and tries again."""

import asyncio
import itertools
import json

from harness import paths
from kit.cluster.nodes import NODE_OF_ID
from kit.history.operation import OK, PUT, TOUCH, UNKNOWN_NODE, parse_version, version_text
from kit.load.generator import from_bytes, to_bytes
from kit.load.messages import refused

_PROGRAM = paths.BUILD / "tests" / "chaos-client"
# Beyond the deadline, for an answer that says so: the library keeps to 25 ms, on a busy machine to more.
_GRACE_SECONDS = 5.0


class ClientLibraryCaller:
    """start() before the first call."""

    def __init__(self, addresses):
        self.fields = {"caller": "client", "coordinator": None}
        self._addresses = addresses
        self._numbers = itertools.count(1)
        self._waiting = {}  # id -> future
        self._process = None
        self._reader = None

    async def start(self):
        self._process = await asyncio.create_subprocess_exec(
            str(_PROGRAM), *self._addresses, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, limit=1 << 24)
        self._reader = asyncio.create_task(self._read())
        return self

    async def call(self, operations, seconds):
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(request_line(number, operations, seconds))
        try:
            results = await asyncio.wait_for(future, seconds + _GRACE_SECONDS)
        except asyncio.TimeoutError:
            return [refused(op, "NO_ANSWER", "the library is silent") for op in operations]
        finally:
            self._waiting.pop(number, None)
        return [answered(op, result) for op, result in zip(operations, results, strict=True)]

    async def close(self):
        self._process.stdin.close()
        await self._reader
        code = await self._process.wait()
        if code != 0:
            raise RuntimeError(f"chaos-client ended with exit code {code}")

    async def _read(self):
        async for line in self._process.stdout:
            answer = json.loads(line.decode(errors="replace"))
            future = self._waiting.get(answer["id"])
            if future and not future.done():
                future.set_result(answer["results"])


def request_line(number, operations, seconds):
    first = operations[0]
    entries = [{"key": op.key}
               | ({"value": to_bytes(op.value).decode()} if op.kind == PUT else {})
               | ({"ttl_ms": op.ttl_ms} if op.kind in (PUT, TOUCH) else {}) for op in operations]
    return json.dumps({
        "id": number, "kind": first.kind, "level": first.level,
        "timeout_ms": round(seconds * 1000),
        "min_version": version_text(first.min_version) if first.min_version else "",
        "entries": entries,
    }).encode() + b"\n"


def answered(operation, result):
    """The operation with what the library says of it."""
    if result["code"] != OK:
        return refused(operation, result["code"], result["message"], result["reason"])
    operation = operation._replace(
        code=OK, version=parse_version(result["version"]), degraded=result["degraded"],
        acknowledged=result["acknowledged"], required=result["required"],
        expires_at_ms=result["expires_at_ms"],
        node=None if result["node_id"] is None else NODE_OF_ID.get(result["node_id"], UNKNOWN_NODE))
    if result.get("found"):
        return operation._replace(value=from_bytes(result["value"].encode()))
    return operation
