#include "server/recovery/judge.h"

#include <algorithm>

#include "base/strings.h"
#include "server/bookkeeping/ring_id.h"

namespace kache {
namespace {

using Verdict = Standing::Verdict;

constexpr char kIfWrong[] = "if_wrong";
// So many inspections without a marker before it is written by others: while several coordinators
// start together, one may have written its first markers on other nodes only.
constexpr uint32_t kStartingTogether = 2;

// The coordinators that live by the word of such nodes, and this one; sorted.
template <class IsSuch>
std::vector<uint64_t> LivingOn(const Evidence& evidence, IsSuch is_such) {
  std::vector<uint64_t> living = {evidence.self};
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.inspection || !is_such(node)) continue;
    for (const Heartbeat& heartbeat : node.inspection->heartbeats) {
      const uint64_t coordinator = heartbeat.coordinator;
      if (heartbeat.lives && !IsCutOff(*node.inspection, coordinator))
        living.push_back(coordinator);
    }
  }
  std::sort(living.begin(), living.end());
  living.erase(std::unique(living.begin(), living.end()), living.end());
  return living;
}

bool IsOurs(const Evidence& evidence, const NodeEvidence& node) {
  if (!node.inspection || !node.inspection->marker) return false;
  return GenerationOf(node.inspection->marker->ring, evidence.fingerprint).has_value();
}

bool IsForeign(const Evidence& evidence, const NodeEvidence& node) {
  if (!node.inspection || !node.inspection->marker || node.accepts_ring) return false;
  return !IsOurs(evidence, node);
}

// The coordinators that live by the word of nodes of our ring.
std::vector<uint64_t> Ours(const Evidence& evidence) {
  return LivingOn(evidence, [&](const NodeEvidence& node) { return IsOurs(evidence, node); });
}

const char* WhatIsWrong(const Evidence& evidence, const NodeEvidence& node) {
  const std::optional<Marker>& marker = node.inspection->marker;
  if (!marker) return "no_marker";
  if (marker->ring != evidence.ring) return "ring_changed";
  return marker->name != node.name ? "renamed" : "restarted";
}

// When the node was declared lost last, by any node's word; 0 = it was not.
int64_t DeclaredLostMs(const Evidence& evidence, const std::string& name) {
  int64_t at_ms = 0;
  for (const NodeEvidence& node : evidence.nodes) {
    if (!HasSay(evidence, node)) continue;
    for (const DeclaredLost& lost : node.inspection->lost) {
      if (lost.name == name) at_ms = std::max(at_ms, std::max<int64_t>(lost.at_ms, 1));
    }
  }
  return at_ms;
}

// Whether a resync has seen to the note, by its coordinator's own word: it had drained for the
// fence that was lifted. Where the node that keeps the note takes no writes, it can't be removed.
bool IsSeenTo(const NodeEvidence& node, const MissedOn& missed) {
  if (!node.inspection || !node.inspection->marker || !node.inspection->marker->whole) return false;
  const std::vector<Heartbeat>& heartbeats = node.inspection->heartbeats;
  return std::any_of(heartbeats.begin(), heartbeats.end(), [&](const Heartbeat& heartbeat) {
    return heartbeat.coordinator == missed.about.coordinator &&
           heartbeat.drained == node.inspection->marker->fence &&
           missed.note.number <= heartbeat.drained_note;
  });
}

// What is noted about the node, by others; a note of ours the doubts know better.
void JudgeByNotes(const Evidence& evidence, const NodeEvidence& node,
                  const std::vector<uint64_t>& living, Assessment& assessment) {
  bool by_the_dead = false;
  for (const NodeEvidence& other : evidence.nodes) {
    if (!HasSay(evidence, other)) continue;
    for (const MissedOn& missed : other.inspection->missed) {
      if (missed.about.node != node.name || missed.about.coordinator == evidence.self) continue;
      if (IsSeenTo(node, missed)) continue;
      assessment.verdict = Verdict::kInDoubt;
      assessment.reason = "missed_writes";
      // One that was found before the node was seen whole may be gone by now.
      const bool stands = other.inspected_at >= node.marker_seen_at;
      by_the_dead |= stands && !IsAmong(living, missed.about.coordinator);
    }
  }
  if (!by_the_dead) return;
  assessment.fence =
      FenceOrder{FenceText(node.inspection->marker->fence), EarliestDoubtMs(evidence, node)};
}

