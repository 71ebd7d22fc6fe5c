#include "server/recovery/loss_watch.h"

#include <algorithm>
#include <utility>

#include "ring/ring_report.h"

namespace kache {
namespace {

bool IsEmpty(const Evidence& evidence, const NodeEvidence& node) {
  if (!node.inspection->has_marker) return true;
  return HasRightMarker(evidence, node) && node.inspection->marker->came_empty;
}

// By NodeId: when it was inspected, by its own clock; 0 = there was no inspection.
std::vector<int64_t> InspectedMs(const Evidence& evidence) {
  std::vector<int64_t> inspected;
  inspected.reserve(evidence.nodes.size());
  for (const NodeEvidence& node : evidence.nodes) {
    inspected.push_back(node.inspection ? node.inspection->now_ms : 0);
  }
  return inspected;
}

bool IsMember(const Evidence& evidence, const std::string& name) {
  return std::any_of(evidence.nodes.begin(), evidence.nodes.end(), [&](const NodeEvidence& each) {
    return HasSay(evidence, each) &&
           std::find(each.inspection->members.begin(), each.inspection->members.end(), name) !=
               each.inspection->members.end();
  });
}

}  // namespace

LossWatch::LossWatch(std::shared_ptr<const HashRing> ring, size_t homes)
    : ring_(std::move(ring)),
      homes_(homes),
      memories_(ring_->nodes(), Memory::kNone),
      whole_runs_(ring_->nodes()),
      lost_(ring_->nodes(), false),
      told_(ring_->nodes(), false),
      inspected_ms_(ring_->nodes(), 0) {}

LossWatch::Memory LossWatch::Next(size_t i, const Evidence& evidence) const {
  const NodeEvidence& node = evidence.nodes[i];
  const Memory memory = memories_[i];
  if (!node.inspection) return memory;
  if (IsWhole(evidence, node)) {
    // A new first start, after the loss of all nodes, makes them whole one by one: those that were
    // whole as another process count as lost until it is over (EndFirstStart). One that was never
    // seen whole has just been started, and only seemed lost.
    const bool begun_anew = node.inspection->marker->came_empty && !whole_runs_[i].empty() &&
                            whole_runs_[i] != node.inspection->run_id;
    return begun_anew ? Memory::kLost : Memory::kKept;
  }
  const bool had_one = memory != Memory::kNone || IsMember(evidence, node.name);
  return had_one && IsEmpty(evidence, node) ? Memory::kLost : memory;
}

std::optional<LossWatch::Loss> LossWatch::OnEvidence(const Evidence& evidence) {
  for (size_t i = 0; i < memories_.size(); ++i) {
    memories_[i] = Next(i, evidence);
    if (memories_[i] == Memory::kKept) NoteWholeRun(i, evidence);
  }
  NoteLost(evidence);
  EndFirstStart(evidence);
  const bool confirmed = IsConfirmed(evidence);
  confirming_ = untold_share_ > 0 && !confirmed && CanBeConfirmed(evidence);
  if (untold_share_ <= 0 || !confirmed) return std::nullopt;
  Loss loss;
  loss.share = std::exchange(untold_share_, 0);
  told_ = lost_;
  for (size_t i = 0; i < lost_.size(); ++i) {
    if (lost_[i]) loss.nodes.push_back(evidence.nodes[i].name);
  }
  return loss;
}

void LossWatch::NoteWholeRun(size_t i, const Evidence& evidence) {
  const NodeEvidence& node = evidence.nodes[i];
  if (node.inspection && IsWhole(evidence, node)) whole_runs_[i] = node.inspection->run_id;
}

void LossWatch::NoteLost(const Evidence& evidence) {
  const std::vector<bool> before = lost_;
  for (size_t i = 0; i < memories_.size(); ++i) {
    lost_[i] = memories_[i] == Memory::kLost;
    told_[i] = told_[i] && lost_[i];
  }
  if (lost_ == before) return;
  untold_share_ = ShareHeldOnlyBy(*ring_, homes_, lost_) - ShareHeldOnlyBy(*ring_, homes_, told_);
  inspected_ms_ = InspectedMs(evidence);
}

void LossWatch::EndFirstStart(const Evidence& evidence) {
  const bool all_whole =
      std::all_of(evidence.nodes.begin(), evidence.nodes.end(),
                  [&](const NodeEvidence& node) { return IsWhole(evidence, node); });
  const std::vector<int64_t> inspected = InspectedMs(evidence);
  if (!all_whole) {
    seen_whole_ms_.clear();
    return;
  }
  if (seen_whole_ms_.empty()) seen_whole_ms_ = inspected;
  for (size_t i = 0; i < inspected.size(); ++i) {
    if (inspected[i] == seen_whole_ms_[i]) return;
  }
  if (untold_share_ > 0) return;
  for (size_t i = 0; i < memories_.size(); ++i) {
    memories_[i] = Memory::kKept;
    NoteWholeRun(i, evidence);
  }
  NoteLost(evidence);
}

bool LossWatch::IsConfirmed(const Evidence& evidence) const {
  for (size_t i = 0; i < lost_.size(); ++i) {
    const auto& inspection = evidence.nodes[i].inspection;
    if (lost_[i] && (!inspection || inspection->now_ms == inspected_ms_[i])) return false;
  }
  return true;
}

bool LossWatch::CanBeConfirmed(const Evidence& evidence) const {
  for (size_t i = 0; i < lost_.size(); ++i) {
    if (lost_[i] && !evidence.nodes[i].inspection) return false;
  }
  return true;
}

}  // namespace kache
