"""The layers: which folder may use what. docs/architecture.md draws the same.

The longest matching key counts; "a/b" also names the files a/b.h and a/b.cc.
"""
import dataclasses

# What a header or a CMake target belongs to. The first prefix that fits decides.
HEADER_LIBRARIES = (
    ("absl/", "absl"),
    ("spdlog/", "spdlog"),
    ("fmt/", "spdlog"),
    ("prometheus/", "prometheus"),
    ("google/", "protobuf"),
    ("grpcpp/", "grpc"),
    ("grpc++/", "grpc"),
    ("grpc/", "grpc"),
    ("hiredis", "hiredis"),
    ("uv.h", "libuv"),
    ("uv/", "libuv"),
    ("openssl/", "openssl"),
    ("boost/beast", "beast"),
    ("boost/asio", "asio"),
    ("boost/json", "json"),
    ("boost/url", "url"),
    ("boost/", "boost"),
    ("CLI/", "cli11"),
    ("gtest/", "gtest"),
    ("gmock/", "gtest"),
    ("benchmark/", "benchmark"),
)
TARGET_LIBRARIES = (
    ("absl::", "absl"),
    ("spdlog::", "spdlog"),
    ("prometheus-cpp::", "prometheus"),
    ("protobuf::", "protobuf"),
    ("gRPC::", "grpc"),
    ("PkgConfig::hiredis", "hiredis"),
    ("PkgConfig::libuv", "libuv"),
    ("OpenSSL::", "openssl"),
    ("Boost::json", "json"),
    ("Boost::url", "url"),
    ("Boost::", "boost"),
    ("CLI11::", "cli11"),
    ("GTest::", "gtest"),
    ("benchmark::", "benchmark"),
)
# Beast and Asio are headers of Boost: linking any part of Boost provides them.
PROVIDED_BY_BOOST = {"beast", "asio", "boost"}

# Linked by everything, or by whoever starts threads.
UNJUDGED_TARGETS = {"kache_warnings", "kache_instrumentation", "kache_allocator", "Threads::Threads"}


@dataclasses.dataclass(frozen=True)
class Layer:
    # Folders of ours, or single headers, that may be included; those of its own folder always may.
    ours: tuple = ()
    # Libraries that may be included, also by way of our own headers.
    libraries: frozenset = frozenset()
    # Standard and system headers that must not be (prefixes).
    forbidden: tuple = ()


COMMON = frozenset({"absl", "spdlog", "prometheus"})
RPC = frozenset({"grpc", "protobuf"})
# The client's side of gRPC.
SECURE_CHANNEL = ("security", "security/channel")
GATEWAY = ("gateway/handlers", "gateway/upstream", "gateway/web", "http")

# Pure, and known to kachectl as well.
BOOKKEEPING_TEXTS = ("server/bookkeeping/coordinator_id.h", "server/bookkeeping/heartbeat.h",
                     "server/bookkeeping/key_space.h", "server/bookkeeping/lost_coordinator.h")

# What others may see of server/redis: the seam first, then what starts the real thing.
NODE_CLIENT = ("server/redis/node_client.h", "server/redis/command.h", "server/redis/reply.h")
REDIS_CLIENT = NODE_CLIENT + ("server/redis/redis_client.h", "server/redis/event_loop.h")