// By what its marker says, which is right.
Assessment JudgeByMarker(const Evidence& evidence, const NodeEvidence& node,
                         const std::vector<uint64_t>& living) {
  const Marker& marker = *node.inspection->marker;
  if (marker.whole && DeclaredLostMs(evidence, node.name) > marker.since_ms) {
    return {.verdict = Verdict::kInDoubt,
            .reason = "declared_lost",
            .fence = FenceOrder{FenceText(marker.fence), EarliestDoubtMs(evidence, node),
                                /*memory_lost=*/true}};
  }
  // A new fence would have the refill of a lost memory begin again. What is missed meanwhile is
  // hinted, and fenced for once the node is whole.
  const bool is_refilled = !marker.whole && !marker.kept_memory && !node.memory_untrusted;
  if (node.missed_unfenced && !is_refilled) {
    return {.verdict = Verdict::kInDoubt, .reason = "missed_writes", .fence_missed = true};
  }
  if (node.fence_lost) {
    // Of the time since this state began the node may have slept through any part: the memory may
    // be one that was put aside for as long (SWAPDB).
    const int64_t doubt_ms = EarliestDoubtMs(evidence, node);
    const int64_t since_ms = doubt_ms == 0 ? marker.since_ms : std::min(doubt_ms, marker.since_ms);
    return {.verdict = Verdict::kInDoubt,
            .reason = "fence_lost",
            .fence = FenceOrder{FenceText(marker.fence), since_ms, /*memory_lost=*/true}};
  }
  if (!marker.whole) return {.verdict = Verdict::kInDoubt, .reason = "resync"};
  Assessment assessment{.verdict = Verdict::kWhole};
  JudgeByNotes(evidence, node, living, assessment);
  return assessment;
}

Assessment JudgeNode(const Evidence& evidence, const NodeEvidence& node,
                     const std::vector<uint64_t>& living) {
  if (node.has_several) return {.verdict = Verdict::kExcluded, .reason = kSeveralProcesses};
  if (!node.inspection) return {.verdict = Verdict::kInDoubt, .reason = kChecking};
  if (IsAnothersNode(evidence, node)) {
    return {.verdict = Verdict::kExcluded, .reason = kForeignCluster};
  }
  if (node.clock_skewed) return {.verdict = Verdict::kExcluded, .reason = kClockSkew};
  if (HasRightMarker(evidence, node)) return JudgeByMarker(evidence, node, living);
  Assessment wrong{.verdict = Verdict::kInDoubt, .reason = WhatIsWrong(evidence, node)};
  const bool starting_together =
      !node.inspection->has_marker && node.without_marker < kStartingTogether && node.is_down;
  if (!starting_together) wrong.fence = FenceOrder{kIfWrong, EarliestDoubtMs(evidence, node)};
  return wrong;
}

// Since when the node lacks writes, by anybody's notes and by its fence. 0 = not known.
int64_t LacksSinceMs(const Evidence& evidence, const NodeEvidence& node) {
  const int64_t noted_ms = EarliestDoubtMs(evidence, node);
  const Marker& marker = *node.inspection->marker;
  const int64_t fenced_ms = marker.whole ? 0 : marker.away_ms;
  if (noted_ms == 0 || fenced_ms == 0) return std::max(noted_ms, fenced_ms);
  return std::min(noted_ms, fenced_ms);
}

// Such a coordinator lets records end that the node does not know of yet.
bool LivesOfReleaseBefore(const Evidence& evidence) {
  return std::any_of(evidence.nodes.begin(), evidence.nodes.end(), [](const NodeEvidence& node) {
    if (!node.inspection) return false;
    const std::vector<Heartbeat>& heartbeats = node.inspection->heartbeats;
    return std::any_of(heartbeats.begin(), heartbeats.end(),
                       [](const Heartbeat& beat) { return beat.lives && beat.ring == 0; });
  });
}

