// Single flight: a read joins an equal one that waits to be written to the same connection, and one
// reply answers both. Only until that one is written: from then on Redis may have carried it out
// already, before a write whose acknowledgement the second reader knows.
//
// Not every read may join: their deadlines must lie close together, as one timeout ends both, and
// what one reply answers must stay few bytes, as ReplyWindow bounds them.
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
#include "server/redis/node_client.h"
#include "server/redis/pending_queue.h"
#include "server/redis/reply_window.h"

namespace kache::redis {

class UnsentReads {
 public:
  // The most that lies between two deadlines that one timeout ends: timeouts are no finer.
  static constexpr std::chrono::milliseconds kApart{10};

  // How far the connection is.
  struct Progress {
    uint64_t batch = 0;       // Socket::batch, where commands are gathered now
    uint64_t first_held = 0;  // the command, by PendingQueue's count, from which on all are held
  };

  // Both outlive this.
  UnsentReads(PendingQueue& pending, const ReplyWindow& window)
      : pending_(pending), window_(window) {}

  // Where an equal read waits unwritten, takes `done`, to be called with that one's answer, and
  // says true.
  bool Join(const Command& read, MonotonicTime deadline, Progress now, ReplyCallback& done);
  // `read` is the last in the queue.
  void Add(const Command& read, Progress now);
  // The queue begins anew.
  void Clear() { reads_.clear(); }

 private:
  struct Read {
    Command command;        // holds its key in reads_
    uint64_t sequence = 0;  // by PendingQueue's count
    uint64_t batch = 0;
    std::shared_ptr<std::vector<ReplyCallback>> joined;  // once there are more than one
  };

  bool Unwritten(const Read& read, Progress now) const;
  void DropWritten(Progress now);

  PendingQueue& pending_;
  const ReplyWindow& window_;
  absl::flat_hash_map<std::string_view, Read> reads_;  // by what is sent; many are written by now
  uint64_t last_batch_ = 0;                            // that a read was added in
  size_t clean_from_ = 0;                              // reads
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_UNSENT_READS_H_
