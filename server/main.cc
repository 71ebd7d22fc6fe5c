// kache-server: reads the settings, runs a KacheServer until SIGTERM or SIGINT.
//
// Exit codes: 0 a clean stop, 1 a failure while running, 2 wrong settings or arguments.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/environment.h"
#include "base/file_limit.h"
#include "base/local_address.h"
#include "base/logging.h"
#include "base/memory_limit.h"
#include "base/mutex_checks.h"
#include "base/setting_names.h"
#include "base/settings.h"
#include "base/shutdown.h"
#include "base/standard_streams.h"
#include "base/version.h"
#include "server/config.h"
#include "server/health_client.h"
#include "server/kache_server.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitWrongSettings = 2;
// For what gRPC has not put on the wire yet.
constexpr absl::Duration kLastAnswers = absl::Milliseconds(100);
constexpr absl::Duration kHealthTimeout = absl::Seconds(2);
constexpr char kDefaultHealthService[] = "kache.v1.Kache";

std::string Footer() {
  std::string text = "Settings are environment variables, or stand in the file of --env-file:\n";
  for (const std::string_view name : kServerSettings) text.append("  ").append(name).append("\n");
  text +=
      "docs/configuration.md explains each of them.\n\n"
      "Exit codes: 0 a clean stop, or SERVING; 1 a failure, or not SERVING; 2 wrong settings.";
  return text;
}

struct Arguments {
  std::string env_file;
  std::optional<std::string> accept_ring;     // as ACCEPT_RING; empty = names no change
  std::optional<std::string> health_service;  // set = ask, don't serve
};

int PrintHealth(const ServerConfig& config, const std::string& service) {
  const absl::StatusOr<std::string> state =
      AskHealth(LocalAddress(config.grpc_listen_address), service, kHealthTimeout, config.grpc_tls);
  if (!state.ok()) {
    std::fprintf(stderr, "kache-server: no health of '%s': %s\n", service.c_str(),
                 state.status().ToString().c_str());
    return kExitFailure;
  }
  std::printf("%s\n", state->c_str());
  return *state == "SERVING" ? 0 : kExitFailure;
}

void LogStart(const ServerConfig& config, const KacheServer& server) {
  std::string names;
  for (const RedisAddress& redis : config.servers) {
    if (!names.empty()) names += ",";
    names += redis.name;
  }
  spdlog::info(
      "serving version={} grpc={}:{} metrics={}:{} redis_servers={} replication_factor={} "
      "vnodes_per_node={} max_tries={} grpc_threads={} shards={} max_in_flight_bytes={} "
      "max_connection_queue_bytes={} max_grpc_buffer_bytes={} max_grpc_connections={} "
      "max_grpc_calls={}",
      kVersion, config.grpc_listen_address.host, server.grpc_port(),
      config.metrics_listen_address.host, server.metrics_port(), names, config.replication_factor,
      config.vnodes_per_node, config.max_tries, config.grpc_threads, config.shards,
      config.max_in_flight_bytes, config.max_connection_queue_bytes, config.max_grpc_buffer_bytes,
      config.max_grpc_connections, config.max_grpc_calls);
  if (config.access.tokens_file.empty() && config.grpc_tls.ca_file.empty()) {
    if (IsOpenToOthers(config.grpc_listen_address)) {
      spdlog::warn("{}", OpenPortWarning("GRPC_LISTEN_ADDRESS", config.grpc_listen_address));
    }
    if (IsOpenToOthers(config.metrics_listen_address)) {
      spdlog::warn("{}", OpenPortWarning("METRICS_LISTEN_ADDRESS", config.metrics_listen_address));
    }
  }
  if (!config.memory_shortage.empty()) {
    spdlog::warn("the memory limit is low: many requests at once may end this process; {}",
                 config.memory_shortage);
  }
  if (!config.files_shortage.empty()) spdlog::warn("{}", config.files_shortage);
}

