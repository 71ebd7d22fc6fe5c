#include "base/log_queue.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/strings.h"

namespace kache {
namespace {

// How long the thread waits for the reader before it looks whether it is to stop.
constexpr int kPollMs = 100;

}  // namespace

LogQueue::LogQueue(int fd, size_t max_bytes)
    : fd_(fd), max_bytes_(max_bytes), thread_([this] { Run(); }) {}

LogQueue::~LogQueue() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool LogQueue::Push(std::string_view line) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.load(std::memory_order_relaxed) + line.size() <= max_bytes_) {
      lines_.append(line);
      waiting_.fetch_add(line.size(), std::memory_order_release);
      changed_.notify_all();
      return true;
    }
  }
  lost_.fetch_add(1, std::memory_order_relaxed);
  untold_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

bool LogQueue::AwaitWritten(absl::Duration limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                           [this] { return waiting() == 0; });
}

bool LogQueue::Stopped() {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void LogQueue::Run() {
  while (true) {
    std::string taken;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !lines_.empty(); });
      if (stop_) return;
      taken = std::exchange(lines_, {});
    }
    for (std::string_view left = taken; !left.empty();) {
      const long written = WriteSome(left);
      if (written == 0 && Stopped()) return;
      const size_t gone = written < 0 ? left.size() : static_cast<size_t>(written);
      if (written < 0) {
        const auto lines = static_cast<uint64_t>(std::count(left.begin(), left.end(), '\n'));
        lost_.fetch_add(lines, std::memory_order_relaxed);
        untold_.fetch_add(lines, std::memory_order_relaxed);
      }
      left.remove_prefix(gone);
      {
        // Under the lock, so that AwaitWritten does not miss it.
        const std::lock_guard lock(mutex_);
        waiting_.fetch_sub(gone, std::memory_order_release);
      }
      if (gone > 0) changed_.notify_all();
    }
  }
}

long LogQueue::WriteSome(std::string_view bytes) const {
  pollfd reader = {.fd = fd_, .events = POLLOUT, .revents = 0};
  if (poll(&reader, 1, kPollMs) <= 0) return 0;
  // A pipe that can be written takes so many bytes without waiting.
  const size_t portion = std::min<size_t>(bytes.size(), PIPE_BUF);
  ssize_t written = send(fd_, bytes.data(), portion, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (written < 0 && errno == ENOTSOCK) written = write(fd_, bytes.data(), portion);
  if (written >= 0) return written;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

// What was lost is told of with the next line that is taken.
void LogQueueSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t lines;
  const uint64_t lost = queue_->untold();
  if (lost > 0) {
    const std::string text = Concat("log lines lost count=", lost);
    formatter_->format({spdlog::string_view_t(), spdlog::level::warn, text}, lines);
  }
  formatter_->format(message, lines);
  if (queue_->Push({lines.data(), lines.size()})) queue_->Told(lost);
}

}  // namespace kache
