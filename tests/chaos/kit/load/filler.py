"""Many keys, written once and not recorded, so that a refill takes its time."""

import grpc

from kit.stubs import CHANNEL_OPTIONS, pb, pb_grpc

_BATCH = 500


def fill(address, count):
    """Their names."""
    names = [f"filler-{i}" for i in range(count)]
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        stub = pb_grpc.KacheStub(channel)
        for at in range(0, count, _BATCH):
            request = pb.BatchPutRequest(entries=[
                pb.BatchPutRequest.Entry(key=name.encode(), value=b"f" * 100)
                for name in names[at:at + _BATCH]])
            for result in stub.BatchPut(request, timeout=10).results:
                if result.WhichOneof("outcome") != "receipt":
                    raise RuntimeError(f"filling failed: {result.error.message}")
    return names