int Serve(const ServerConfig& config, ShutdownSignal& shutdown) {
  std::atomic<bool> declared_lost = false;
  absl::StatusOr<std::unique_ptr<KacheServer>> server =
      KacheServer::Start(config, {}, [&declared_lost] {
        declared_lost = true;
        ShutdownSignal::RequestStop();
      });
  if (!server.ok()) {
    spdlog::error("cannot start: {}", std::string(server.status().message()));
    FlushLog();
    return kExitFailure;
  }
  LogStart(config, **server);
  const int signal = shutdown.Wait(LogHangup);
  spdlog::info("stopping signal={} drain_seconds={}", signal, absl::ToInt64Seconds(config.drain));
  const bool in_time = (*server)->Drain(config.drain);
  if (in_time) {
    spdlog::info("stopped");
  } else {
    spdlog::warn("stopped with operations unfinished: DRAIN_SECONDS was not enough");
  }
  FlushLog();
  absl::SleepFor(kLastAnswers);
  // See KacheServer::Drain. A supervisor that restarts what failed puts another coordinator in the
  // place of one that was declared lost.
  std::_Exit(in_time && !declared_lost ? 0 : kExitFailure);
}

int Run(const Arguments& arguments, ShutdownSignal& shutdown) {
  Environment environment = Environment::FromProcess();
  if (!arguments.env_file.empty()) environment.AddFile(arguments.env_file);
  SettingsReader reader(environment);
  ServerConfig config = ReadServerConfig(reader, MemoryLimit());
  if (!arguments.accept_ring.value_or("").empty()) {
    config.accept_ring = ReadRingChange(*arguments.accept_ring, "--accept-ring", reader);
  }
  if (absl::Status mistakes = reader.Finish(); !mistakes.ok()) {
    std::fprintf(stderr, "kache-server: wrong settings:\n%s\n",
                 std::string(mistakes.message()).c_str());
    return kExitWrongSettings;
  }
  FitIntoFiles(RaiseFileLimit(), &config);
  if (arguments.health_service) return PrintHealth(config, *arguments.health_service);
  StartLogging(config.log, "kache-server");
  for (const std::string& warning : reader.warnings()) spdlog::warn("{}", warning);
  if (arguments.accept_ring == "") {
    spdlog::warn(
        "--accept-ring without the name of a change accepts nothing: where the rings "
        "differ, the line ring_mismatch has the name");
  }
  return Serve(config, shutdown);
}

}  // namespace
}  // namespace kache

int main(int argc, char** argv) {
  kache::OpenStandardStreams();
  kache::SkipMutexChecks();
  kache::ShutdownSignal shutdown;  // before any thread starts
  CLI::App app("Turns independent Redis servers into one replicated cache, offered over gRPC.");
  app.footer(kache::Footer());
  app.set_version_flag("--version", std::string("kache-server ") + kache::kVersion);
  kache::Arguments arguments;
  app.add_option("--env-file", arguments.env_file, "File of settings, NAME=value a line")
      ->type_name("FILE");
  std::string change;
  CLI::Option* accept_ring =
      app.add_option(
             "--accept-ring", change,
             "As the setting ACCEPT_RING: where the Redis servers carry another ring "
             "(ring_mismatch, whose log line has the value), move their data to the ring of "
             "these settings. Stop all other servers of the old ring first")
          ->type_name("FROM:TO")
          ->expected(0, 1);
  std::string service;
  CLI::Option* health =
      app.add_option("--health", service,
                     "Ask the server on this machine for a service's health, print it, and exit 0 "
                     "when it is SERVING. Services: kache.v1.Kache (keys can be served; the "
                     "default) and live (the process runs)")
          ->type_name("[SERVICE]")
          ->expected(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kache::kExitWrongSettings;
  }
  if (accept_ring->count() > 0) arguments.accept_ring = change;
  if (health->count() > 0) {
    const bool named = !health->results().front().empty();
    arguments.health_service = named ? service : kache::kDefaultHealthService;
  }
  return kache::Run(arguments, shutdown);
}
