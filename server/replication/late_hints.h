// Hints that could not be left at once, as every connection over which a copy was acknowledged was
// gone when a home replica turned out to have missed the write: they are left when one of these is
// back. Until then the write has not ended, so draining waits for it.
//
// One hint is enough: a replay asks every node (recovery/resync_plan.h). Bounded: where there are
// too many (kBytes), or none of its nodes is back in time (kPatience), the hint counts as lost
// (Shard::NoteHintLost).
//
// Shard thread only.
#ifndef KACHE_SERVER_REPLICATION_LATE_HINTS_H_
#define KACHE_SERVER_REPLICATION_LATE_HINTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/node_id.h"
#include "server/redis/command.h"

namespace kache {

class Shard;

struct LateHint {
  NodeId about;                               // the home replica that missed the write
  std::string redis_key;                      // where the record stands
  std::string version;                        // its bytes
  redis::CallerId caller = redis::kNoCaller;  // of the write, which may still wait for its turn
  struct Holder {
    NodeId node;
    int64_t kept_until_ms = 0;  // for LeaveHints
  };
  absl::InlinedVector<Holder, 4> holders = {};  // the nodes that took the write, or may have
};

// LeaveHints for one of the hint's holders, behind the write.
redis::Command LeaveHintOn(const Shard& shard, const LateHint& hint, LateHint::Holder holder);

class LateHints {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(3);
  static constexpr absl::Duration kRetryInterval = absl::Milliseconds(100);
  static constexpr size_t kBytes = size_t{1} << 20;

  // The shard outlives it.
  explicit LateHints(Shard& shard) : shard_(shard) {}

  bool empty() const { return hints_.empty(); }
  void Keep(LateHint hint);
  // Tries those that are due; to be called often.
  void Tick(MonotonicTime now);
  // The shard is being stopped: nobody can be told any more.
  void Clear();

 private:
  struct Kept {
    LateHint hint;
    MonotonicTime give_up_at;
    MonotonicTime due;
    size_t unanswered = 0;
  };
  static size_t BytesOf(const LateHint& hint);
  void Try(uint64_t number, Kept& kept, MonotonicTime now);
  void OnAnswer(uint64_t number, NodeId holder, bool is_left, bool has_none);
  void Forget(uint64_t number);

  Shard& shard_;
  std::map<uint64_t, Kept> hints_;  // by a number of its own
  uint64_t next_number_ = 0;
  size_t bytes_ = 0;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_LATE_HINTS_H_
