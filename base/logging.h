// Log lines on standard error through spdlog, as text or JSON. Use spdlog::info("what happened
// key={}", value) elsewhere: a sentence, then key=value pairs.
//
// Thread-safe after StartLogging.
#ifndef KACHE_BASE_LOGGING_H_
#define KACHE_BASE_LOGGING_H_

#include <string>

namespace kache {

class SettingsReader;

struct LogConfig {
  std::string level = "info";   // trace, debug, info, warn, error
  std::string format = "text";  // text, json
};

// LOG_LEVEL and LOG_FORMAT.
LogConfig ReadLogConfig(SettingsReader& reader);

// Sets up spdlog's default logger. `program` is named in every line. Call once, from main.
void StartLogging(const LogConfig& config, const std::string& program);

}  // namespace kache

#endif  // KACHE_BASE_LOGGING_H_
