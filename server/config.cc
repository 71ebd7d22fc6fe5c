#include "server/config.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/cpus.h"
#include "base/file_limit.h"
#include "base/limits.h"
#include "base/memory_sum.h"
#include "base/redis_login.h"
#include "base/setting_names.h"
#include "base/strings.h"
#include "ring/node_id.h"
#include "security/access_settings.h"
#include "security/tls_settings.h"

namespace kache {
namespace {

constexpr char kDefaultServers[] = "localhost:6379, localhost:6380, localhost:6381, localhost:6382";
constexpr size_t kMaxServers = 1000;
constexpr size_t kMaxPrefixBytes = 64;
constexpr int64_t kSecondsOfYear = int64_t{365} * 24 * 3600;

// Each reads one setting into a field, whose value so far is the default.
class Fields {
 public:
  explicit Fields(SettingsReader& reader) : reader_(reader) {}

  template <typename T>
  void Number(std::string_view name, T* field, SettingsReader::Range range) {
    *field = static_cast<T>(reader_.Integer(name, static_cast<int64_t>(*field), range));
  }
  void Seconds(std::string_view name, absl::Duration* field, SettingsReader::Range range) {
    *field = reader_.Seconds(name, *field, range);
  }
  void Milliseconds(std::string_view name, absl::Duration* field, SettingsReader::Range range) {
    *field = reader_.Milliseconds(name, *field, range);
  }
  void Listen(std::string_view name, HostPort* field) {
    *field = reader_.ListenAddress(name, field->ToString());
  }

 private:
  SettingsReader& reader_;
};

// An entry of REDIS_URLS.
struct Entry {
  size_t number;  // from 1
  RedisAddress address;
  uint32_t wire_id;
};

// What an entry has in common with an earlier one; empty when nothing.
std::string Clash(const Entry& entry, const Entry& earlier) {
  const HostPort& address = entry.address.address;
  const bool same_address = address.port == earlier.address.address.port &&
                            absl::EqualsIgnoreCase(address.host, earlier.address.address.host);
  if (same_address || entry.address.name == earlier.address.name) {
    return Concat("entry ", entry.number, " has the same ", same_address ? "address" : "name",
                  " as entry ", earlier.number);
  }
  if (entry.wire_id != earlier.wire_id) return "";
  return Concat("the names of entries ", earlier.number, " and ", entry.number,
                " have the same hash, so answers could not tell the two nodes apart: give the one "
                "that holds no data yet another name");
}

std::vector<RedisAddress> ReadServers(SettingsReader& reader) {
  const std::vector<std::string> texts = reader.List("REDIS_URLS", kDefaultServers);
  if (texts.size() > kMaxServers) {
    reader.AddMistake("REDIS_URLS", Concat("must hold at most ", kMaxServers, " entries"));
    return {};
  }
  std::vector<Entry> entries;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) continue;  // List has told of it
    absl::StatusOr<RedisAddress> address = ParseRedisUrl(texts[i]);
    if (!address.ok()) {
      reader.AddMistake("REDIS_URLS", Concat("entry ", i + 1, ": ", address.status().message()));
      continue;
    }
    const uint32_t wire_id = WireNodeId(address->name);
    const Entry entry{i + 1, *std::move(address), wire_id};
    std::string clash;
    for (size_t j = 0; j < entries.size() && clash.empty(); ++j) clash = Clash(entry, entries[j]);
    if (!clash.empty()) reader.AddMistake("REDIS_URLS", clash);
    entries.push_back(entry);
  }
  std::vector<RedisAddress> servers;
  for (Entry& entry : entries) servers.push_back(std::move(entry.address));
  return servers;
}

std::string ReadKeyPrefix(SettingsReader& reader, const std::string& default_value) {
  std::string prefix = reader.String("KEY_PREFIX", default_value);
  const bool is_plain = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!is_plain || prefix.size() > kMaxPrefixBytes) {
    reader.AddMistake("KEY_PREFIX", Concat("must be 1 to ", kMaxPrefixBytes,
                                           " printable ASCII characters without blanks"));
  }
  return prefix;
}

