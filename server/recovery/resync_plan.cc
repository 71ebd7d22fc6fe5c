#include "server/recovery/resync_plan.h"

#include <algorithm>

#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/judge.h"

namespace kache {
namespace {

const NodeEvidence& Of(const Evidence& evidence, NodeId node) {
  return evidence.nodes[node.index()];
}

// So long that tombstones may have come and gone meanwhile.
bool IsLongAgo(int64_t instant_ms, const Inspection& inspection, const ResyncRules& rules) {
  return absl::Milliseconds(inspection.now_ms - instant_ms) > rules.LongDoubt();
}

// In doubt for that long.
bool IsLong(const Inspection& inspection, const ResyncRules& rules) {
  const Marker& marker = *inspection.marker;
  return !marker.whole && marker.away_ms > 0 && IsLongAgo(marker.away_ms, inspection, rules);
}

// Since when the node has held all that was written, up to now or to the doubt that stands; nullopt
// where its memory is not what it was, or the doubt is long.
std::optional<int64_t> TrustedSinceMs(const Evidence& evidence, const ResyncRules& rules,
                                      const NodeEvidence& node) {
  if (!node.inspection || !HasRightMarker(evidence, node)) return std::nullopt;
  const Inspection& inspection = *node.inspection;
  const Marker& marker = *inspection.marker;
  if (marker.whole) {
    // Whoever has a doubt may not have been able to fence the node yet.
    const int64_t doubt_ms = EarliestDoubtMs(evidence, node);
    if (doubt_ms > 0 && IsLongAgo(doubt_ms, inspection, rules)) return std::nullopt;
    return marker.TrustedSinceMs();
  }
  if (marker.came_empty || marker.from_all || marker.away_ms == 0 || IsLong(inspection, rules)) {
    return std::nullopt;
  }
  const int64_t trusted_ms = ProgressNumber(inspection, "trusted");
  if (trusted_ms == 0) return std::nullopt;
  return trusted_ms;
}

// Or it is being filled from what an earlier ring left everywhere.
bool CarriesAnotherRing(const Evidence& evidence, const NodeEvidence& node) {
  if (!HasSay(evidence, node) || !node.inspection->marker) return false;
  const Marker& marker = *node.inspection->marker;
  return marker.ring != evidence.ring || (!marker.whole && marker.from_all);
}

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
  plan.is_trusted.assign(nodes, false);
  plan.takes_misplaced =
      std::any_of(evidence.nodes.begin(), evidence.nodes.end(),
                  [&](const NodeEvidence& each) { return CarriesAnotherRing(evidence, each); });
  // What a coordinator that has died left undone since may be missing from what was brought before:
  // the last resync then brings all again.
  const bool resumes = !plan.complete || NotesOfTheDead(evidence, node).empty();
  PrunePlan prune{
      node, marker.away_ms, std::vector<bool>(nodes, false), std::vector<bool>(nodes, false), {}};
  const int64_t skew_ms = absl::ToInt64Milliseconds(rules.max_clock_skew);
  for (size_t i = 0; i < nodes; ++i) {
    const NodeEvidence& other = evidence.nodes[i];
    const std::optional<int64_t> trusted_ms = TrustedSinceMs(evidence, rules, other);
    plan.is_trusted[i] = trusted_ms.has_value();
    if (i == node.index() || !HasSay(evidence, other) || !other.inspection->marker) continue;
    const Inspection& source = *other.inspection;
    const bool brought = resumes && HasBroughtFrom(inspection, other.name, source.run_id);
    const bool distrusted = IsLong(source, rules);
    const bool in_part = std::find(brought_in_part.begin(), brought_in_part.end(), source.run_id) !=
                         brought_in_part.end();
    if (!brought && (plan.complete || (!distrusted && !in_part))) {
      plan.sources.push_back(
          {.node = NodeId(static_cast<uint16_t>(i)),
           .run_id = source.run_id,
           .keys = source.keys,
           .whole = source.marker->whole && source.marker->run_id == source.run_id,
           .distrust_before_ms = distrusted ? source.marker->away_ms : 0});
    }
    prune.reachable[i] = true;
    prune.knew_all[i] = trusted_ms && *trusted_ms + skew_ms <= marker.away_ms;
  }
  if (plan.complete && IsLong(inspection, rules)) {
    prune.is_trusted = plan.is_trusted;
    plan.prune = std::move(prune);
  }
  return plan;
}

bool HasFurtherSource(const Evidence& evidence, const ResyncRules& rules, const ResyncPlan& plan,
                      const std::vector<std::string>& brought_in_part) {
  const std::vector<ResyncSource> sources =
      PlanResync(evidence, rules, plan.node, brought_in_part).sources;
  return std::any_of(sources.begin(), sources.end(), [&](const ResyncSource& source) {
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
