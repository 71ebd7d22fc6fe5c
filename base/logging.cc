#include "base/logging.h"

#include <chrono>
#include <memory>
#include <utility>

#include "base/log_limit.h"
#include "base/settings.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace kache {

LogConfig ReadLogConfig(SettingsReader& reader) {
  LogConfig config;
  config.level = spdlog::level::from_str(
      reader.Choice("LOG_LEVEL", "info", {"trace", "debug", "info", "warn", "error"}));
  config.format = reader.Choice("LOG_FORMAT", "text", {"text", "json"}) == "json"
                      ? LogFormat::kJson
                      : LogFormat::kText;
  config.lines_per_second = static_cast<uint32_t>(reader.Integer(
      "LOG_LINES_PER_SECOND", config.lines_per_second, {.min = 0, .max = 1'000'000}));
  return config;
}

void StartLogging(const LogConfig& config, const std::string& program) {
  std::shared_ptr<spdlog::sinks::sink> sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  const bool limited = config.lines_per_second > 0;
  if (limited) sink = std::make_shared<LogLimit>(std::move(sink), config.lines_per_second);
  auto logger = std::make_shared<spdlog::logger>(program, std::move(sink));
  logger->set_level(config.level);
  logger->set_formatter(NewLogFormatter(config.format, program));
  spdlog::set_default_logger(std::move(logger));
  if (limited) spdlog::flush_every(std::chrono::seconds(1));
}

}  // namespace kache