Doubt DoubtOf(const Evidence& evidence, const NodeEvidence& node, const Assessment& assessment) {
  const Verdict verdict = assessment.verdict;
  if (!node.inspection || !node.is_current) return Doubt::kAmnesic;
  if (node.clock_skewed || node.memory_untrusted) return Doubt::kAmnesic;
  if (assessment.fence && assessment.fence->memory_lost) return Doubt::kAmnesic;
  if (verdict == Verdict::kWhole) return Doubt::kNone;
  if (verdict != Verdict::kInDoubt || !HasRightMarker(evidence, node)) return Doubt::kAmnesic;
  const Marker& marker = *node.inspection->marker;
  if (!marker.whole && !marker.kept_memory) return Doubt::kAmnesic;
  if (LivesOfReleaseBefore(evidence)) return Doubt::kAmnesic;
  const int64_t since_ms = LacksSinceMs(evidence, node);
  const bool is_short =
      since_ms > 0 && absl::Milliseconds(evidence.now_ms - since_ms) <= evidence.longest_doubt;
  return is_short ? Doubt::kBehind : Doubt::kAmnesic;
}

// What can be done now, of what ought to be.
void LeaveWhatCantBeDone(const Evidence& evidence, const NodeEvidence& node,
                         Assessment& assessment) {
  if (!node.inspection || !node.is_ready) {
    assessment = {
        .verdict = assessment.verdict, .reason = assessment.reason, .doubt = assessment.doubt};
    return;
  }
  if (node.refuses_writes) {  // Whatever is to be written there would be refused as well.
    assessment = {.verdict = assessment.verdict,
                  .reason = assessment.reason,
                  .doubt = assessment.doubt,
                  .probe_write = node.takes_writes};  // after its back-off
    return;
  }
  if (node.inspection->marker_evicted) {  // Whatever else is to be done needs the marker.
    assessment = {.verdict = assessment.verdict,
                  .reason = assessment.reason,
                  .doubt = assessment.doubt,
                  .restore = assessment.verdict != Verdict::kExcluded};
    return;
  }
  if (node.fencing) assessment.fence.reset();
  if (assessment.init || assessment.fence || !HasRightMarker(evidence, node)) {
    assessment.fence_missed = false;
    return;
  }
  if (assessment.fence_missed) {
    assessment.fence_missed = !node.fencing;
    return;
  }
  const Marker& marker = *node.inspection->marker;
  if (!marker.whole && node.is_current && !node.draining && node.drained != marker.fence) {
    assessment.drain = marker.fence;
  }
}

std::vector<Assessment> All(const Evidence& evidence, const Assessment& assessment) {
  return std::vector<Assessment>(evidence.nodes.size(), assessment);
}

std::vector<Assessment> FirstStart(const Evidence& evidence) {
  // Nothing is known then: a wrong password, or a network that is not there yet, keeps from all.
  if (std::ranges::none_of(evidence.nodes,
                           [](const auto& node) { return node.inspection != nullptr; })) {
    return All(evidence, {});
  }
  for (const NodeEvidence& node : evidence.nodes) {
    if (node.inspection || node.is_duplicate || IsDeclaredLost(evidence, node.name)) continue;
    return All(evidence,
               {.verdict = Verdict::kExcluded, .reason = Concat(kFirstStartWaitsFor, node.name)});
  }
  std::vector<Assessment> result;
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.inspection) {
      result.push_back({.verdict = Verdict::kInDoubt, .reason = kChecking});
    } else {
      result.push_back(
          {.verdict = Verdict::kInDoubt, .reason = "first_start", .init = node.is_ready});
    }
  }
  return result;
}

}  // namespace

