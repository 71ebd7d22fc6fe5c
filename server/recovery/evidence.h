// All that is known of the nodes at one moment, as plain values: what the recovery decides by.
#ifndef KACHE_SERVER_RECOVERY_EVIDENCE_H_
#define KACHE_SERVER_RECOVERY_EVIDENCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/bookkeeping/inspection.h"

namespace kache {

struct NodeEvidence {
  std::string name;
  bool attempted = false;  // it was inspected, or that failed, at least once
  // The newest, while the node can be reached; shared, as it never changes.
  std::shared_ptr<const Inspection> inspection;
  MonotonicTime inspected_at;    // when that inspection was sent
  MonotonicTime marker_seen_at;  // when its marker was first seen as it is
  bool is_current = false;       // the inspection is newer than every connection of the data path
  bool is_ready = false;         // commands can be sent now
  bool is_up = false;            // its state
  bool is_down = false;
  bool is_duplicate = false;    // another entry reaches its process, and speaks for it
  bool takes_writes = false;    // NodeStatus::takes_writes
  bool refuses_writes = false;  // NodeStatus::refuses_writes
  bool accepts_ring = false;    // another ring's marker may be overwritten
  ReachedProcess reached;       // the process that this coordinator reaches under its name
  bool has_several = false;     // several processes answer under its name: process_conflicts.h
  bool clock_skewed = false;    // its clock is too far from cluster time
  absl::Duration clock_offset;  // how far its clock is ahead of cluster time
  // The process is the same, and yet its memory can't be trusted, and no fence says so yet: its
  // clock ran far ahead, so it may have dropped what is still alive; or another process took writes
  // under its name, of which nobody left hints.
  bool memory_untrusted = false;
  // This coordinator's own doubts (doubts.h).
  bool missed_unfenced = false;  // it lacks writes of ours that no fence was raised for
  int64_t missed_since_ms = 0;   // since when it may lack any of ours, Unix time; 0 = it does not
  uint64_t missed_resolved = 0;  // up to which of our notes about it were seen to
  bool fence_lost = false;       // Doubts::has_lost_fence
  bool fencing = false;          // a fence is on its way
  bool draining = false;
  FenceNumber drained{};        // the fence that was drained for
  uint32_t without_marker = 0;  // how many inspections in a row found none
};

struct Evidence {
  uint64_t self = 0;         // this coordinator
  uint64_t fingerprint = 0;  // of its ring
  uint64_t ring = 0;         // the same, in the generation that is in force
  int64_t now_ms = 0;        // cluster time, Unix
  // Half a tombstone's life: a node that has lacked writes for longer may have slept through
  // deletes of which nobody knows any more.
  absl::Duration longest_doubt;
  bool seen_marker = false;         // this process has seen a marker of this ring, on any node
  std::vector<NodeEvidence> nodes;  // by NodeId
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_EVIDENCE_H_
