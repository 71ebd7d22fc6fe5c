// Log lines on standard error through spdlog, as text or JSON (base/log_line.h). Use
// spdlog::info("what happened key={}", value) elsewhere: a sentence, then key=value pairs.
//
// Thread-safe after StartLogging. Writing is synchronous: keep what happens for each request at
// debug, which alone is not limited (base/log_limit.h).
#ifndef KACHE_BASE_LOGGING_H_
#define KACHE_BASE_LOGGING_H_

#include <cstdint>
#include <string>

#include "base/log_line.h"
#include "spdlog/common.h"

namespace kache {

class SettingsReader;

struct LogConfig {
  spdlog::level::level_enum level = spdlog::level::info;
  LogFormat format = LogFormat::kText;
  uint32_t lines_per_second = 50;  // of each kind of line (log_limit.h); 0 = no limit
};

// LOG_LEVEL (trace, debug, info, warn, error), LOG_FORMAT (text, json) and LOG_LINES_PER_SECOND.
LogConfig ReadLogConfig(SettingsReader& reader);

// Sets up spdlog's default logger. `program` is named in every line. Call once, from main, before
// other threads log. Starts a thread that looks once a second whether lines were left out.
void StartLogging(const LogConfig& config, const std::string& program);

}  // namespace kache

#endif  // KACHE_BASE_LOGGING_H_
