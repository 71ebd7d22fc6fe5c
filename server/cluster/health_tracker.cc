#include "server/cluster/health_tracker.h"

#include <algorithm>
#include <utility>

namespace kache {

HealthTracker::HealthTracker(size_t shards, absl::Time now)
    : ready_(shards, false), tried_(shards, false) {
  status_.since = now;
}

void HealthTracker::Connected(size_t shard, const std::string& run_id, const std::string& version,
                              absl::Time now) {
  ready_[shard] = true;
  NoteTried(shard);
  ++status_.connection_changes;
  if (status_.run_id != run_id) {  // Another process: what the old one refused says nothing.
    refusal_.clear();
    refusal_backoff_ = kRefusalBackoffMin;
  }
  status_.run_id = run_id;
  status_.version = version;
  Decide(now);
}

void HealthTracker::Down(size_t shard, const std::string& reason, absl::Time now) {
  if (ready_[shard]) ++status_.connection_changes;
  ready_[shard] = false;
  NoteTried(shard);
  down_reason_ = reason;
  Decide(now);
}

void HealthTracker::ReachesProcesses(ProcessAgreement agreement, uint64_t rounds,
                                     std::string reached, absl::Time now) {
  status_.processes = agreement;
  status_.rounds = rounds;
  status_.reached = std::move(reached);
  Decide(now);
}

void HealthTracker::DuplicateOf(const std::string& other_name, absl::Time now) {
  duplicate_of_ = other_name;
  Decide(now);
}

void HealthTracker::WriteRefused(const std::string& reason, absl::Time now) {
  // Commands that were under way when the first one was refused say nothing new.
  if (!refusal_.empty() && now < refused_until_) return;
  if (!refusal_.empty()) {
    refusal_backoff_ = std::min(refusal_backoff_ * 2, kRefusalBackoffMax);
  }
  refusal_ = reason;
  refused_until_ = now + refusal_backoff_;
  Decide(now);
}

void HealthTracker::WriteAccepted(absl::Time now) {
  if (refusal_.empty()) return;
  refusal_.clear();
  refusal_backoff_ = kRefusalBackoffMin;
  Decide(now);
}

void HealthTracker::InspectionRefused(const std::string& reason, absl::Time now) {
  if (inspection_refusal_ == reason) return;
  inspection_refusal_ = reason;
  Decide(now);
}

uint64_t HealthTracker::MayLackWrites(absl::Time since, absl::Time now) {
  const bool is_first = status_.missed == status_.resolved;
  status_.missed_since = is_first ? since : std::min(status_.missed_since, since);
  ++status_.missed;
  Decide(now);
  return status_.missed;
}

void HealthTracker::HintLost(absl::Time now) {
  ++status_.hints_lost;
  MayLackWrites(now, now);
}

void HealthTracker::Paced(NodePace pace, absl::Time now) {
  status_.pace = pace;
  Decide(now);
}

void HealthTracker::Checked(const Standing& standing, absl::Time now) {
  standing_ = standing;
  status_.resolved = standing.resolved;
  status_.whole_marker = standing.whole_marker;
  status_.clock_offset = standing.clock_offset;
  status_.maxmemory = standing.maxmemory;
  Decide(now);
}

void HealthTracker::Tick(absl::Time now) { Decide(now); }

void HealthTracker::NoteTried(size_t shard) {
  tried_[shard] = true;
  status_.connections_tried =
      std::all_of(tried_.begin(), tried_.end(), [](bool tried) { return tried; });
}

bool HealthTracker::IsAnyReady() const {
  return std::any_of(ready_.begin(), ready_.end(), [](bool ready) { return ready; });
}

bool HealthTracker::AreAllReady() const {
  return std::all_of(ready_.begin(), ready_.end(), [](bool ready) { return ready; });
}

HealthTracker::Decision HealthTracker::Judge() const {
  // Also while its connections are being made anew for that, but not once none can be made.
  if (status_.processes == ProcessAgreement::kSeveral &&
      (IsAnyReady() || down_reason_ == kSeveralProcesses)) {
    return {NodeState::kDown, kSeveralProcesses};
  }
  // Likewise where that shows by what other coordinators reach.
  const bool differs_elsewhere =
      standing_.verdict == Standing::Verdict::kExcluded && standing_.reason == kSeveralProcesses;
  if (differs_elsewhere && (IsAnyReady() || down_reason_ == kProcessChanged)) {
    return {NodeState::kDown, kSeveralProcesses};
  }
  if (!duplicate_of_.empty()) return {NodeState::kDown, "duplicate_of:" + duplicate_of_};
  if (!AreAllReady()) return {NodeState::kDown, down_reason_};
  if (!status_.connected) return {NodeState::kDown, kProcessChanged};
  switch (standing_.verdict) {
    case Standing::Verdict::kUnchecked:
      return {NodeState::kDown, WhyUnchecked()};
    case Standing::Verdict::kExcluded:
      return {NodeState::kDown, standing_.reason};
    case Standing::Verdict::kInDoubt:
    case Standing::Verdict::kWhole:
      break;
  }
  if (!refusal_.empty()) return {NodeState::kSyncing, refusal_};
  if (!IsChecked()) return {NodeState::kSyncing, WhyUnchecked()};
  if (standing_.verdict == Standing::Verdict::kInDoubt) {
    const bool unchecked = standing_.reason == kChecking;
    return {NodeState::kSyncing, unchecked ? WhyUnchecked() : standing_.reason};
  }
  if (status_.missed > status_.resolved) return {NodeState::kSyncing, "missed_writes"};
  if (status_.pace == NodePace::kOutlier) return {NodeState::kSyncing, "slow"};
  return {NodeState::kUp, status_.pace == NodePace::kSlow ? "slow" : "ok"};
}

std::string HealthTracker::WhyUnchecked() const {
  return inspection_refusal_.empty() ? std::string(kChecking) : inspection_refusal_;
}

bool HealthTracker::IsChecked() const {
  return standing_.connection_changes == status_.connection_changes &&
         standing_.run_id == status_.run_id;
}

absl::Time HealthTracker::DoubtedSince() const {
  if (standing_.verdict == Standing::Verdict::kUnchecked || !IsChecked()) {
    return absl::InfinitePast();
  }
  if (status_.missed == status_.resolved) return standing_.doubted_since;
  return std::min(standing_.doubted_since, status_.missed_since);
}

Doubt HealthTracker::DoubtNow() const {
  if (standing_.verdict == Standing::Verdict::kUnchecked || !IsChecked()) return Doubt::kAmnesic;
  const bool missed = status_.missed > status_.resolved;
  return missed && standing_.doubt == Doubt::kNone ? Doubt::kBehind : standing_.doubt;
}

void HealthTracker::Decide(absl::Time now) {
  status_.is_duplicate = IsDuplicate();
  status_.connected =
      !status_.is_duplicate && AreAllReady() && status_.processes == ProcessAgreement::kOne;
  Decision decision = Judge();
  if (decision.state != status_.state) status_.since = now;
  status_.state = decision.state;
  status_.reason = std::move(decision.reason);
  status_.doubted_since = DoubtedSince();
  status_.doubt = DoubtNow();
  status_.refuses_writes = !refusal_.empty();
  status_.takes_writes =
      status_.state == NodeState::kUp ||
      (status_.state == NodeState::kSyncing && (refusal_.empty() || now >= refused_until_));
}

}  // namespace kache
