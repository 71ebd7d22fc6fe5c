#include "server/recovery/judge.h"

#include <algorithm>

namespace kache {
namespace {

using Verdict = Standing::Verdict;

bool Contains(const std::vector<uint64_t>& ids, uint64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool HasForeignRing(const Evidence& evidence, const NodeEvidence& node) {
  if (!node.look || node.accepts_ring) return false;
  return node.look->marker && node.look->marker->ring != evidence.ring;
}

const char* WhatIsWrong(const Evidence& evidence, const NodeEvidence& node) {
  const std::optional<Marker>& marker = node.look->marker;
  if (!marker) return "no_marker";
  if (marker->ring != evidence.ring) return "ring_changed";
  return marker->name != node.name ? "renamed" : "restarted";
}

// For a node whose marker is right and whole.
Assessment JudgeByNotes(const Evidence& evidence, const NodeEvidence& node,
                        const std::vector<uint64_t>& living) {
  Assessment assessment{Verdict::kWhole, "", false, "", 0};
  for (const NodeEvidence& noting : evidence.nodes) {
    if (!noting.look) continue;
    for (const MissedOn& missed : noting.look->missed) {
      if (missed.about.node != node.name) continue;
      if (missed.about.coordinator == evidence.self) continue;  // HealthTracker knows better.
      assessment.verdict = Verdict::kInDoubt;
      assessment.reason = "missed_writes";
      if (Contains(living, missed.about.coordinator)) continue;
      if (noting.look_sent_at < node.marker_seen_at) continue;  // It may be gone by now.
      assessment.fence_mode = std::to_string(node.look->marker->sync);
      assessment.fence_since_ms = assessment.fence_since_ms == 0
                                      ? missed.note.since_ms
                                      : std::min(assessment.fence_since_ms, missed.note.since_ms);
    }
  }
  return assessment;
}

Assessment JudgeNode(const Evidence& evidence, const NodeEvidence& node,
                     const std::vector<uint64_t>& living) {
  if (!node.look) return {Verdict::kInDoubt, "checking", false, "", 0};
  if (node.clock_skewed) return {Verdict::kExcluded, kClockSkew, false, "", 0};
  if (!HasRightMarker(evidence, node)) {
    return {Verdict::kInDoubt, WhatIsWrong(evidence, node), false, "if_wrong", 0};
  }
  if (node.missed_unfenced) return {Verdict::kInDoubt, "missed_writes", false, "", 0};
  if (!node.look->marker->whole) return {Verdict::kInDoubt, "resync", false, "", 0};
  return JudgeByNotes(evidence, node, living);
}

std::vector<Assessment> All(const Evidence& evidence, const Assessment& assessment) {
  return std::vector<Assessment>(evidence.nodes.size(), assessment);
}

std::vector<Assessment> FirstStart(const Evidence& evidence, size_t looked_at) {
  const bool enough = 2 * looked_at >= evidence.nodes.size();
  std::vector<Assessment> result =
      All(evidence, {Verdict::kInDoubt, "first_start_needs_half", false, "", 0});
  for (size_t i = 0; i < result.size(); ++i) {
    if (!enough || !evidence.nodes[i].look) continue;
    result[i] = {Verdict::kInDoubt, "first_start", true, "", 0};
  }
  return result;
}

}  // namespace

std::vector<Assessment> Judge(const Evidence& evidence) {
  size_t looked_at = 0;
  bool any_marker = false;
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.attempted) return All(evidence, {});
    if (HasForeignRing(evidence, node)) {
      return All(evidence, {Verdict::kExcluded, kRingMismatch, false, "", 0});
    }
    if (!node.look) continue;
    ++looked_at;
    any_marker |= node.look->has_marker;
  }
  if (!any_marker) return FirstStart(evidence, looked_at);
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  std::vector<Assessment> result;
  for (const NodeEvidence& node : evidence.nodes) {
    result.push_back(JudgeNode(evidence, node, living));
  }
  return result;
}

bool HasRightMarker(const Evidence& evidence, const NodeEvidence& node) {
  const std::optional<Marker>& marker = node.look->marker;
  return marker && marker->ring == evidence.ring && marker->name == node.name &&
         marker->run_id == node.look->run_id;
}

bool IsWhole(const Evidence& evidence, const NodeEvidence& node) {
  return node.look && HasRightMarker(evidence, node) && node.look->marker->whole;
}

std::vector<uint64_t> LivingCoordinators(const Evidence& evidence) {
  std::vector<uint64_t> living = {evidence.self};
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.look) continue;
    for (const CoordinatorSign& sign : node.look->coordinators) {
      if (!sign.Silent() && !Contains(living, sign.coordinator)) living.push_back(sign.coordinator);
    }
  }
  return living;
}

std::string ResyncBlockedBy(const Evidence& evidence, size_t node) {
  const Look& look = *evidence.nodes[node].look;
  for (const uint64_t coordinator : LivingCoordinators(evidence)) {
    const bool settled = std::any_of(
        look.coordinators.begin(), look.coordinators.end(), [&](const CoordinatorSign& sign) {
          return sign.coordinator == coordinator && sign.settled >= look.marker->sync;
        });
    if (!settled) return "coordinator " + CoordinatorText(coordinator);
  }
  return "";
}

}  // namespace kache
