#include "server/redis/pending_queue.h"

#include <algorithm>
#include <utility>

namespace kache::redis {
namespace {

constexpr size_t kSmallestRing = 64;
constexpr size_t kKeptRing = 16384;  // a larger one is given back when empty

}  // namespace

void PendingQueue::Push(PendingCommand command) {
  if (size_ == ring_.size()) Grow();
  bytes_ += command.bytes;
  if (!command.counted) uncounted_bytes_ += command.bytes;
  earliest_deadline_ = std::min(earliest_deadline_, command.deadline);
  ring_[(head_ + size_) & (ring_.size() - 1)] = std::move(command);
  ++size_;
}

void PendingQueue::PopFront() {
  PendingCommand& front = ring_[head_];
  bytes_ -= front.bytes;
  if (!front.counted) uncounted_bytes_ -= front.bytes;
  front.done = nullptr;
  front.command = Command();
  head_ = (head_ + 1) & (ring_.size() - 1);
  --size_;
  ++popped_;
  if (size_ > 0) return;
  earliest_deadline_ = MonotonicTime::max();
  if (ring_.size() > kKeptRing) {
    ring_ = std::vector<PendingCommand>();
    head_ = 0;
  }
}

void PendingQueue::TakeTimedOut(MonotonicTime now, std::vector<ReplyCallback>& timed_out) {
  if (now < earliest_deadline_) return;
  earliest_deadline_ = MonotonicTime::max();
  for (size_t i = 0; i < size_; ++i) {
    PendingCommand& each = ring_[(head_ + i) & (ring_.size() - 1)];
    if (!each.done) continue;
    if (each.deadline > now) {
      earliest_deadline_ = std::min(earliest_deadline_, each.deadline);
      continue;
    }
    timed_out.push_back(std::move(each.done));
    each.done = nullptr;
    each.command = Command();
  }
}

void PendingQueue::Grow() {
  std::vector<PendingCommand> larger(std::max(kSmallestRing, ring_.size() * 2));
  for (size_t i = 0; i < size_; ++i) {
    larger[i] = std::move(ring_[(head_ + i) & (ring_.size() - 1)]);
  }
  ring_ = std::move(larger);
  head_ = 0;
}

}  // namespace kache::redis
