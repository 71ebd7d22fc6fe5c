// Log lines on standard error through spdlog, as text or JSON (base/log_line.h). Use
// spdlog::info("what happened key={}", value) elsewhere: a sentence, then key=value pairs.
//
// Thread-safe after StartLogging. Writing is synchronous: keep what happens for each request at
// debug.
#ifndef KACHE_BASE_LOGGING_H_
#define KACHE_BASE_LOGGING_H_

#include <string>

#include "base/log_line.h"
#include "spdlog/common.h"

namespace kache {

class SettingsReader;

struct LogConfig {
  spdlog::level::level_enum level = spdlog::level::info;
  LogFormat format = LogFormat::kText;
};

// LOG_LEVEL (trace, debug, info, warn, error) and LOG_FORMAT (text, json).
LogConfig ReadLogConfig(SettingsReader& reader);

// Sets up spdlog's default logger. `program` is named in every line. Call once, from main, before
// other threads log.
void StartLogging(const LogConfig& config, const std::string& program);

}  // namespace kache

#endif  // KACHE_BASE_LOGGING_H_
