#include "base/logging.h"

#include <memory>

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
  return config;
}

void StartLogging(const LogConfig& config, const std::string& program) {
  auto logger =
      std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(config.level);
  logger->set_formatter(NewLogFormatter(config.format, program));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace kache
