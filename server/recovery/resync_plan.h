// Which nodes may be resynced now, from which others, and what is to be believed of each. Pure.
#ifndef KACHE_SERVER_RECOVERY_RESYNC_PLAN_H_
#define KACHE_SERVER_RECOVERY_RESYNC_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ring/hash_ring.h"
#include "server/bookkeeping/resync_checkpoint.h"
#include "server/recovery/evidence.h"
#include "server/recovery/process_memory.h"
#include "server/replication/version.h"

namespace kache {

// What does not change while a coordinator runs.
struct ResyncRules {
  std::vector<std::vector<bool>> share_arcs;  // whether two nodes are ever home to one key
  size_t homes = 1;                           // of each key
  absl::Duration tombstone_ttl;
  absl::Duration max_clock_skew;
  absl::Duration max_write_age;

  // A doubt of half a tombstone's life already is dealt with as a long one: the resync itself takes
  // time.
  absl::Duration LongDoubt() const { return tombstone_ttl / 2; }
};

// Whether any two nodes are ever home to one key.
std::vector<std::vector<bool>> ShareArcs(const HashRing& ring, size_t homes);

// What may be concluded from what a node holds and from what it lacks.
struct NodeWord {
  // Its copies count: no delete that it missed has been forgotten since.
  bool is_trusted = false;
  // It has had every record that was stamped before (Unix ms): one that it lacks was deleted, or
  // has expired. Its own absence, however long, does not change that. Never later than the plan was
  // made: what the node misses from then on is in no evidence. 0 = what it lacks proves nothing. Of
  // a touched record the touch's stamp counts: a node that missed the touch let the value end with
  // its old life.
  int64_t knew_before_ms = 0;

  bool Knew(int64_t written_ms) const { return written_ms < knew_before_ms; }
};

struct ResyncSource {
  NodeId node;
  std::string run_id;
  uint64_t keys = 0;   // about so many records
  bool whole = false;  // when the plan was made; else it may not hold all that it will
  // It may have slept through whole lives of tombstones, or its memory is of another process: of
  // old records (Copier::IsOld) it is asked only where no other home replica, nor the node itself,
  // knows better.
  bool distrusted = false;
  bool refuses_writes = false;  // Nothing is removed there.
  // What the comparison with it may conclude, as of when that began; and where it goes on. An
  // earlier resync of the fence may have begun it (resync_resume.h).
  ResyncCheckpoint checkpoint = {};
  // Only what this set of hints on it names is brought. Empty = all that it holds.
  std::string hints = {};
  bool has_nothing = false;  // It holds no hint.
  bool in_place = false;     // It refuses writes: `hints` was not taken.
};

struct PrunePlan {
  NodeId node;
  std::vector<bool> reachable;          // by NodeId
  std::vector<NodeWord> words;          // by NodeId, the node itself included
  std::vector<ProcessMemory> memories;  // by NodeId: whose words these are
};

struct ResyncPlan {
  NodeId node;
  FenceNumber fence{};
  std::string run_id;
  std::vector<ResyncSource> sources;
  // What these hold was brought by earlier resyncs of the fence. Their hints were not replayed, so
  // by hints they are sources, too: copies of stand-ins are taken home then.
  std::vector<ResyncSource> brought_before = {};
  // Of the sources that hold what the node may lack, each is among `sources` or was brought before.
  bool complete = true;
  std::vector<NodeWord> words;  // by NodeId, the node itself included
  // By NodeId, as it was when the plan was made: words, and what is brought from sources, are of
  // that memory alone.
  std::vector<ProcessMemory> memories;
  std::optional<PrunePlan> prune;
  size_t homes = 0;
  // The ring changes: a record counts as at home wherever it stands.
  bool takes_misplaced = false;
  bool by_hints = false;
  // All hints of before were dropped first, on every node that may hold any. What is brought from a
  // source then need not be brought again for this fence: what the node misses later is hinted.
  bool hints_were_reset = false;
  std::string job;  // by which the hints were taken, or reset
};

// Whether bringing what hints name can make the node whole: it kept its memory, has not lacked
// writes for long, everybody who may hold hints about it can be asked and has kept its memory since
// then, and every coordinator that may have missed the node leaves hints. Requires: NeedsResync.
bool MayGoByHints(const Evidence& evidence, const ResyncPlan& plan);

// Whether a coordinator that has ended is still to be buried on a node that `node` may be resynced
// from: what it left half done is marked there first (Fences::Bury).
bool AwaitsBurial(const Evidence& evidence, NodeId node);

// The nodes that may hold hints about `node`, and can be told of them.
std::vector<NodeId> HintHolders(const Evidence& evidence, NodeId node);

// The coordinators that live and leave hints, by their heartbeats.
std::vector<uint64_t> HintingCoordinators(const Evidence& evidence);

// Whether the node is fenced by a marker of ours, so that a resync may make it whole.
bool NeedsResync(const Evidence& evidence, NodeId node);

// What a resync of the node can't go on without, for people: a coordinator that lives has not seen
// the fence, or has writes under way that were begun before; or a node that may hold what this one
// lacks. Empty = nothing. Requires: NeedsResync.
std::string CoordinatorWaitedFor(const Evidence& evidence, NodeId node);
std::optional<NodeId> MissingSource(const Evidence& evidence, const ResyncRules& rules,
                                    NodeId node);

// What a resync of the node would do now: it goes on where an earlier one for the fence ended. Of
// sources that were not whole: `brought_in_part` names
// by run_id those of which earlier resyncs of this fence have brought what they held. Requires:
// NeedsResync.
ResyncPlan PlanResync(const Evidence& evidence, const ResyncRules& rules, NodeId node,
                      const std::vector<std::string>& brought_in_part);

// Whether the node needs another resync before it is whole: a node that is no source of the plan
// may hold what is missing, as it could not be reached when the plan was made, and was not waited
// for; or nothing was to be pruned then, and now is, as tombstones may have ended meanwhile.
bool HasFurtherWork(const Evidence& evidence, const ResyncRules& rules, const ResyncPlan& plan,
                    const std::vector<std::string>& brought_in_part);

// Whether all nodes are whole, so that none lacks what the ring in force gives it. A node that
// can't be reached may carry another ring's marker, and be the last one that holds what others
// lack.
bool AllAreFilled(const Evidence& evidence);

// The notes about the node by coordinators that are gone: the resync that it gets sees to them.
std::vector<MissedOn> NotesOfTheDead(const Evidence& evidence, NodeId node);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RESYNC_PLAN_H_
