// The names of all settings of all programs, in one place, so that one .env file can serve them
// all: each program knows the others' names and reports a mistyped one.
#ifndef KACHE_BASE_SETTING_NAMES_H_
#define KACHE_BASE_SETTING_NAMES_H_

#include <string_view>

#include "base/settings.h"

namespace kache {

// A test keeps this list equal to what kache-server reads.
inline constexpr std::string_view kServerSettings[] = {
    "REDIS_URLS",
    "REDIS_USERNAME",
    "REDIS_PASSWORD_FILE",
    "REDIS_TLS_CA_FILE",
    "REDIS_TLS_CERT_FILE",
    "REDIS_TLS_KEY_FILE",
    "VNODES_PER_NODE",
    "REPLICATION_FACTOR",
    "MAX_TRIES",
    "KEY_PREFIX",
    "ACCEPT_RING",
    "GRPC_LISTEN_ADDRESS",
    "METRICS_LISTEN_ADDRESS",
    "GRPC_TLS_CERT_FILE",
    "GRPC_TLS_KEY_FILE",
    "GRPC_TLS_CLIENT_CA_FILE",
    "PING_INTERVAL_SECONDS",
    "TRY_TIMEOUT_MS",
    "REQUEST_TIMEOUT_MS",
    "WRITE_TIMEOUT_MS",
    "CONNECT_TIMEOUT_MS",
    "RECONNECT_MIN_MS",
    "RECONNECT_MAX_MS",
    "TOMBSTONE_TTL_SECONDS",
    "STANDIN_TTL_SECONDS",
    "MAX_CLOCK_SKEW_MS",
    "MAX_WRITE_AGE_SECONDS",
    "STALENESS_CHECK_ONE_IN",
    "SWEEP_INTERVAL_SECONDS",
    "SWEEP_KEYS_PER_SECOND",
    "RESYNC_KEYS_PER_SECOND",
    "HINT_KEYS",
    "MAX_KEY_BYTES",
    "MAX_VALUE_BYTES",
    "MAX_BATCH_KEYS",
    "MAX_BATCH_BYTES",
    "MAX_IN_FLIGHT",
    "MAX_PIPELINE_OPERATIONS",
    "MAX_IN_FLIGHT_BYTES",
    "MAX_CONNECTION_QUEUE_BYTES",
    "MAX_GRPC_BUFFER_BYTES",
    "MAX_GRPC_CALLS",
    "MAX_GRPC_CONNECTIONS",
    "MAX_CONCURRENT_STREAMS",
    "MAX_OPERATIONS_PER_SECOND",
    "TOKENS_FILE",
    "MAX_CONNECTION_AGE_SECONDS",
    "GRPC_THREADS",
    "SHARDS",
    "DRAIN_SECONDS",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "LOG_LINES_PER_SECOND",
    "SLOW_OPERATION_MS",
};

// Those of kache-gateway that kache-server does not read.
inline constexpr std::string_view kGatewaySettings[] = {
    "HTTP_LISTEN_ADDRESS",
    "HTTP_ALLOWED_HOSTS",
    "HTTP_TLS_CERT_FILE",
    "HTTP_TLS_KEY_FILE",
    "HTTP_TLS_CLIENT_CA_FILE",
    "KACHE_SERVERS",
    "KACHE_TOKEN",
    "KACHE_TOKEN_FILE",
    "KACHE_TLS_CA_FILE",
    "KACHE_TLS_CERT_FILE",
    "KACHE_TLS_KEY_FILE",
    "GATEWAY_THREADS",
    "MAX_HEADER_BYTES",
    "MAX_HTTP_CONNECTIONS",
    "HTTP_IDLE_TIMEOUT_SECONDS",
    "HTTP_READ_TIMEOUT_SECONDS",
    "HTTP_WRITE_TIMEOUT_SECONDS",
    "MAX_HTTP_BUFFER_BYTES",
    "MAX_UPSTREAM_BUFFER_BYTES",
    "MAX_BATCH_ANSWER_BYTES",
    "CACHE_CONTROL",
    "DRAIN_DELAY_SECONDS",
};

// Call before SettingsReader::Finish.
inline void DeclareAllSettings(SettingsReader& reader) {
  for (const std::string_view name : kServerSettings) reader.AlsoKnown(name);
  for (const std::string_view name : kGatewaySettings) reader.AlsoKnown(name);
}

}  // namespace kache

#endif  // KACHE_BASE_SETTING_NAMES_H_
