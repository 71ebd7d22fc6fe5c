"""The generated gRPC code, and how channels are made: by the end-to-end tests' harness."""

import os

# gRPC's client polls a connection attempt while some call waits, and otherwise only this often (5 s is
# its default). Where all coordinators are down, each call fails at once, so no call waits.
os.environ.setdefault("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "100")

from harness.grpc_client import kache_pb2 as pb  # noqa: E402
from harness.grpc_client import kache_pb2_grpc as pb_grpc  # noqa: E402
from kit.history.operation import ALL, ONE, QUORUM  # noqa: E402

LEVELS = {
    ONE: pb.CONSISTENCY_ONE, QUORUM: pb.CONSISTENCY_QUORUM, ALL: pb.CONSISTENCY_ALL,
}

# A coordinator that comes back is found again at once. An attempt to connect has a second (that is what
# gRPC's "min_reconnect" is): on a busy machine 200 ms are too few.
CHANNEL_OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 200),
]
