// kache-gateway: REST for Kache. This file is a shell; Gateway is the program.
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/file_limit.h"
#include "base/local_address.h"
#include "base/logging.h"
#include "base/memory_limit.h"
#include "base/mutex_checks.h"
#include "base/settings.h"
#include "base/shutdown.h"
#include "base/standard_streams.h"
#include "base/strings.h"
#include "base/version.h"
#include "gateway/config.h"
#include "gateway/gateway.h"
#include "http/http_get.h"
#include "spdlog/spdlog.h"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitBadUsage = 2;
constexpr absl::Duration kHealthTimeout = absl::Seconds(2);

// Asks the gateway that runs with the same settings on this machine.
int PrintHealth(const kache::gateway::GatewayConfig& config) {
  const absl::StatusOr<int> status = kache::HttpGet(kache::LocalAddress(config.http.address),
                                                    "/readyz", kHealthTimeout, config.http.tls);
  if (!status.ok()) {
    std::fprintf(stderr, "kache-gateway: no answer from %s\n",
                 std::string(status.status().message()).c_str());
    return kExitFailed;
  }
  const bool ready = *status == 200;
  std::printf("%s\n", ready ? "ready" : "not ready");
  return ready ? 0 : kExitFailed;
}

int Run(const std::string& env_file, bool only_health) {
  kache::ShutdownSignal shutdown;
  kache::Environment environment = kache::Environment::FromProcess();
  if (!env_file.empty()) environment.AddFile(env_file);
  kache::SettingsReader reader(environment);
  kache::gateway::GatewayConfig config =
      kache::gateway::ReadGatewayConfig(reader, kache::MemoryLimit());
  if (const absl::Status mistakes = reader.Finish(); !mistakes.ok()) {
    std::fprintf(stderr, "kache-gateway: wrong settings\n%s\n",
                 std::string(mistakes.message()).c_str());
    return kExitBadUsage;
  }
  FitIntoFiles(kache::RaiseFileLimit(), &config);
  if (only_health) return PrintHealth(config);
  kache::StartLogging(config.log, "kache-gateway");
  for (const std::string& warning : reader.warnings()) spdlog::warn("{}", warning);
  if (!config.memory_shortage.empty()) {
    spdlog::warn("the memory limit is low: many requests at once may end this process; {}",
                 config.memory_shortage);
  }
  if (!config.files_shortage.empty()) spdlog::warn("{}", config.files_shortage);

  const bool asks_callers = !config.access.tokens_file.empty() || !config.http.tls.ca_file.empty();
  if (!asks_callers && kache::IsOpenToOthers(config.http.address)) {
    spdlog::warn("{}", kache::OpenPortWarning("HTTP_LISTEN_ADDRESS", config.http.address));
  }

  const auto gateway = kache::gateway::Gateway::Start(config);
  if (!gateway.ok()) {
    spdlog::error("{}", kache::ToStd(gateway.status().message()));
    kache::FlushLog();
    return kExitFailed;
  }
  const int signal = shutdown.Wait(kache::LogHangup);
  spdlog::info("stopping signal={}", signal);
  (*gateway)->Drain();
  kache::FlushLog();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  kache::OpenStandardStreams();
  kache::SkipMutexChecks();
  CLI::App app(
      "REST gateway of Kache. Settings come from the environment; see "
      "docs/configuration.md.",
      "kache-gateway");
  std::string env_file;
  app.add_option("--env-file", env_file, "Read settings from a dotenv file too")->type_name("FILE");
  bool only_health = false;
  app.add_flag("--health", only_health,
               "Ask the gateway on this machine whether it is ready; exit code 0 or 1");
  app.set_version_flag("--version", std::string("kache-gateway ") + kache::kVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitBadUsage;
  }
  return Run(env_file, only_health);
}
