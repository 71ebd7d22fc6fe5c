// Log lines on standard error through spdlog, as text or JSON (base/log_line.h). Use
// spdlog::info("what happened key={}", value) elsewhere: a sentence, then key=value pairs.
//
// Thread-safe after StartLogging. Whoever logs never waits for the reader of standard error: lines
// wait in a bounded queue, and are lost where that is full (base/log_queue.h). Keep what happens
// for each request at debug, which alone is not limited (base/log_limit.h).
#ifndef KACHE_BASE_LOGGING_H_
#define KACHE_BASE_LOGGING_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
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
// From then on a crash (SIGSEGV, SIGABRT and their like) waits for the lines before it, at most a
// second.
void StartLogging(const LogConfig& config, const std::string& program);

// Waits until all lines were written, at most `limit`. At the end of a program.
void FlushLog(absl::Duration limit = absl::Seconds(1));

// What a program answers to SIGHUP: the log says which files are read again.
void LogHangup();

// Lines that were lost since StartLogging.
uint64_t LostLogLines();

}  // namespace kache

#endif  // KACHE_BASE_LOGGING_H_
