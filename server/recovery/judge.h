// Decides, from what inspecting all nodes found, which nodes are whole, and what is to be done
// about the others. Pure: values in, values out.
//
// A node is whole when its marker says so of the process that runs, under our ring in the
// generation that is in force and its name, and neither this coordinator nor any other notes that
// the node lacks its writes.
//
//  * Nothing is decided before every node was inspected, or failed to be, once.
//  * A first start: all nodes were inspected, but those that an operator declared lost, and no one
//    carries a marker; and this process has never seen one of this ring. They are given markers,
//    and are whole. While a node is missing nobody serves (first_start_waits_for:NAME): it may hold
//    the data.
//  * Markers of another ring on half of the nodes or more, or where none carries ours: no node may
//  be
//    used (ring_mismatch), unless this coordinator was told to accept that. On fewer: a node on
//    which somebody of that ring lives is another cluster's, and is left alone (foreign_cluster);
//    any other lacks what ours has, and is fenced.
//    What is noted on another cluster's node is about that cluster's nodes, whatever their names.
//  * An earlier generation of our ring: the node was outside of the ring for a while, and is
//  fenced.
//  * A node under whose name the coordinators reach several processes is not used
//    (several_processes), nor is what was found on any of them: process_conflicts.h.
//  * A node whose clock is skewed is not used (clock_skew): it would end lives at the wrong time.
//  * A missing marker, or that of another name or process; a node that was declared lost since it
//  was
//    made whole: the node is to be fenced.
//  * A marker that Redis evicted from a process which kept its memory (MarkerWatch): the node is
//  what
//    it was, and the marker is written again.
//  * A marker whose fence is lower than one that the same process carried before: that fence was
//    lost, and the node is to be fenced.
//  * Doubts are of two kinds (doubt.h). A node is merely behind where its marker is right and says
//    whole, or that it kept its memory since it was, and where it is known since when it lacks
//    writes, and that is no longer than half a tombstone's life: then what it slept through is
//    still known to the others. Everything else is amnesia: a node that was not inspected since its
//    connections were made, too.
//  * A note by a coordinator that has gone: likewise. One that lives fences the node by itself,
//    once it can write to it again. A resync removes these notes before it lifts the fence, so a
//    note counts for a fence only where it was looked for after the marker was first seen whole.
#ifndef KACHE_SERVER_RECOVERY_JUDGE_H_
#define KACHE_SERVER_RECOVERY_JUDGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/cluster/doubt.h"
#include "server/cluster/topology.h"
#include "server/recovery/evidence.h"

namespace kache {

// Reasons of nodes that are not used at all.
inline constexpr char kRingMismatch[] = "ring_mismatch";
inline constexpr char kClockSkew[] = "clock_skew";
inline constexpr char kForeignCluster[] = "foreign_cluster";
inline constexpr char kFirstStartWaitsFor[] = "first_start_waits_for:";  // and a node's name

struct FenceOrder {
  std::string mode;  // FenceScript's
  int64_t since_ms = 0;
  // The process is the same, and yet its memory can't be trusted.
  bool memory_lost = false;
};

struct Assessment {
  Standing::Verdict verdict = Standing::Verdict::kUnchecked;
  std::string reason = {};
  Doubt doubt = Doubt::kAmnesic;
  // What is to be done on the node, one thing at a time. Nothing where it can't be written to.
  bool init = false;     // a first marker is to be written
  bool restore = false;  // the marker that was evicted is to be written again
  std::optional<FenceOrder> fence = std::nullopt;
  bool fence_missed = false;                        // for writes of ours: drain, then fence
  bool probe_write = false;                         // whether it takes writes again
  std::optional<FenceNumber> drain = std::nullopt;  // for this fence
};

// One for each node.
std::vector<Assessment> Judge(const Evidence& evidence);

// Whether the node's marker is of our ring in force, of its name and of the process that runs.
// Requires: the node was inspected.
bool HasRightMarker(const Evidence& evidence, const NodeEvidence& node);

// Whether the node was inspected, and a right marker says that it is whole.
bool IsWhole(const Evidence& evidence, const NodeEvidence& node);

// Whether another cluster uses the node: it carries another ring's marker, which is not to be
// overwritten, and somebody of that ring lives there.
bool IsAnothersNode(const Evidence& evidence, const NodeEvidence& node);
// Whether the node was inspected, and what is noted there, or stored, is of our cluster.
bool HasSay(const Evidence& evidence, const NodeEvidence& node);

// The coordinators that live, by any node's word, sorted. One that was declared lost does not live
// by the word of a node from which it was cut off.
std::vector<uint64_t> LivingCoordinators(const Evidence& evidence);
// Whether such a list, which is sorted, has this one.
bool IsAmong(const std::vector<uint64_t>& coordinators, uint64_t coordinator);

// Since when the node may lack writes, by anybody's notes: Unix time; 0 = nobody has any.
int64_t EarliestDoubtMs(const Evidence& evidence, const NodeEvidence& node);

// Since when it may lack writes, by its marker too, in cluster time: infinitely past = that is not
// known; infinitely ahead = it lacks none.
absl::Time DoubtedSince(const Evidence& evidence, const NodeEvidence& node,
                        absl::Duration clock_offset);

// Whether an operator declared the node lost, by any node's word.
bool IsDeclaredLost(const Evidence& evidence, const std::string& name);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_JUDGE_H_