void ReadRing(SettingsReader& reader, ServerConfig* config) {
  Fields fields(reader);
  config->servers = ReadServers(reader);
  ReadRedisLogins(reader, &config->servers);
  fields.Number("VNODES_PER_NODE", &config->vnodes_per_node, {1, 10000});
  fields.Number("REPLICATION_FACTOR", &config->replication_factor, {1, kMaxServers});
  fields.Number("MAX_TRIES", &config->max_tries, {0, kMaxServers});
  fields.Number("STALENESS_CHECK_ONE_IN", &config->staleness_check_one_in, {0, 1000000000});
  config->key_prefix = ReadKeyPrefix(reader, config->key_prefix);
  const std::string change = reader.String("ACCEPT_RING", "none");
  if (change != "none") config->accept_ring = ReadRingChange(change, "ACCEPT_RING", reader);
}

void ReadTimes(SettingsReader& reader, ServerConfig* config) {
  Fields fields(reader);
  fields.Seconds("PING_INTERVAL_SECONDS", &config->ping_interval, {1, 3600});
  fields.Milliseconds("TRY_TIMEOUT_MS", &config->try_timeout, {1, 60000});
  fields.Milliseconds("REQUEST_TIMEOUT_MS", &config->request_timeout, {1, 600000});
  fields.Milliseconds("WRITE_TIMEOUT_MS", &config->write_timeout, {1, 600000});
  fields.Milliseconds("CONNECT_TIMEOUT_MS", &config->connect_timeout, {1, 60000});
  fields.Milliseconds("RECONNECT_MIN_MS", &config->reconnect_min, {1, 600000});
  fields.Milliseconds("RECONNECT_MAX_MS", &config->reconnect_max, {1, 600000});
  fields.Seconds("TOMBSTONE_TTL_SECONDS", &config->tombstone_ttl, {1, kSecondsOfYear});
  config->standin_ttl = std::min(config->standin_ttl, config->tombstone_ttl);
  fields.Seconds("STANDIN_TTL_SECONDS", &config->standin_ttl, {1, kSecondsOfYear});
  fields.Milliseconds("MAX_CLOCK_SKEW_MS", &config->max_clock_skew, {100, 86400000});
  fields.Seconds("MAX_WRITE_AGE_SECONDS", &config->max_write_age, {1, kSecondsOfYear});
  // So that what is held up for so long still meets the tombstone of a later delete.
  config->max_write_age = std::min(config->max_write_age, config->tombstone_ttl / 4);
  fields.Seconds("SWEEP_INTERVAL_SECONDS", &config->sweep_interval, {1, kSecondsOfYear});
  fields.Seconds("DRAIN_SECONDS", &config->drain, {0, 3600});
}

void ReadLimits(SettingsReader& reader, ServerConfig* config) {
  Fields fields(reader);
  fields.Number("MAX_KEY_BYTES", &config->max_key_bytes, {1, kKeyBytesBound});
  fields.Number("MAX_VALUE_BYTES", &config->max_value_bytes, {1, kValueBytesBound});
  fields.Number("MAX_BATCH_KEYS", &config->max_batch_keys, {1, kBatchKeysBound});
  fields.Number("MAX_BATCH_BYTES", &config->max_batch_bytes, {1, kBatchBytesBound});
  fields.Number("MAX_IN_FLIGHT", &config->max_in_flight, {1, 10000000});
  fields.Number("MAX_PIPELINE_OPERATIONS", &config->max_pipeline_operations, {1, 1000000});
  fields.Number("MAX_IN_FLIGHT_BYTES", &config->max_in_flight_bytes, {1048576, 17179869184});
  fields.Number("MAX_CONNECTION_QUEUE_BYTES", &config->max_connection_queue_bytes,
                {65536, 17179869184});
  fields.Number("MAX_GRPC_BUFFER_BYTES", &config->max_grpc_buffer_bytes, {1048576, 17179869184});
  fields.Number("MAX_GRPC_CONNECTIONS", &config->max_grpc_connections, {1, 1000000});
  fields.Number("MAX_GRPC_CALLS", &config->max_grpc_calls, {64, 10000000});
  fields.Number("MAX_CONCURRENT_STREAMS", &config->max_concurrent_streams, {1, 1000000});
  fields.Number("HINT_KEYS", &config->hint_keys, {1, 100000000});
  fields.Seconds("MAX_CONNECTION_AGE_SECONDS", &config->max_connection_age, {0, 2000000});
}

