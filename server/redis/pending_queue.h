// The commands of one connection that wait for their replies, in the order in which they were
// sent, which is the order of the replies.
//
// A command that timed out stays in its place, without its callback, until its reply comes or would
// have come.
// Push and PopFront are O(1) without allocation once the ring has grown; the search for timed-out
// commands is O(n), and made only when one may be due.
//
// Thread-compatible.
#ifndef KACHE_SERVER_REDIS_PENDING_QUEUE_H_
#define KACHE_SERVER_REDIS_PENDING_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "server/redis/command.h"
#include "server/redis/node_client.h"

namespace kache::redis {

struct PendingCommand {
  enum class Kind : uint8_t { kCommand, kPing, kScriptLoad };

  PendingCommand() = default;
  explicit PendingCommand(Kind its_kind) : kind(its_kind) {}

  Kind kind = Kind::kCommand;
  uint8_t script_loads = 0;  // how often its script was loaded for it
  uint8_t losses = 0;        // lost connections that it was under way on (resumption.h)
  ReplyCallback done;        // kCommand: empty once it has timed out
  Command command;           // kept for those that may be sent again, kScriptLoad included
  MonotonicTime deadline = MonotonicTime::max();
  size_t bytes = 0;      // what it counts against the queue's bound
  bool counted = false;  // its bytes are counted elsewhere, too (Command::keeps)
};

class PendingQueue {
 public:
  // What a command counts for beside its bytes on the wire.
  static constexpr size_t kSlotBytes = 128;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t bytes() const { return bytes_; }
  // Of those that are counted nowhere else, and of the others.
  size_t uncounted_bytes() const { return uncounted_bytes_; }
  size_t counted_bytes() const { return bytes_ - uncounted_bytes_; }

  void Push(PendingCommand command);
  // The number of the command at the front, or of the next one; all that are pushed are counted.
  uint64_t first() const { return popped_; }
  // Requires: not empty.
  PendingCommand& Front() { return ring_[head_]; }
  const PendingCommand& Front() const { return ring_[head_]; }
  // The `index`th from the front. Requires: index < size().
  PendingCommand& At(size_t index) { return ring_[(head_ + index) & (ring_.size() - 1)]; }
  void PopFront();
  // Moves the callbacks of the commands whose deadline has passed to the end of `timed_out`. They
  // are not called here, for they may send more.
  void TakeTimedOut(MonotonicTime now, std::vector<ReplyCallback>& timed_out);

 private:
  void Grow();

  std::vector<PendingCommand> ring_;  // its size is a power of two, or 0
  size_t head_ = 0;
  size_t size_ = 0;
  size_t bytes_ = 0;
  size_t uncounted_bytes_ = 0;
  uint64_t popped_ = 0;
  MonotonicTime earliest_deadline_ = MonotonicTime::max();  // none is earlier
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_PENDING_QUEUE_H_
