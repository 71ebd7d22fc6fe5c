// What this coordinator knows of its own doubts about one node: which of its writes the node may
// lack, which fence stands for them, and which fence it has drained for.
//
// A miss is numbered (NodeStatus::missed). It is *unfenced* until a fence was raised for it, and
// *resolved* once that fence, or a later one, was lifted: then a resync has brought what was
// missed.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_DOUBTS_H_
#define KACHE_SERVER_RECOVERY_DOUBTS_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "server/bookkeeping/fence_number.h"
#include "server/bookkeeping/inspection.h"

namespace kache {

// How many of this coordinator's writes a node has missed: NodeStatus::missed.
enum class MissCount : uint64_t {};

class Doubts {
 public:
  bool IsUnfenced(MissCount missed) const { return missed > std::max(fenced_, resolved_); }
  MissCount resolved() const { return resolved_; }

  // A fence stands for all misses up to `missed`.
  void OnFenced(MissCount missed, const Marker& marker);
  // Whether the newest inspection found a lower fence than the same process carried before: that
  // one is gone, though nobody lifted it.
  bool has_lost_fence() const { return has_lost_fence_; }
  // True when a doubt was resolved by what was found: a whole marker of `ring` that is as late as
  // our fence; or of a process that came after it, which is made whole only after all have drained.
  bool OnInspection(const Inspection& inspection, uint64_t ring);

  // The highest fence of the node that was ever seen.
  FenceNumber highest_fence() const { return highest_; }

  // The fence of this process of the node that was drained for.
  FenceNumber DrainedFor(const std::string& run_id) const {
    return run_id == drained_run_id_ ? drained_ : FenceNumber{};
  }
  // Up to which of our misses all writes had ended by then.
  MissCount drained_misses() const { return drained_misses_; }
  // `missed`: as it was before the drain began.
  void OnDrained(const std::string& run_id, FenceNumber fence, MissCount missed);

 private:
  // The marker stands, or stood until Redis evicted it.
  void Notice(const Marker& marker);

  MissCount fenced_{};
  MissCount resolved_{};
  FenceNumber fence_{};  // that was raised for fenced_
  std::string fence_run_id_;
  FenceNumber highest_{};
  FenceNumber seen_{};  // the highest of the process that was seen last
  std::string seen_run_id_;
  bool has_lost_fence_ = false;
  FenceNumber drained_{};
  std::string drained_run_id_;
  MissCount drained_misses_{};
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_DOUBTS_H_
