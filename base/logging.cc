#include "base/logging.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "base/log_limit.h"
#include "base/log_queue.h"
#include "base/settings.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr int kCrashSignals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
constexpr int kCrashWaitMs = 1000;

// Of the default logger; never destroyed, as any thread may log or crash until the very end.
std::atomic<LogQueue*> log_queue = nullptr;

// The thread that writes goes on while the one that crashed waits here. Only what may be called in
// a signal handler.
void WaitForLinesAndDie(int signal) {
  const LogQueue* const queue = log_queue.load();
  for (int waited = 0; queue != nullptr && queue->waiting() > 0 && waited < kCrashWaitMs;
       ++waited) {
    const timespec pause = {.tv_sec = 0, .tv_nsec = 1'000'000};
    nanosleep(&pause, nullptr);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void HandleCrashes() {
  struct sigaction action {};
  action.sa_handler = WaitForLinesAndDie;
  // Once: a crash while it waits ends the process. On a stack of its own where there is one.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
  for (const int signal : kCrashSignals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    // Sanitizers have handlers of their own.
    if (before.sa_handler == SIG_DFL) sigaction(signal, &action, nullptr);
  }
}

}  // namespace

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
  auto queue = std::make_shared<LogQueue>(STDERR_FILENO);
  static auto* const kept = new std::vector<std::shared_ptr<LogQueue>>;
  kept->push_back(queue);
  log_queue = queue.get();
  std::shared_ptr<spdlog::sinks::sink> sink = std::make_shared<LogQueueSink>(std::move(queue));
  const bool limited = config.lines_per_second > 0;
  if (limited) sink = std::make_shared<LogLimit>(std::move(sink), config.lines_per_second);
  auto logger = std::make_shared<spdlog::logger>(program, std::move(sink));
  logger->set_level(config.level);
  logger->set_formatter(NewLogFormatter(config.format, program));
  spdlog::set_default_logger(std::move(logger));
  if (limited) spdlog::flush_every(std::chrono::seconds(1));
  HandleCrashes();
}

void FlushLog(absl::Duration limit) {
  spdlog::default_logger()->flush();
  if (LogQueue* const queue = log_queue.load(); queue != nullptr) queue->AwaitWritten(limit);
}

void LogHangup() {
  spdlog::info(
      "SIGHUP changes nothing: files of tokens, passwords, certificates and keys are read again "
      "within two seconds of a change, without a signal; all other settings need a restart");
}

uint64_t LostLogLines() {
  const LogQueue* const queue = log_queue.load();
  return queue == nullptr ? 0 : queue->lost();
}

}  // namespace kache
