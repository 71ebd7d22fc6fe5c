// Decides, from what checking all nodes found, which nodes are whole, and what is to be done about
// the others. Pure: values in, values out.
//
// A node is whole when its marker says so of the process that runs, under our ring and its name,
// and neither this coordinator nor any other notes that the node lacks its writes.
//
//  * Nothing is decided before every node was checked, or failed to be, once.
//  * No marker on any of the nodes that were checked, half of all at least: a first start. They are
//    given markers, and are whole. With fewer, they stay in doubt until more can be seen.
//  * A marker of another ring on any node: no node may be used (ring_mismatch), unless this
//    coordinator was told to accept that, once for each node.
//  * A node whose clock is skewed is not used (clock_skew): it would end lives at the wrong time.
//  * A missing marker, or that of another name or process: the node is to be fenced.
//  * A note by a coordinator that has gone: likewise. One that lives fences the node by itself,
//    once it can write to it again. A resync removes these notes before it lifts the fence, so a
//    note counts for a fence only where it was looked for after the marker was first seen whole.
#ifndef KACHE_SERVER_RECOVERY_JUDGE_H_
#define KACHE_SERVER_RECOVERY_JUDGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/cluster/topology.h"
#include "server/recovery/look.h"

namespace kache {

// Reasons of nodes that are not used at all.
inline constexpr char kRingMismatch[] = "ring_mismatch";
inline constexpr char kClockSkew[] = "clock_skew";

struct NodeEvidence {
  std::string name;
  bool attempted = false;        // it was checked, or that failed, at least once
  std::optional<Look> look;      // the newest, while the node can be reached
  MonotonicTime look_sent_at;    // when that look was sent
  MonotonicTime marker_seen_at;  // when its marker was first seen as it is
  bool accepts_ring = false;     // another ring's marker may be overwritten
  bool missed_unfenced = false;  // it lacks writes of ours that no fence was raised for
  bool clock_skewed = false;     // its clock is too far from cluster time
};

struct Evidence {
  uint64_t self = 0;                // this coordinator
  uint64_t ring = 0;                // its fingerprint
  std::vector<NodeEvidence> nodes;  // by NodeId
};

struct Assessment {
  Standing::Verdict verdict = Standing::Verdict::kUnchecked;
  std::string reason;
  bool init = false;  // a first marker is to be written
  // A fence is to be raised, in FenceScript's mode; empty = none.
  std::string fence_mode;
  int64_t fence_since_ms = 0;
};

std::vector<Assessment> Judge(const Evidence& evidence);

// Whether the node's marker is of our ring, of its name and of the process that runs. Requires: the
// node was checked.
bool HasRightMarker(const Evidence& evidence, const NodeEvidence& node);

// Whether the node was checked, and a right marker says that it is whole.
bool IsWhole(const Evidence& evidence, const NodeEvidence& node);

// The coordinators that live, by any node's word.
std::vector<uint64_t> LivingCoordinators(const Evidence& evidence);

// Why a resync of `node` can't begin yet: a coordinator that lives has not seen the fence, or has
// writes under way that were begun before. Empty when it can. Requires: it was looked at, and
// its marker is syncing.
std::string ResyncBlockedBy(const Evidence& evidence, size_t node);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_JUDGE_H_
