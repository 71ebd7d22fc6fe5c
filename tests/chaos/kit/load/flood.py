"""Batches of writes to one coordinator, many at once, until killed.

    python3 -m kit.load.flood ADDRESS
"""

import asyncio
import itertools
import sys

import grpc

from kit.stubs import CHANNEL_OPTIONS, pb, pb_grpc

_AT_ONCE = 64
_KEYS = 200
_VALUE = b"f" * 2000


async def _flood(stub, numbers):
    while True:
        batch = next(numbers) % 50
        entries = [pb.BatchPutRequest.Entry(key=b"flood-%d-%d" % (batch, i), value=_VALUE,
                                            ttl_ms=60_000) for i in range(_KEYS)]
        try:
            await stub.BatchPut(pb.BatchPutRequest(entries=entries), timeout=1)
        except grpc.aio.AioRpcError:
            await asyncio.sleep(0.01)


async def main():
    numbers = itertools.count()
    async with grpc.aio.insecure_channel(sys.argv[1], options=CHANNEL_OPTIONS) as channel:
        stub = pb_grpc.KacheStub(channel)
        await asyncio.gather(*(_flood(stub, numbers) for _ in range(_AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main())
