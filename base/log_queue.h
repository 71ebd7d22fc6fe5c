// Log lines on their way to a file descriptor whose reader may be slow, or may have stopped:
// whoever logs never waits. At most kMaxBytes of lines wait; further ones are lost and counted, and
// a line tells how many once there is room again:
//
//   ... warn kache-server log lines lost count=312
//
// A thread of its own writes. Where that fails, as the reader is gone or the disk is full, what
// waits is lost, too.
//
// Thread-safe.
#ifndef KACHE_BASE_LOG_QUEUE_H_
#define KACHE_BASE_LOG_QUEUE_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "spdlog/sinks/base_sink.h"

namespace kache {

class LogQueue {
 public:
  static constexpr size_t kMaxBytes = size_t{1} << 20;

  // Writes to `fd`, which is not closed.
  explicit LogQueue(int fd, size_t max_bytes = kMaxBytes);
  // What was not written yet is lost; see AwaitWritten. May take a tenth of a second.
  ~LogQueue();
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;

  // Takes a line, with its line end. False when it is lost.
  bool Push(std::string_view line);
  // Lines that were lost, and of which no line has told yet.
  uint64_t untold() const { return untold_.load(std::memory_order_relaxed); }
  // A line has told of so many of them.
  void Told(uint64_t lines) { untold_.fetch_sub(lines, std::memory_order_relaxed); }
  // All lines that were lost.
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // Whether all lines were written within `limit`.
  bool AwaitWritten(absl::Duration limit);
  // Bytes that were taken and not written yet. For signal handlers, too.
  size_t waiting() const { return waiting_.load(std::memory_order_acquire); }

 private:
  void Run();
  // Writes as much as goes without waiting for the reader; the number of bytes, or -1 when nobody
  // will ever read.
  long WriteSome(std::string_view bytes) const;
  bool Stopped() ABSL_LOCKS_EXCLUDED(mutex_);

  const int fd_;
  const size_t max_bytes_;
  std::atomic<size_t> waiting_{0};
  std::atomic<uint64_t> lost_{0};
  std::atomic<uint64_t> untold_{0};
  std::mutex mutex_;
  std::condition_variable changed_;  // lines came, were written, or it is to stop
  std::string lines_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

// The sink in front of a queue.
class LogQueueSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogQueueSink(std::shared_ptr<LogQueue> queue) : queue_(std::move(queue)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  const std::shared_ptr<LogQueue> queue_;  // shared: with who waits for its end
};

}  // namespace kache

#endif  // KACHE_BASE_LOG_QUEUE_H_
