#include "server/replication/hybrid_clock.h"

#include <algorithm>

namespace kache {
namespace {

constexpr int kCounterBits = 16;

uint64_t TimestampOf(absl::Time time) {
  return static_cast<uint64_t>(std::max<int64_t>(absl::ToUnixMillis(time), 0)) << kCounterBits;
}

}  // namespace

Version HybridClock::Next(uint64_t token, absl::Time now) {
  last_ = std::max(TimestampOf(now), last_ + 1);
  if (ahead_.empty()) return {last_, coordinator_};
  const auto ahead = ahead_.find(token);
  if (ahead == ahead_.end()) return {last_, coordinator_};
  if (ahead->second < last_) {  // The time has come.
    ahead_.erase(ahead);
    return {last_, coordinator_};
  }
  if (ahead->second < UINT64_MAX) ++ahead->second;
  return {ahead->second, coordinator_};
}

Version HybridClock::NextAbove(const Version& held, uint64_t token, absl::Time now) {
  Version version = Next(token, now);
  if (version > held) return version;
  version.timestamp = held.timestamp + 1;
  Remember(token, version.timestamp);
  return version;
}

void HybridClock::Remember(uint64_t token, uint64_t timestamp) {
  if (ahead_.size() >= kMaxKeysAhead) {
    absl::erase_if(ahead_, [this](const auto& key) { return key.second < last_; });
  }
  if (ahead_.size() >= kMaxKeysAhead) ahead_.erase(ahead_.begin());
  ahead_[token] = timestamp;
}

bool HybridClock::Gave(const Version& version, uint64_t token) const {
  if (!SameClock(version.clock, coordinator_)) return false;
  if (version.timestamp <= last_) return true;
  const auto ahead = ahead_.find(token);
  return ahead != ahead_.end() && version.timestamp <= ahead->second;
}

bool HybridClock::Observe(const Version& version, absl::Time now) {
  if (version.timestamp > TimestampOf(now + max_skew_)) return false;
  last_ = std::max(last_, version.timestamp);
  return true;
}

}  // namespace kache