void ReadPaces(SettingsReader& reader, ServerConfig* config) {
  Fields fields(reader);
  fields.Number("SWEEP_KEYS_PER_SECOND", &config->sweep_keys_per_second, {1, 10000000});
  fields.Number("RESYNC_KEYS_PER_SECOND", &config->resync_keys_per_second, {1, 10000000});
}

void ReadThreads(SettingsReader& reader, ServerConfig* config) {
  Fields fields(reader);
  config->grpc_threads = config->shards = DefaultThreads();
  fields.Number("GRPC_THREADS", &config->grpc_threads, {1, 256});
  fields.Number("SHARDS", &config->shards, {1, 256});
}

void FitIntoMemory(uint64_t limit, SettingsReader& reader, ServerConfig* config) {
  ServerBounds bounds = BoundsOf(*config);
  FitBounds(limit,
            {.max_in_flight_bytes = reader.IsSet("MAX_IN_FLIGHT_BYTES"),
             .max_connection_queue_bytes = reader.IsSet("MAX_CONNECTION_QUEUE_BYTES"),
             .max_grpc_buffer_bytes = reader.IsSet("MAX_GRPC_BUFFER_BYTES"),
             .max_grpc_connections = reader.IsSet("MAX_GRPC_CONNECTIONS"),
             .max_grpc_calls = reader.IsSet("MAX_GRPC_CALLS")},
            &bounds);
  config->max_in_flight_bytes = bounds.max_in_flight_bytes;
  config->max_connection_queue_bytes = bounds.max_connection_queue_bytes;
  config->max_grpc_buffer_bytes = bounds.max_grpc_buffer_bytes;
  config->max_grpc_connections = bounds.max_grpc_connections;
  config->max_grpc_calls = bounds.max_grpc_calls;
  config->max_uncounted_queue_bytes = bounds.max_uncounted_queue_bytes;
  config->keys_per_read = static_cast<uint32_t>(bounds.keys_per_read);
  const MemorySum sum = MemoryOf(bounds, limit);
  if (sum.bytes() <= limit) return;
  for (const char* name : {"MAX_IN_FLIGHT_BYTES", "MAX_CONNECTION_QUEUE_BYTES",
                           "MAX_GRPC_BUFFER_BYTES", "MAX_GRPC_CONNECTIONS", "MAX_GRPC_CALLS"}) {
    if (reader.IsSet(name)) return reader.AddMistake(name, DoesNotFitText(sum, limit));
  }
  // What else the sum is made of is at fault where it is set above its default.
  const ServerConfig defaults;
  const size_t threads = DefaultThreads();
  const std::pair<const char*, bool> raised[] = {
      {"MAX_VALUE_BYTES", config->max_value_bytes > defaults.max_value_bytes},
      {"MAX_BATCH_BYTES", config->max_batch_bytes > defaults.max_batch_bytes},
      {"MAX_KEY_BYTES", config->max_key_bytes > defaults.max_key_bytes},
      {"SHARDS", config->shards > threads},
      {"GRPC_THREADS", config->grpc_threads > threads}};
  for (const auto& [name, is_raised] : raised) {
    if (is_raised) return reader.AddMistake(name, DoesNotFitText(sum, limit));
  }
  config->memory_shortage = DoesNotFitText(sum, limit);
}

