"""What the server under test offers."""

import grpc

from kit.history.operation import QUORUM
from kit.stubs import CHANNEL_OPTIONS, LEVELS, pb, pb_grpc


def offers_levels(address):
    """False when QUORUM is answered UNIMPLEMENTED: then all is asked at ONE."""
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        try:
            pb_grpc.KacheStub(channel).Get(
                pb.GetRequest(key=b"probe", consistency=LEVELS[QUORUM]), timeout=15,
                wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return False
            raise
    return True