std::vector<Assessment> Judge(const Evidence& evidence) {
  size_t foreign = 0;
  bool any_marker = false;
  bool any_usable = false;  // of our ring, or of one that is accepted
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.attempted) return All(evidence, {});
    if (!node.inspection) continue;
    any_marker |= node.inspection->has_marker;
    if (IsForeign(evidence, node)) {
      ++foreign;
    } else {
      any_usable |= node.inspection->marker.has_value();
    }
  }
  if (foreign > 0 && (2 * foreign >= evidence.nodes.size() || !any_usable)) {
    return All(evidence, {.verdict = Verdict::kExcluded, .reason = kRingMismatch});
  }
  if (!any_marker && !evidence.seen_marker) return FirstStart(evidence);
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  std::vector<Assessment> result;
  for (const NodeEvidence& node : evidence.nodes) {
    result.push_back(JudgeNode(evidence, node, living));
    result.back().doubt = DoubtOf(evidence, node, result.back());
    LeaveWhatCantBeDone(evidence, node, result.back());
  }
  return result;
}

bool HasRightMarker(const Evidence& evidence, const NodeEvidence& node) {
  const std::optional<Marker>& marker = node.inspection->marker;
  return marker && marker->ring == evidence.ring && marker->name == node.name &&
         marker->run_id == node.inspection->run_id;
}

bool IsWhole(const Evidence& evidence, const NodeEvidence& node) {
  return node.inspection && HasRightMarker(evidence, node) && node.inspection->marker->whole;
}

bool IsAnothersNode(const Evidence& evidence, const NodeEvidence& node) {
  if (!IsForeign(evidence, node)) return false;
  const std::vector<uint64_t> ours = Ours(evidence);
  const std::vector<Heartbeat>& heartbeats = node.inspection->heartbeats;
  return std::any_of(heartbeats.begin(), heartbeats.end(), [&](const Heartbeat& heartbeat) {
    return heartbeat.lives && !IsAmong(ours, heartbeat.coordinator);
  });
}

bool HasSay(const Evidence& evidence, const NodeEvidence& node) {
  return node.inspection && !IsAnothersNode(evidence, node);
}

std::vector<uint64_t> LivingCoordinators(const Evidence& evidence) {
  return LivingOn(evidence, [&](const NodeEvidence& node) { return !IsForeign(evidence, node); });
}

bool IsAmong(const std::vector<uint64_t>& coordinators, uint64_t coordinator) {
  return std::binary_search(coordinators.begin(), coordinators.end(), coordinator);
}

int64_t EarliestDoubtMs(const Evidence& evidence, const NodeEvidence& node) {
  int64_t earliest_ms = node.missed_since_ms;
  for (const NodeEvidence& other : evidence.nodes) {
    if (!HasSay(evidence, other)) continue;
    for (const MissedOn& missed : other.inspection->missed) {
      if (missed.about.node != node.name || missed.note.since_ms == 0) continue;
      const bool own = missed.about.coordinator == evidence.self;
      if (own ? missed.note.number <= node.missed_resolved : IsSeenTo(node, missed)) continue;
      earliest_ms =
          earliest_ms == 0 ? missed.note.since_ms : std::min(earliest_ms, missed.note.since_ms);
    }
  }
  return earliest_ms;
}

absl::Time DoubtedSince(const Evidence& evidence, const NodeEvidence& node,
                        absl::Duration clock_offset) {
  if (!node.inspection || !HasRightMarker(evidence, node)) return absl::InfinitePast();
  absl::Time since = absl::InfiniteFuture();
  const Marker& marker = *node.inspection->marker;
  if (!marker.whole && marker.away_ms == 0) return absl::InfinitePast();
  if (!marker.whole) since = absl::FromUnixMillis(marker.away_ms) - clock_offset;
  if (const int64_t noted_ms = EarliestDoubtMs(evidence, node); noted_ms > 0) {
    since = std::min(since, absl::FromUnixMillis(noted_ms));
  }
  return since;
}

bool IsDeclaredLost(const Evidence& evidence, const std::string& name) {
  return DeclaredLostMs(evidence, name) > 0;
}

}  // namespace kache
