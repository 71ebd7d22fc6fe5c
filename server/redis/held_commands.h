// The commands of one connection that wait to be sent, while as many are unanswered as may be
// (reply_window.h). A caller that sends all that it can holds up itself, and nobody else:
//
//  * What is sent for no caller (kNoCaller) goes first, in its order: a note is ahead of every copy
//    that is sent after it, whoever sends that.
//  * Then the callers take turns. Each has a queue of its own, so the commands of one caller stay
//    in their order. Those of different callers do not.
//  * The turn is the caller's who has been served least since he began to wait (start-time fair
//    queueing; Goyal, Vin and Cheng, 1996). Who has nothing waiting is next with his first command.
//  * A command costs its caller as much as it costs the node: one for each value that it asks for,
//    so that a key counts the same alone and in an MGET, and one for each KiB that is sent.
//
// A command that timed out stays, without its callback, until its turn comes: it is then passed
// over. Push and TakeNext are O(log callers), At is O(log commands), all else O(commands).
//
// Thread-compatible.
#ifndef KACHE_SERVER_REDIS_HELD_COMMANDS_H_
#define KACHE_SERVER_REDIS_HELD_COMMANDS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "server/redis/command.h"
#include "server/redis/node_client.h"
#include "server/redis/pending_queue.h"

namespace kache::redis {

struct HeldCommand {
  Command wire;               // what is sent
  bool wire_is_kept = false;  // as PendingCommand::command, once it is sent
  PendingCommand pending;
};

class HeldCommands {
 public:
  // Sent bytes that cost as much as a value.
  static constexpr size_t kBytesOfAValue = 1024;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // As PendingQueue counts them.
  size_t bytes() const { return bytes_; }
  size_t uncounted_bytes() const { return uncounted_bytes_; }
  size_t counted_bytes() const { return bytes_ - uncounted_bytes_; }
  // Whose commands wait.
  size_t callers() const { return callers_.size(); }

  // The command's number: numbers grow, and are never used again.
  uint64_t Push(HeldCommand command);
  // The command whose turn it is; nullptr = none waits. Drops those before it that timed out.
  const HeldCommand* Next();
  // Requires: Next() is not nullptr, and nothing has changed since.
  HeldCommand TakeNext();
  // The command of that caller and number; nullptr once it was taken.
  PendingCommand* At(CallerId caller, uint64_t number);
  // As PendingQueue::TakeTimedOut.
  void TakeTimedOut(MonotonicTime now, std::vector<ReplyCallback>& timed_out);
  // Drops the pings and loads of scripts: the connection that they were meant for is gone.
  void DropPingsAndLoads();
  // Leaves nothing. The callbacks of all that wait for an answer, in the order of Push.
  std::vector<ReplyCallback> TakeAll();

 private:
  struct Waiting {
    uint64_t number = 0;
    HeldCommand command;
  };
  struct Caller {
    std::deque<Waiting> waiting;
    uint64_t start = 0;  // the place of the first of these in virtual time
  };
  struct Turn {
    uint64_t start = 0;
    uint64_t number = 0;  // of equal ones the older is first
    CallerId caller = kNoCaller;
    bool operator>(const Turn& other) const {
      return start != other.start ? start > other.start : number > other.number;
    }
  };

  static bool IsDropped(const PendingCommand& pending) {
    return pending.kind == PendingCommand::Kind::kCommand && !pending.done;
  }
  std::deque<Waiting>* QueueOf(CallerId caller);
  void AddTurn(CallerId id, const Caller& caller);
  // The queue whose turn it is.
  std::deque<Waiting>& NextQueue();
  // The command at the front of that queue is gone; its caller is charged for `cost`.
  void RemoveNext(size_t cost);
  void Uncount(const PendingCommand& pending);
  static void TakeTimedOutOf(std::deque<Waiting>& queue, MonotonicTime now, MonotonicTime& earliest,
                             std::vector<ReplyCallback>& timed_out);

  std::deque<Waiting> own_;                        // for no caller
  absl::flat_hash_map<CallerId, Caller> callers_;  // each has something that waits
  std::vector<Turn> turns_;                        // a heap, one for each of them
  std::optional<Caller> spare_;                    // kept for its memory
  uint64_t now_ = 0;                               // virtual time: the start of the last turn
  uint64_t pushed_ = 0;
  size_t size_ = 0;
  size_t bytes_ = 0;
  size_t uncounted_bytes_ = 0;
  MonotonicTime earliest_deadline_ = MonotonicTime::max();  // none is earlier
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_HELD_COMMANDS_H_
