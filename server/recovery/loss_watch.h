// Notices the loss of data: every home replica of some keys has lost its memory, so what was stored
// under these keys is gone from Redis, unless a stand-in holds it.
//
// A node has lost its memory from the inspection that finds it without a marker, or with one that
// says "empty", until a resync has made it whole. While one of its peers is away it cannot become
// whole, so nodes that lose their memory one after another count together as long as the data of
// the first has not been brought back.
//
//  * Only a node that has been whole once has a memory to lose: a first start is no loss.
//  * A node that cannot be reached counts as it did before.
//  * What was seen of the nodes is of different ages: one that another coordinator has filled
//    meanwhile may still seem lost. So a loss counts once every node that it rests on was inspected
//    again after the last of them was found lost, and is still lost.
//  * A process that was loaded from a disk has kept its memory, though it may be an old one.
//  * Each part of the ring is told of once, until one of its home replicas is whole again.
//
// Knows what this coordinator has seen, and what the nodes tell of each other
// (Inspection::members). Where all nodes and all coordinators restart together nobody is left who
// knows. Pure, no I/O; thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_LOSS_WATCH_H_
#define KACHE_SERVER_RECOVERY_LOSS_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ring/hash_ring.h"
#include "server/recovery/judge.h"

namespace kache {

class LossWatch {
 public:
  // `homes`: how many home replicas a key has.
  LossWatch(std::shared_ptr<const HashRing> ring, size_t homes);

  struct Loss {
    double share = 0;                // the part of all keys; 0 to 1
    std::vector<std::string> nodes;  // all that have lost their memory, by name
  };
  // Takes in what the newest inspections found. The loss that came to light by them, if any. Walks
  // the ring only when a node has lost its memory, or has it back, since the last call.
  std::optional<Loss> OnEvidence(const Evidence& evidence);

  // Whether a loss was found that inspections under way will confirm or not. A node that was made
  // whole before that would hide it.
  bool is_confirming() const { return confirming_; }

 private:
  enum class Memory : uint8_t {
    kNone,  // never whole, as far as is known
    kKept,
    kLost,
  };
  Memory Next(size_t node, const Evidence& evidence) const;
  void NoteWholeRun(size_t node, const Evidence& evidence);
  // Takes memories_ over into lost_, told_ and untold_share_.
  void NoteLost(const Evidence& evidence);
  // A first start is over when each node was inspected again since all of them seemed whole, all
  // still are, and what was lost is told of: an inspection that shows a node whole may be older
  // than the loss of the others.
  void EndFirstStart(const Evidence& evidence);

  // Whether each node that is lost was inspected since that was found, and whether each can be.
  bool IsConfirmed(const Evidence& evidence) const;
  bool CanBeConfirmed(const Evidence& evidence) const;

  const std::shared_ptr<const HashRing> ring_;
  const size_t homes_;
  std::vector<Memory> memories_;  // by NodeId
  std::vector<std::string>
      whole_runs_;           // by NodeId: the process that was seen whole last, and kept it
  std::vector<bool> lost_;   // by NodeId, as memories_ says
  std::vector<bool> told_;   // by NodeId: lost when the last loss was told of, and since
  double untold_share_ = 0;  // of what is lost by lost_
  bool confirming_ = false;
  // By NodeId, of the inspection that stood when lost_ changed: the node's clock; 0 = there was
  // none.
  std::vector<int64_t> inspected_ms_;
  std::vector<int64_t> seen_whole_ms_;  // the same, when all seemed whole; empty = not all do
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_LOSS_WATCH_H_
