#include "gateway/config.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/cpus.h"
#include "base/file_limit.h"
#include "base/limits.h"
#include "base/memory_sum.h"
#include "base/setting_names.h"
#include "client/server_list.h"
#include "gateway/memory.h"
#include "http/allowed_hosts.h"
#include "security/access_settings.h"
#include "security/tls_settings.h"

namespace kache::gateway {
namespace {

constexpr int64_t kMaxSeconds = 24 * 60 * 60;
constexpr SettingsReader::Range kBufferRange = {.min = 1 << 20, .max = int64_t{1} << 40};

size_t Count(SettingsReader& reader, std::string_view name, size_t default_value,
             SettingsReader::Range range) {
  return static_cast<size_t>(reader.Integer(name, static_cast<int64_t>(default_value), range));
}

void ReadHttp(SettingsReader& reader, HttpOptions* http) {
  http->address = reader.ListenAddress("HTTP_LISTEN_ADDRESS", "0.0.0.0:8080");
  http->tls = ReadServerTls(reader, "HTTP_TLS");
  http->threads = Count(reader, "GATEWAY_THREADS", DefaultThreads(), {.min = 1, .max = 1024});
  http->max_head_bytes =
      Count(reader, "MAX_HEADER_BYTES", http->max_head_bytes, {.min = 1024, .max = 1024 * 1024});
  http->read_timeout = reader.Seconds("HTTP_READ_TIMEOUT_SECONDS", http->read_timeout,
                                      {.min = 1, .max = kMaxSeconds});
  http->idle_timeout = reader.Seconds("HTTP_IDLE_TIMEOUT_SECONDS", http->idle_timeout,
                                      {.min = 1, .max = kMaxSeconds});
  http->write_timeout = reader.Seconds("HTTP_WRITE_TIMEOUT_SECONDS", http->write_timeout,
                                       {.min = 1, .max = kMaxSeconds});
}

std::vector<std::string> ReadAllowedHosts(SettingsReader& reader) {
  constexpr std::string_view kName = "HTTP_ALLOWED_HOSTS";
  std::vector<std::string> hosts = reader.List(kName, "");
  for (const std::string& host : hosts) {
    if (host.empty() || host == "*" || AllowedHosts::IsHostName(host)) continue;
    reader.AddMistake(kName, "must be names of hosts without ports (kache.example.com), or *");
    break;
  }
  return hosts;
}

// The setting because of which the sum is above the limit: one of the bounds that follow the limit
// where they are not set, or what else the sum is made of, where it is above its default. nullptr:
// none was set so.
const char* SettingAtFault(const SettingsReader& reader, const GatewayConfig& config) {
  for (const char* name :
       {"MAX_HTTP_BUFFER_BYTES", "MAX_UPSTREAM_BUFFER_BYTES", "MAX_HTTP_CONNECTIONS"}) {
    if (reader.IsSet(name)) return name;
  }
  const HandlerConfig defaults;
  const HandlerConfig& handlers = config.handlers;
  const std::pair<const char*, bool> raised[] = {
      {"MAX_VALUE_BYTES", handlers.max_value_bytes > defaults.max_value_bytes},
      {"MAX_BATCH_BYTES", handlers.max_batch_bytes > defaults.max_batch_bytes},
      {"MAX_BATCH_ANSWER_BYTES", reader.IsSet("MAX_BATCH_ANSWER_BYTES")},
      {"GATEWAY_THREADS", config.http.threads > DefaultThreads()}};
  for (const auto& [name, is_raised] : raised) {
    if (is_raised) return name;
  }
  return nullptr;
}

// What bounds memory. Requires that ReadHttp and ReadHandlers have read what else the sum is made
// of.
void ReadBounds(SettingsReader& reader, std::optional<uint64_t> memory_limit,
                GatewayConfig* config) {
  HttpOptions& http = config->http;
  GatewayBounds bounds = {
      .threads = http.threads,
      .tls = !http.tls.cert_file.empty(),
      .max_connections =
          Count(reader, "MAX_HTTP_CONNECTIONS", http.max_connections, {.min = 1, .max = 1'000'000}),
      .max_buffered_bytes =
          Count(reader, "MAX_HTTP_BUFFER_BYTES", http.max_buffered_bytes, kBufferRange),
      .max_upstream_bytes =
          Count(reader, "MAX_UPSTREAM_BUFFER_BYTES", config->max_upstream_bytes, kBufferRange),
      .max_value_bytes = config->handlers.max_value_bytes,
      .max_batch_bytes = config->handlers.max_batch_bytes,
      .max_batch_answer_bytes = config->handlers.max_batch_answer_bytes};
  if (memory_limit) {
    FitBounds(*memory_limit,
              {.max_connections = reader.IsSet("MAX_HTTP_CONNECTIONS"),
               .max_buffered_bytes = reader.IsSet("MAX_HTTP_BUFFER_BYTES"),
               .max_upstream_bytes = reader.IsSet("MAX_UPSTREAM_BUFFER_BYTES"),
               .max_batch_answer_bytes = reader.IsSet("MAX_BATCH_ANSWER_BYTES")},
              &bounds);
    const MemorySum sum = MemoryOf(bounds, *memory_limit);
    if (sum.bytes() > *memory_limit) {
      config->memory_shortage = DoesNotFitText(sum, *memory_limit);
      const char* const name = SettingAtFault(reader, *config);
      if (name != nullptr) reader.AddMistake(name, config->memory_shortage);
    }
  }
  http.max_connections = bounds.max_connections;
  http.max_buffered_bytes = bounds.max_buffered_bytes;
  config->max_upstream_bytes = bounds.max_upstream_bytes;
  config->handlers.max_batch_answer_bytes = bounds.max_batch_answer_bytes;
}

void ReadHandlers(SettingsReader& reader, HandlerConfig* handlers) {
  handlers->request_timeout = reader.Milliseconds("REQUEST_TIMEOUT_MS", handlers->request_timeout,
                                                  {.min = 1, .max = 600'000});
  handlers->max_key_bytes =
      Count(reader, "MAX_KEY_BYTES", handlers->max_key_bytes, {.min = 1, .max = kKeyBytesBound});
  handlers->max_value_bytes = Count(reader, "MAX_VALUE_BYTES", handlers->max_value_bytes,
                                    {.min = 1, .max = kValueBytesBound});
  handlers->max_batch_keys =
      Count(reader, "MAX_BATCH_KEYS", handlers->max_batch_keys, {.min = 1, .max = kBatchKeysBound});
  handlers->max_batch_bytes = Count(reader, "MAX_BATCH_BYTES", handlers->max_batch_bytes,
                                    {.min = 1, .max = kBatchBytesBound});
  handlers->max_batch_answer_bytes =
      Count(reader, "MAX_BATCH_ANSWER_BYTES", handlers->max_batch_answer_bytes, {.min = 1});
  handlers->cache_control = reader.String("CACHE_CONTROL", handlers->cache_control);
  if (std::any_of(handlers->cache_control.begin(), handlers->cache_control.end(),
                  [](unsigned char c) { return c < 0x20 || c >= 0x7F; })) {
    reader.AddMistake("CACHE_CONTROL", "is to be one line of printable ASCII");
  }
}

}  // namespace

GatewayConfig ReadGatewayConfig(SettingsReader& reader, std::optional<uint64_t> memory_limit) {
  GatewayConfig config;
  config.log = ReadLogConfig(reader);
  config.slow_request =
      reader.Milliseconds("SLOW_OPERATION_MS", config.slow_request, {.min = 0, .max = 600'000});
  ReadHttp(reader, &config.http);
  config.allowed_hosts = ReadAllowedHosts(reader);
  ReadHandlers(reader, &config.handlers);
  ReadBounds(reader, memory_limit, &config);
  config.servers = ReadServerList(reader);
  config.access = ReadAccessOptions(reader);
  config.upstream = ReadChannelSecurity(reader);
  config.drain_time = reader.Seconds("DRAIN_SECONDS", config.drain_time, {.min = 0, .max = 3600});
  config.drain_delay =
      reader.Seconds("DRAIN_DELAY_SECONDS", config.drain_delay, {.min = 0, .max = kMaxSeconds});
  DeclareAllSettings(reader);
  return config;
}

void FitIntoFiles(uint64_t limit, GatewayConfig* config) {
  // For each entry of KACHE_SERVERS, which may stand for many servers, the connections to them; for
  // each thread a few of its own; and for files that are read, and the log.
  constexpr uint64_t kFilesOfServer = 64;
  constexpr uint64_t kFilesOfThread = 16;
  constexpr uint64_t kFilesOfProcess = 64;
  uint64_t reserve = kFilesOfServer * config->servers.size() +
                     kFilesOfThread * config->http.threads + kFilesOfProcess;
  // And for connections that are refused, beside those that are served.
  const uint64_t left = limit - std::min(limit, reserve);
  reserve += std::min<uint64_t>(MaxRefusedConnections(config->http.max_connections), left / 2);
  FitConnectionsIntoFiles({.limit = limit, .reserve = reserve}, "MAX_HTTP_CONNECTIONS",
                          &config->http.max_connections, &config->files_shortage);
}

}  // namespace kache::gateway
