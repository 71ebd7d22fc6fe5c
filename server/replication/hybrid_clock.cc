#include "server/replication/hybrid_clock.h"

#include <algorithm>

namespace kache {
namespace {

constexpr int kCounterBits = 16;

uint64_t TimestampOf(absl::Time time) {
  return static_cast<uint64_t>(std::max<int64_t>(absl::ToUnixMillis(time), 0)) << kCounterBits;
}

}  // namespace

Version HybridClock::Next(absl::Time now) {
  last_ = std::max(TimestampOf(now), last_ + 1);
  return {last_, coordinator_};
}

bool HybridClock::Observe(const Version& version, absl::Time now) {
  if (version.timestamp > TimestampOf(now + max_skew_)) return false;
  last_ = std::max(last_, version.timestamp);
  return true;
}

}  // namespace kache