void CheckTogether(const ServerConfig& config, SettingsReader& reader) {
  if (config.reconnect_min > config.reconnect_max) {
    reader.AddMistake("RECONNECT_MIN_MS", "must not be larger than RECONNECT_MAX_MS");
  }
  if (config.standin_ttl > config.tombstone_ttl) {
    reader.AddMistake("STANDIN_TTL_SECONDS", "must not be larger than TOMBSTONE_TTL_SECONDS");
  }
  if (config.grpc_listen_address.port != 0 &&
      config.grpc_listen_address == config.metrics_listen_address) {
    reader.AddMistake("METRICS_LISTEN_ADDRESS", "must not be the same as GRPC_LISTEN_ADDRESS");
  }
  const uint64_t least = LeastQueueBytes(BoundsOf(config));
  if (config.max_connection_queue_bytes < least) {
    reader.AddMistake("MAX_CONNECTION_QUEUE_BYTES",
                      Concat("must hold one write: at least MAX_KEY_BYTES + MAX_VALUE_BYTES + ",
                             least - config.max_key_bytes - config.max_value_bytes));
  }
}

}  // namespace

std::optional<RingChange> ReadRingChange(std::string_view text, std::string_view name,
                                         SettingsReader& reader) {
  const std::optional<RingChange> change = ParseRingChange(text);
  if (!change) {
    reader.AddMistake(name,
                      "must name a change from one ring to another, 16 hexadecimal digits each: "
                      "FROM:TO. Start without it: where the rings differ, the log line "
                      "ring_mismatch has the value");
  }
  return change;
}

ServerBounds BoundsOf(const ServerConfig& config) {
  return {.nodes = std::max<uint64_t>(config.servers.size(), 1),  // none where they are wrong
          .shards = config.shards,
          .grpc_threads = config.grpc_threads,
          .max_key_bytes = config.max_key_bytes,
          .max_value_bytes = config.max_value_bytes,
          .max_batch_bytes = config.max_batch_bytes,
          .max_in_flight_bytes = config.max_in_flight_bytes,
          .max_connection_queue_bytes = config.max_connection_queue_bytes,
          .max_grpc_buffer_bytes = config.max_grpc_buffer_bytes,
          .max_grpc_connections = config.max_grpc_connections,
          .max_grpc_calls = config.max_grpc_calls,
          .max_uncounted_queue_bytes = config.max_uncounted_queue_bytes,
          .keys_per_read = config.keys_per_read};
}

void FitIntoFiles(uint64_t limit, ServerConfig* config) {
  // For each shard and the recovery the connections to the nodes, twice, as one that is made anew
  // may stand beside the old one; for each thread a few of its own; for files that are read and
  // the log; and for the metrics' readers, those that are refused included.
  constexpr uint64_t kFilesOfThread = 8;
  constexpr uint64_t kFilesOfProcess = 64;
  const uint64_t threads = config->shards + config->grpc_threads + 1;
  const uint64_t reserve = 2 * config->servers.size() * (config->shards + 1) +
                           kFilesOfThread * threads + kFilesOfProcess + kFilesOfMetricsPort;
  FitConnectionsIntoFiles({.limit = limit, .reserve = reserve}, "MAX_GRPC_CONNECTIONS",
                          &config->max_grpc_connections, &config->files_shortage);
}

ServerConfig ReadServerConfig(SettingsReader& reader, std::optional<uint64_t> memory_limit) {
  ServerConfig config;
  Fields fields(reader);
  ReadRing(reader, &config);
  fields.Listen("GRPC_LISTEN_ADDRESS", &config.grpc_listen_address);
  fields.Listen("METRICS_LISTEN_ADDRESS", &config.metrics_listen_address);
  ReadTimes(reader, &config);
  ReadLimits(reader, &config);
  config.redis_tls = ReadClientTls(reader, "REDIS_TLS");
  config.grpc_tls = ReadServerTls(reader, "GRPC_TLS");
  config.access = ReadAccessOptions(reader);
  ReadPaces(reader, &config);
  ReadThreads(reader, &config);
  config.max_uncounted_queue_bytes = UncountedQueueBytes(BoundsOf(config));
  config.keys_per_read = KeysPerRead(config.max_value_bytes);
  if (memory_limit) FitIntoMemory(*memory_limit, reader, &config);
  config.log = ReadLogConfig(reader);
  fields.Milliseconds("SLOW_OPERATION_MS", &config.slow_operation, {0, 600000});
  CheckTogether(config, reader);
  DeclareAllSettings(reader);
  return config;
}

}  // namespace kache