LAYERS = {
    "base": Layer(libraries=COMMON),
    # The one that reads addresses of Redis servers.
    "base/redis_url": Layer(ours=("base",), libraries=COMMON | {"url"}),
    # The one that hears what gRPC logs.
    "base/grpc_log": Layer(ours=("base",), libraries=COMMON | {"grpc"}),
    "ring": Layer(
        libraries=frozenset({"absl"}),
        # No input or output, no locks.
        forbidden=("atomic", "fstream", "iostream", "mutex", "sys/", "thread", "unistd.h"),
    ),
    "proto": Layer(libraries=RPC),
    "security": Layer(ours=("base",), libraries=COMMON | {"openssl"}),
    "http": Layer(
        ours=("base", "security"), libraries=COMMON | {"asio", "beast", "boost", "openssl"}
    ),
    "security/channel": Layer(ours=("base", "security"), libraries=COMMON | RPC),
    "server/redis": Layer(
        ours=("base", "ring/node_id.h", "security"),
        libraries=COMMON | {"hiredis", "libuv", "openssl"},
    ),
    "server/cluster": Layer(ours=("base", "ring") + NODE_CLIENT, libraries=COMMON),
    "server/bookkeeping": Layer(
        ours=("base", "server/redis/command.h", "server/redis/reply.h"), libraries=COMMON
    ),
    "server/replication": Layer(
        ours=("base", "ring", "server/bookkeeping", "server/cluster") + REDIS_CLIENT,
        libraries=COMMON,
    ),
    "server/recovery": Layer(
        ours=("base", "ring", "server/bookkeeping", "server/cluster", "server/replication")
        + REDIS_CLIENT,
        libraries=COMMON,
    ),
    "server/api": Layer(
        ours=("base", "proto", "ring", "security", "server/cluster", "server/recovery",
              "server/replication"),
        libraries=COMMON | RPC,
    ),
    # The composition root: config reads settings for all layers, kache_server puts them together,
    # health_client is the program as a client of itself.
    "server": Layer(
        ours=("base", "ring", "security", "server/cluster", "server/replication") + REDIS_CLIENT,
        libraries=COMMON,
    ),
    # Serves HTTP: metrics, and nothing else.
    "server/metrics_port": Layer(ours=("base", "http", "security"), libraries=COMMON),
    "server/health_client": Layer(ours=("base", "proto", "security"), libraries=COMMON | RPC),
    "server/kache_server": Layer(
        ours=("base", "proto", "ring", "security", "server/api", "server/cluster",
              "server/recovery", "server/replication")
        + REDIS_CLIENT,
        libraries=COMMON | RPC,
    ),
    "server/main": Layer(ours=("base", "server/api"), libraries=COMMON | RPC | {"cli11"}),
    "gateway/web": Layer(libraries=frozenset({"absl"})),
    "gateway/upstream": Layer(ours=("base", "client", "proto"), libraries=COMMON | RPC),
    "gateway/handlers": Layer(
        ours=("base", "client", "proto", "security", "gateway/upstream", "gateway/web",
              "http"),
        libraries=COMMON | RPC | {"json"},
    ),
    "gateway": Layer(
        ours=("base", "client", "proto") + SECURE_CHANNEL + GATEWAY,
        libraries=COMMON | RPC,
    ),
    "gateway/main": Layer(ours=("base", "client") + GATEWAY, libraries=COMMON | RPC | {"cli11"}),
    # Examples of what users write.
    "docs/clients": Layer(ours=("proto",), libraries=RPC),
    "client": Layer(ours=("base", "proto") + SECURE_CHANNEL, libraries=COMMON | RPC),
    "client/bench": Layer(
        ours=("base", "proto", "client") + SECURE_CHANNEL, libraries=COMMON | RPC | {"cli11"}
    ),
    "client/ctl": Layer(
        ours=("base", "proto", "client") + BOOKKEEPING_TEXTS + SECURE_CHANNEL,
        libraries=COMMON | RPC | {"cli11"},
    ),
    # What only Redis itself can tell kachectl doctor.
    "client/ctl/redis_connection": Layer(
        ours=("base", "security"), libraries=COMMON | {"hiredis", "openssl"}
    ),
    "client/ctl/redis_login": Layer(
        ours=("base", "security", "client/ctl/redis_connection.h"),
        libraries=COMMON | {"hiredis", "openssl"},
    ),
    "client/ctl/redis_probe": Layer(
        ours=("base", "security", "client/ctl/redis_connection.h", "client/ctl/redis_login.h"),
        libraries=COMMON | {"hiredis", "openssl"},
    ),
    # Where declare-lost acts on Redis itself.
    "client/ctl/coordinator_cut": Layer(
        ours=("base", "security", "client/ctl/redis_connection.h", "client/ctl/redis_login.h")
        + BOOKKEEPING_TEXTS,
        libraries=COMMON | {"hiredis", "openssl"},
    ),
}

# Never handed on to those who link the target: their headers stay behind ours.
PRIVATE_LIBRARIES = {"hiredis", "libuv", "openssl", "beast", "boost", "url"}


def layer_key(path):
    """The key of LAYERS that rules over `path` (a file, or a folder), or None."""
    stem = path.rsplit(".", 1)[0] if "." in path.rsplit("/", 1)[-1] else path
    while stem:
        if stem in LAYERS:
            return stem
        stem = stem.rpartition("/")[0]
    return None


def library_of(name, table):
    for prefix, library in table:
        if name.startswith(prefix):
            return library
    return None
