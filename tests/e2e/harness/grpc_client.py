"""A gRPC client as a user makes one: stubs that protoc generated from the .proto files."""

import sys

import google
import grpc

from harness import paths

sys.path.insert(0, str(paths.STUBS))
# The stubs of grpc.health.v1, grpc.reflection.v1alpha and google.rpc lie in the packages of the same
# names.
grpc.__path__.append(str(paths.STUBS / "grpc"))
google.__path__.append(str(paths.STUBS / "google"))

from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from grpc.health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from grpc.reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # noqa: E402
from kache.v1 import kache_pb2, kache_pb2_grpc  # noqa: E402

_UNLIMITED = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),  # a connection of its own
]


def detail_of(error, kind):
    """The detail of that message type that a failed call carries, or None."""
    status = status_pb2.Status.FromString(
        dict([*error.trailing_metadata()]).get("grpc-status-details-bin", b""))
    detail = kind()
    return detail if any(found.Unpack(detail) for found in status.details) else None


def advised_wait(error):
    """The seconds that a failed call advises to wait, or None."""
    info = detail_of(error, error_details_pb2.RetryInfo)
    return info and info.retry_delay.ToTimedelta().total_seconds()


class _WithToken(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Puts the token into every call."""

    def __init__(self, token):
        self._authorization = ("authorization", f"Bearer {token}")

    def _details(self, details):
        return details._replace(metadata=[*(details.metadata or ()), self._authorization])

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(self._details(details), request)

    def intercept_stream_stream(self, continuation, details, requests):
        return continuation(self._details(details), requests)


def _channel(address, token, ca, pair):
    if ca is None:
        channel = grpc.insecure_channel(address, options=_UNLIMITED)
    else:
        certificate, key = pair or (None, None)
        credentials = grpc.ssl_channel_credentials(
            ca.read_bytes(), key and key.read_bytes(), certificate and certificate.read_bytes())
        channel = grpc.secure_channel(address, credentials, options=_UNLIMITED)
    return grpc.intercept_channel(channel, _WithToken(token)) if token else channel


class KacheClient:
    pb = kache_pb2
    health_pb = health_pb2
    reflection_pb = reflection_pb2

    def __init__(self, address, timeout=5, token=None, ca=None, pair=None):
        """With TLS where `ca` (a file) is given; `pair`: the files of a certificate and its key."""
        self.channel = _channel(address, token, ca, pair)
        self.timeout = timeout
        self.stub = kache_pb2_grpc.KacheStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)
        self.reflection = reflection_pb2_grpc.ServerReflectionStub(self.channel)

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def put(self, key, value, ttl_ms=0, consistency=0):
        request = kache_pb2.PutRequest(key=key, value=value, ttl_ms=ttl_ms, consistency=consistency)
        return self.stub.Put(request, timeout=self.timeout)

    def get(self, key, **more):
        return self.stub.Get(kache_pb2.GetRequest(key=key, **more), timeout=self.timeout)

    def delete(self, key, consistency=0):
        request = kache_pb2.DeleteRequest(key=key, consistency=consistency)
        return self.stub.Delete(request, timeout=self.timeout)

    def locate(self, key):
        return self.stub.Locate(kache_pb2.LocateRequest(key=key), timeout=self.timeout)

    def status(self):
        return self.stub.GetStatus(kache_pb2.GetStatusRequest(), timeout=self.timeout)

    def check(self, service="kache.v1.Kache"):
        request = health_pb2.HealthCheckRequest(service=service)
        return self.health.Check(request, timeout=self.timeout).status

    def bytes_rpc(self, method):
        """Calls a method with a body of our own making, for what stubs would not send."""
        return self.channel.unary_unary(
            method, request_serializer=lambda raw: raw, response_deserializer=lambda raw: raw
        )
