// How a log line looks, apart from where it goes.
//
//   text  2026-01-01T00:00:00.000Z info kache-server node is up name=cache-a
//   json  {"ts":"2026-01-01T00:00:00.000Z","level":"info","program":"kache-server","msg":"..."}
//
// Whatever the message holds, it stays one line of valid UTF-8 (and, in JSON, one object): control
// characters are escaped, malformed UTF-8 is escaped (text) or replaced by U+FFFD (JSON).
//
// A formatter is used by one sink at a time, as spdlog does.
#ifndef KACHE_BASE_LOG_LINE_H_
#define KACHE_BASE_LOG_LINE_H_

#include <memory>
#include <string>

#include "spdlog/formatter.h"

namespace kache {

enum class LogFormat { kText, kJson };

std::unique_ptr<spdlog::formatter> NewLogFormatter(LogFormat format, std::string program);

}  // namespace kache

#endif  // KACHE_BASE_LOG_LINE_H_
