#include "server/cluster/health_tracker.h"

#include <algorithm>

namespace kache {

HealthTracker::HealthTracker(size_t shards, absl::Time now) : connected_(shards, false) {
  status_.since = now;
}

void HealthTracker::Connected(size_t shard, const std::string& run_id, const std::string& version,
                              absl::Time now) {
  connected_[shard] = true;
  if (status_.run_id != run_id) {  // Another process: what the old one refused says nothing.
    refusal_.clear();
    refusal_backoff_ = kRefusalBackoffMin;
  }
  status_.run_id = run_id;
  status_.version = version;
  Decide(now);
}

void HealthTracker::Down(size_t shard, const std::string& reason, absl::Time now) {
  connected_[shard] = false;
  down_reason_ = reason;
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

void HealthTracker::Tick(absl::Time now) { Decide(now); }

void HealthTracker::Decide(absl::Time now) {
  const bool connected =
      std::all_of(connected_.begin(), connected_.end(), [](bool ready) { return ready; });
  NodeState state = NodeState::kUp;
  std::string reason = "ok";
  if (!duplicate_of_.empty()) {
    state = NodeState::kDown;
    reason = "duplicate_of:" + duplicate_of_;
  } else if (!connected) {
    state = NodeState::kDown;
    reason = down_reason_;
  } else if (!refusal_.empty()) {
    state = NodeState::kSyncing;
    reason = refusal_;
  }
  if (status_.state == NodeState::kUp && state != NodeState::kUp) status_.may_lack_writes = true;
  if (state == NodeState::kUp && status_.may_lack_writes) reason = "returned";
  if (state != status_.state) status_.since = now;
  status_.state = state;
  status_.reason = reason;
  status_.takes_writes =
      state == NodeState::kUp || (state == NodeState::kSyncing && now >= refused_until_);
}

}  // namespace kache
