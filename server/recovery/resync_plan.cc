#include "server/recovery/resync_plan.h"

#include <algorithm>

#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/judge.h"
#include "server/recovery/resync_resume.h"

namespace kache {
namespace {

const NodeEvidence& Of(const Evidence& evidence, NodeId node) {
  return evidence.nodes[node.index()];
}

// Since when the node may have lacked writes, Unix ms; 0 = it lacks none, or came empty. A node
// that has just returned is not fenced yet: others have notes about it. Requires: it carries a
// marker.
int64_t InDoubtSinceMs(const Evidence& evidence, const NodeEvidence& node) {
  const Marker& marker = *node.inspection->marker;
  const int64_t noted_ms = EarliestDoubtMs(evidence, node);
  if (marker.whole || marker.away_ms == 0) return noted_ms;
  return noted_ms == 0 ? marker.away_ms : std::min(noted_ms, marker.away_ms);
}

// In doubt for so long that tombstones may have come and gone meanwhile.
bool IsLong(const Evidence& evidence, const ResyncRules& rules, const NodeEvidence& node) {
  const int64_t since_ms = InDoubtSinceMs(evidence, node);
  return since_ms > 0 && absl::Milliseconds(node.inspection->now_ms - since_ms) > rules.LongDoubt();
}

// Since when the node has held all that was written, up to now or to the doubt that stands; nullopt
// where its memory is not what it was.
std::optional<int64_t> HeldAllSinceMs(const Evidence& evidence, const NodeEvidence& node) {
  if (!node.inspection || !HasRightMarker(evidence, node)) return std::nullopt;
  const Inspection& inspection = *node.inspection;
  const Marker& marker = *inspection.marker;
  if (marker.whole) return marker.TrustedSinceMs();
  if (marker.came_empty || marker.from_all || marker.away_ms == 0) return std::nullopt;
  const int64_t trusted_ms = ProgressNumber(inspection, "trusted");
  if (trusted_ms == 0) return std::nullopt;
  return trusted_ms;
}

// A write may come so long after its stamp.
int64_t MarginMs(const ResyncRules& rules) {
  return absl::ToInt64Milliseconds(rules.max_write_age + rules.max_clock_skew);
}

// A node is made whole only once all have been heard that may hold what it lacks. So whatever
// became whole last, it has had every record of the time before the doubt that stands.
NodeWord WordOf(const Evidence& evidence, const ResyncRules& rules, const NodeEvidence& node) {
  if (!HeldAllSinceMs(evidence, node)) return {};
  NodeWord word{.is_trusted = !IsLong(evidence, rules, node)};
  // What it misses from now on is in no evidence yet, and may be old before a long resync ends. It
  // has had whatever is old by now.
  const int64_t lately_ms = std::min(MarginMs(rules), absl::ToInt64Milliseconds(rules.LongDoubt()));
  const int64_t had_all_ms = node.inspection->now_ms - lately_ms;
  const int64_t doubt_ms = InDoubtSinceMs(evidence, node);
  const int64_t before_doubt_ms = doubt_ms - MarginMs(rules);
  word.knew_before_ms = doubt_ms == 0 ? had_all_ms : std::min(had_all_ms, before_doubt_ms);
  word.knew_before_ms = std::max<int64_t>(word.knew_before_ms, 0);
  return word;
}

ProcessMemory MemoryOf(const NodeEvidence& node) {
  if (!node.inspection) return {};
  const Inspection& inspection = *node.inspection;
  ProcessMemory memory{.run_id = inspection.run_id, .emptied = inspection.emptied};
  const std::optional<Marker>& marker = inspection.marker;
  if (marker && marker->run_id == inspection.run_id) memory.fence = marker->fence;
  return memory;
}

// Its copies may be of records that were deleted since. Requires: it carries a marker.
bool IsDistrusted(const Evidence& evidence, const ResyncRules& rules, const NodeEvidence& node) {
  return IsLong(evidence, rules, node) || !HasRightMarker(evidence, node);
}

// Whether other nodes may have been made whole without the node's data.
bool WasLeftOut(const Evidence& evidence, const NodeEvidence& node) {
  return node.inspection->marker->from_all || IsDeclaredLost(evidence, node.name);
}

// Of the plan's node: nullopt where it holds nothing that was deleted, or nobody could tell.
std::optional<PrunePlan> PlanPrune(const Evidence& evidence, const ResyncRules& rules,
                                   const ResyncPlan& plan) {
  const NodeEvidence& node = Of(evidence, plan.node);
  const bool left_out = WasLeftOut(evidence, node);
  const int64_t skew_ms = absl::ToInt64Milliseconds(rules.max_clock_skew);
  bool may_hold_deleted = IsLong(evidence, rules, node);
  bool any_knew = false;
  PrunePlan prune{plan.node, std::vector<bool>(evidence.nodes.size(), false), plan.words,
                  plan.memories};
  for (size_t i = 0; i < evidence.nodes.size(); ++i) {
    const NodeEvidence& other = evidence.nodes[i];
    if (i == plan.node.index() || !HasSay(evidence, other)) continue;
    prune.reachable[i] = true;
    if (!other.inspection->marker) continue;
    // One that slept may bring what another saw deleted, which slept later.
    const bool shares_arcs = rules.share_arcs[plan.node.index()][i];
    may_hold_deleted |= shares_arcs && IsDistrusted(evidence, rules, other);
    const std::optional<int64_t> since_ms = HeldAllSinceMs(evidence, other);
    if (left_out && !(since_ms && *since_ms + skew_ms <= node.inspection->marker->away_ms)) {
      prune.words[i].knew_before_ms = 0;
    }
    any_knew |= prune.words[i].knew_before_ms > 0;
  }
  if (!may_hold_deleted || !any_knew) return std::nullopt;
  return prune;
}

// Or it is being filled from what an earlier ring left everywhere.
bool CarriesAnotherRing(const Evidence& evidence, const NodeEvidence& node) {
  if (!HasSay(evidence, node) || !node.inspection->marker) return false;
  const Marker& marker = *node.inspection->marker;
  return marker.ring != evidence.ring || (!marker.whole && marker.from_all);
}

// Since when the node's process has kept what it was told, hints about others included, in cluster
// time, Unix ms; nullopt = it is not known to.
std::optional<int64_t> RemembersSinceMs(const Evidence& evidence, const NodeEvidence& node) {
  if (!HasRightMarker(evidence, node) || node.memory_untrusted) return std::nullopt;
  const Marker& marker = *node.inspection->marker;
  const int64_t offset_ms = absl::ToInt64Milliseconds(node.clock_offset);
  if (marker.whole) return marker.TrustedSinceMs() - offset_ms;
  const int64_t trusted_ms = ProgressNumber(*node.inspection, "trusted");
  const bool kept = marker.kept_memory && trusted_ms > 0;
  return (kept ? trusted_ms : marker.since_ms) - offset_ms;
}

// Whether a node that may hold hints about `node` has lost its memory since that began to lack
// writes. Its hints went with it, and another node may have the records by a copy, which brings no
// hints along.
bool MayHaveLostHints(const Evidence& evidence, const NodeEvidence& node) {
  const int64_t doubt_ms = InDoubtSinceMs(evidence, node);
  return std::any_of(evidence.nodes.begin(), evidence.nodes.end(), [&](const NodeEvidence& holder) {
    if (&holder == &node || !HasSay(evidence, holder)) return false;
    const std::optional<int64_t> since_ms = RemembersSinceMs(evidence, holder);
    return !since_ms || *since_ms > doubt_ms;
  });
}

// The release before leaves none, and says nothing of its ring.
bool LeavesHints(const Heartbeat& heartbeat) { return heartbeat.ring != 0; }

}  // namespace

std::vector<std::vector<bool>> ShareArcs(const HashRing& ring, size_t homes) {
  std::vector<std::vector<bool>> share(ring.nodes(), std::vector<bool>(ring.nodes(), false));
  for (const HashRing::VirtualNode& vnode : ring.virtual_nodes()) {
    const PreferenceList nodes = ring.Preference(vnode.token, homes);
    for (const NodeId a : nodes) {
      for (const NodeId b : nodes) share[a.index()][b.index()] = true;
    }
  }
  return share;
}

bool NeedsResync(const Evidence& evidence, NodeId node) {
  const NodeEvidence& it = Of(evidence, node);
  return it.inspection && HasRightMarker(evidence, it) && !it.inspection->marker->whole;
}

std::string CoordinatorWaitedFor(const Evidence& evidence, NodeId node) {
  const Inspection& inspection = *Of(evidence, node).inspection;
  for (const uint64_t coordinator : LivingCoordinators(evidence)) {
    const bool drained = std::any_of(
        inspection.heartbeats.begin(), inspection.heartbeats.end(), [&](const Heartbeat& beat) {
          return beat.coordinator == coordinator && beat.drained == inspection.marker->fence;
        });
    if (!drained) return Concat("coordinator ", CoordinatorText(coordinator));
  }
  return "";
}

std::optional<NodeId> MissingSource(const Evidence& evidence, const ResyncRules& rules,
                                    NodeId node) {
  const bool from_all = Of(evidence, node).inspection->marker->from_all;
  for (size_t i = 0; i < evidence.nodes.size(); ++i) {
    const NodeEvidence& other = evidence.nodes[i];
    if (i == node.index() || HasSay(evidence, other)) continue;
    if (!from_all && !rules.share_arcs[node.index()][i]) continue;
    if (!IsDeclaredLost(evidence, other.name)) return NodeId(static_cast<uint16_t>(i));
  }
  return std::nullopt;
}

ResyncPlan PlanResync(const Evidence& evidence, const ResyncRules& rules, NodeId node,
                      const std::vector<std::string>& brought_in_part) {
  const Inspection& inspection = *Of(evidence, node).inspection;
  const Marker& marker = *inspection.marker;
  const size_t nodes = evidence.nodes.size();
  ResyncPlan plan;
  plan.node = node;
  plan.fence = marker.fence;
  plan.run_id = marker.run_id;
  plan.homes = rules.homes;
  plan.complete = !MissingSource(evidence, rules, node);
  plan.takes_misplaced =
      std::any_of(evidence.nodes.begin(), evidence.nodes.end(),
                  [&](const NodeEvidence& each) { return CarriesAnotherRing(evidence, each); });
  for (size_t i = 0; i < nodes; ++i) {
    const NodeEvidence& other = evidence.nodes[i];
    plan.words.push_back(WordOf(evidence, rules, other));
    plan.memories.push_back(MemoryOf(other));
    if (i == node.index() || !HasSay(evidence, other) || !other.inspection->marker) continue;
    const Inspection& source = *other.inspection;
    const bool distrusted = IsDistrusted(evidence, rules, other);
    const bool in_part = std::find(brought_in_part.begin(), brought_in_part.end(), source.run_id) !=
                         brought_in_part.end();
    ResyncSource it{.node = NodeId(static_cast<uint16_t>(i)),
                    .run_id = source.run_id,
                    .keys = source.keys,
                    .whole = source.marker->whole && source.marker->run_id == source.run_id,
                    .distrusted = distrusted,
                    .refuses_writes = other.refuses_writes};
    const bool brought = HasBroughtFrom(inspection, other.name, source.run_id) &&
                         (!plan.complete || StandsForAll(evidence, plan, it));
    it.checkpoint = brought ? EndOf(evidence, plan, it) : BeginOrGoOn(evidence, plan, it);
    it.keys -= std::min(it.keys, it.checkpoint.seen);
    if (brought) {
      plan.brought_before.push_back(it);
    } else if (plan.complete || (!distrusted && !in_part)) {
      plan.sources.push_back(it);
    }
  }
  if (plan.complete) plan.prune = PlanPrune(evidence, rules, plan);
  KeepWordsOfBeginning(plan);
  return plan;
}

bool MayGoByHints(const Evidence& evidence, const ResyncPlan& plan) {
  const NodeEvidence& node = Of(evidence, plan.node);
  const Marker& marker = *node.inspection->marker;
  if (!marker.kept_memory || !plan.complete || plan.prune || plan.takes_misplaced) return false;
  if (node.memory_untrusted || MayHaveLostHints(evidence, node)) return false;
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  for (const NodeEvidence& other : evidence.nodes) {
    if (!other.inspection) continue;
    const bool is_source = &other != &node;
    for (const Heartbeat& heartbeat : other.inspection->heartbeats) {
      const bool lives = IsAmong(living, heartbeat.coordinator);
      if (lives ? !LeavesHints(heartbeat) : is_source) return false;
    }
  }
  return true;
}

bool AwaitsBurial(const Evidence& evidence, NodeId node) {
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  for (const NodeEvidence& other : evidence.nodes) {
    if (&other == &Of(evidence, node) || !other.is_ready || other.refuses_writes) continue;
    if (!other.inspection || !HasRightMarker(evidence, other)) continue;
    for (const Heartbeat& heartbeat : other.inspection->heartbeats) {
      if (!IsAmong(living, heartbeat.coordinator)) return true;
    }
  }
  return false;
}

std::vector<NodeId> HintHolders(const Evidence& evidence, NodeId node) {
  std::vector<NodeId> holders;
  for (size_t i = 0; i < evidence.nodes.size(); ++i) {
    const NodeEvidence& it = evidence.nodes[i];
    if (i == node.index() || !it.is_ready || !it.inspection) continue;
    if (HasRightMarker(evidence, it)) holders.emplace_back(static_cast<uint16_t>(i));
  }
  return holders;
}

std::vector<uint64_t> HintingCoordinators(const Evidence& evidence) {
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  std::vector<uint64_t> hinting = {evidence.self};
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.inspection) continue;
    for (const Heartbeat& heartbeat : node.inspection->heartbeats) {
      const uint64_t coordinator = heartbeat.coordinator;
      if (IsAmong(living, coordinator) && LeavesHints(heartbeat)) hinting.push_back(coordinator);
    }
  }
  std::sort(hinting.begin(), hinting.end());
  hinting.erase(std::unique(hinting.begin(), hinting.end()), hinting.end());
  return hinting;
}

