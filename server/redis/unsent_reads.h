// Single flight: a read joins an equal one that waits to be written to the same connection, and one
// reply answers both. Only until that one is written: from then on Redis may have carried it out
// already, before a write whose acknowledgement the second reader knows.
//
// Not every read may join: their deadlines must lie close together, as one timeout ends both, and
// what one reply answers must stay few bytes, as ReplyWindow bounds them. A read that is held joins
// only reads of the same caller: the turn of another one may be far off.
//
// Thread-compatible.
#ifndef KACHE_SERVER_REDIS_UNSENT_READS_H_
#define KACHE_SERVER_REDIS_UNSENT_READS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "server/redis/command.h"
#include "server/redis/held_commands.h"
#include "server/redis/node_client.h"
#include "server/redis/pending_queue.h"
#include "server/redis/reply_window.h"

namespace kache::redis {

class UnsentReads {
 public:
  // The most that lies between two deadlines that one timeout ends: timeouts are no finer.
  static constexpr std::chrono::milliseconds kApart{10};

  // What waits: gathered in the socket (of `sent`, those of the batch that is gathered now), or
  // held. All outlive this.
  UnsentReads(PendingQueue& sent, HeldCommands& held, const ReplyWindow& window)
      : sent_(sent), held_(held), window_(window) {}

  // Where an equal read waits unwritten, takes `done`, to be called with that one's answer, and
  // says true. `batch`: Socket::batch, where commands are gathered now.
  bool Join(const Command& read, MonotonicTime deadline, uint64_t batch, ReplyCallback& done);
  // `read` is gathered in the batch, and the last that is sent.
  void AddGathered(Command read, uint64_t batch);
  // `read` is held, under that number.
  void AddHeld(Command read, uint64_t batch, uint64_t number);
  // The queues begin anew.
  void Clear() { reads_.clear(); }

 private:
  struct Read {
    Command command;  // holds its key in reads_, of whichever caller
    CallerId caller = kNoCaller;
    bool is_held = false;
    uint64_t number = 0;  // by HeldCommands; else by PendingQueue's count
    uint64_t batch = 0;
    std::shared_ptr<std::vector<ReplyCallback>> joined = {};  // once there are more than one
  };

  void Add(Read added);
  // nullptr once it is written.
  PendingCommand* Unwritten(const Read& read, uint64_t batch);
  void DropWritten(uint64_t batch);

  PendingQueue& sent_;
  HeldCommands& held_;
  const ReplyWindow& window_;
  absl::flat_hash_map<std::string_view, Read> reads_;  // by what is sent; many are written by now
  uint64_t last_batch_ = 0;                            // that a read was added in
  size_t clean_from_ = 0;                              // reads
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_UNSENT_READS_H_
