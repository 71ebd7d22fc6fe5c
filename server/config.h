// Everything that kache-server can be told, with its defaults. docs/configuration.md explains each
// setting; a test keeps the two equal.
#ifndef KACHE_SERVER_CONFIG_H_
#define KACHE_SERVER_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "base/host_port.h"
#include "base/logging.h"
#include "base/redis_url.h"
#include "base/settings.h"
#include "ring/ring_change.h"
#include "security/access_control.h"
#include "security/tls_files.h"
#include "server/memory.h"

namespace kache {

struct ServerConfig {
  // The ring.
  std::vector<RedisAddress> servers;  // REDIS_URLS; names and addresses are distinct
  uint32_t vnodes_per_node = 100;
  uint32_t replication_factor = 3;          // may be larger than the number of servers
  uint32_t max_tries = 3;                   // 0 = walk the whole ring
  uint32_t staleness_check_one_in = 10000;  // reads at ONE; 0 = none
  std::string key_prefix = "kache:";

  // Where it listens.
  HostPort grpc_listen_address{"0.0.0.0", 50051};
  HostPort metrics_listen_address{"0.0.0.0", 9464};

  // Times.
  absl::Duration ping_interval = absl::Seconds(3);
  absl::Duration try_timeout = absl::Milliseconds(100);
  absl::Duration request_timeout = absl::Milliseconds(1000);  // where the caller gave no deadline
  absl::Duration write_timeout = absl::Milliseconds(2000);    // of a write's background replicas
  absl::Duration connect_timeout = absl::Milliseconds(1000);
  absl::Duration reconnect_min = absl::Milliseconds(50);
  absl::Duration reconnect_max = absl::Milliseconds(2000);
  absl::Duration tombstone_ttl = absl::Seconds(3600);
  absl::Duration standin_ttl = absl::Seconds(3600);  // not more than tombstone_ttl
  absl::Duration max_clock_skew = absl::Milliseconds(5000);
  // Never more than a quarter of tombstone_ttl.
  absl::Duration max_write_age = absl::Seconds(600);
  absl::Duration sweep_interval = absl::Seconds(600);
  absl::Duration drain = absl::Seconds(20);

  // Limits.
  size_t max_key_bytes = 1024;
  size_t max_value_bytes = 1048576;
  size_t max_batch_keys = 1000;
  size_t max_batch_bytes = 3145728;
  size_t max_in_flight = 10000;            // operations
  size_t max_pipeline_operations = 1024;   // per stream
  size_t max_in_flight_bytes = 268435456;  // of requests and answers
  size_t max_connection_queue_bytes = 100663296;
  size_t max_grpc_buffer_bytes = 536870912;     // received and not taken yet, of all connections
  size_t max_uncounted_queue_bytes = 12582912;  // follows others (server/memory.h)
  uint32_t keys_per_read = 32;                  // likewise
  uint32_t hint_keys = 1'000'000;               // about one node, on each other
  std::string memory_shortage;  // why the memory limit is too low for all of these; empty = it fits
  size_t max_grpc_connections = 10000;
  size_t max_grpc_calls = 20000;
  std::string files_shortage;  // why the limit of files is too low for so many; empty = it is not
  int max_concurrent_streams = 1024;                         // per connection
  absl::Duration max_connection_age = absl::ZeroDuration();  // zero = unlimited

  // TLS; no certificate = none.
  TlsFiles grpc_tls;
  TlsFiles redis_tls;  // of rediss:// addresses; no ca_file = the system's authorities

  // Who may do what.
  AccessOptions access;

  // Paces of the recovery, for each server process.
  uint32_t sweep_keys_per_second = 5000;
  uint32_t resync_keys_per_second = 100000;

  // Where the nodes carry the one ring of it, move their data to the other, the ring of these
  // settings.
  std::optional<RingChange> accept_ring;

  // Threads. ReadServerConfig's defaults are half the CPUs, at least 1.
  size_t grpc_threads = 1;
  size_t shards = 1;

  LogConfig log;
  absl::Duration slow_operation = absl::Milliseconds(100);  // logged from there on; zero = never
};

// The connections to the metrics port (server/metrics_port.h), those that are refused included.
inline constexpr uint64_t kFilesOfMetricsPort = 32;

// What bounds the memory.
ServerBounds BoundsOf(const ServerConfig& config);

// Reads and checks all settings. Mistakes, also of settings that don't fit together, are kept in
// `reader`: the result counts only when reader.Finish() is OK. The settings of the other programs
// are declared as known. Under a `memory_limit` (base/memory_limit.h) the defaults of what bounds
// memory follow it, and settings that do not fit are a mistake.
ServerConfig ReadServerConfig(SettingsReader& reader,
                              std::optional<uint64_t> memory_limit = std::nullopt);

// Bounds the connections by `limit`, the files that the process may have open, where that is too
// low for max_grpc_connections: what else the server needs files for comes first.
void FitIntoFiles(uint64_t limit, ServerConfig* config);

// A change of the ring as ACCEPT_RING names it. What is none is a mistake of `name`, and nullopt.
std::optional<RingChange> ReadRingChange(std::string_view text, std::string_view name,
                                         SettingsReader& reader);

}  // namespace kache

#endif  // KACHE_SERVER_CONFIG_H_