bool HasFurtherWork(const Evidence& evidence, const ResyncRules& rules, const ResyncPlan& plan,
                    const std::vector<std::string>& brought_in_part) {
  const ResyncPlan next = PlanResync(evidence, rules, plan.node, brought_in_part);
  if (next.prune && !plan.prune) return true;
  return std::any_of(next.sources.begin(), next.sources.end(), [&](const ResyncSource& source) {
    return std::none_of(plan.sources.begin(), plan.sources.end(),
                        [&](const ResyncSource& known) { return known.node == source.node; });
  });
}

bool AllAreFilled(const Evidence& evidence) {
  return std::all_of(evidence.nodes.begin(), evidence.nodes.end(), [&](const NodeEvidence& node) {
    if (!node.inspection) return IsDeclaredLost(evidence, node.name);
    return IsWhole(evidence, node);
  });
}

std::vector<MissedOn> NotesOfTheDead(const Evidence& evidence, NodeId node) {
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  std::vector<MissedOn> notes;
  for (const NodeEvidence& other : evidence.nodes) {
    if (!HasSay(evidence, other)) continue;
    for (const MissedOn& note : other.inspection->missed) {
      const bool lives = IsAmong(living, note.about.coordinator);
      if (!lives && note.about.node == Of(evidence, node).name) notes.push_back(note);
    }
  }
  return notes;
}

}  // namespace kache
