#include "client/cluster_time.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace kache {
namespace {

int64_t Micros(MonotonicTime instant) {
  return std::chrono::duration_cast<std::chrono::microseconds>(instant.time_since_epoch()).count();
}

}  // namespace

void ClusterTime::Add(MonotonicTime sent, MonotonicTime received, int64_t told_unix_ms) {
  if (told_unix_ms <= 0 || TeachesNothing(sent, received, told_unix_ms * 1000)) return;
  const std::lock_guard lock(mutex_);
  offset_.Add(sent, received, absl::FromUnixMillis(told_unix_ms));
  const std::optional<ClockOffset::Estimate> best = offset_.Best(received);
  if (!best) return;
  Publish(absl::ToUnixMicros(best->epoch), absl::ToInt64Microseconds(best->uncertainty), received);
}

bool ClusterTime::TeachesNothing(MonotonicTime sent, MonotonicTime received,
                                 int64_t told_us) const {
  const int64_t received_us = Micros(received);
  if (received_us >= next_sample_us_.load(std::memory_order_relaxed)) return false;
  const int64_t half_us = (received_us - Micros(sent)) / 2;
  const int64_t uncertainty_us = uncertainty_us_.load(std::memory_order_relaxed);
  if (half_us < uncertainty_us / 2) return false;
  const int64_t epoch_us = told_us - (received_us - half_us);
  return std::abs(epoch_us - epoch_us_.load(std::memory_order_relaxed)) <=
         half_us + uncertainty_us + absl::ToInt64Microseconds(ClockOffset::kGrain);
}

void ClusterTime::UseWallClock(MonotonicTime now, absl::Time wall) {
  const std::lock_guard lock(mutex_);
  if (At(now)) return;
  Publish(absl::ToUnixMicros(wall) - Micros(now), 0, now);
  next_sample_us_.store(kNever, std::memory_order_relaxed);  // the first sample counts at once
}

void ClusterTime::Publish(int64_t epoch_us, int64_t uncertainty_us, MonotonicTime now) {
  const int64_t now_us = Micros(now);
  const bool known = now_us < known_until_us_.load(std::memory_order_relaxed);
  if (!known || std::abs(epoch_us - epoch_us_.load(std::memory_order_relaxed)) >
                    absl::ToInt64Microseconds(kStep)) {
    epoch_us_.store(epoch_us, std::memory_order_relaxed);
  }
  uncertainty_us_.store(uncertainty_us, std::memory_order_relaxed);
  next_sample_us_.store(now_us + absl::ToInt64Microseconds(kSampleInterval),
                        std::memory_order_relaxed);
  // Last, so that who finds it known finds it set.
  known_until_us_.store(now_us + absl::ToInt64Microseconds(ClockOffset::kLife),
                        std::memory_order_release);
}

std::optional<absl::Time> ClusterTime::At(MonotonicTime now) const {
  const int64_t now_us = Micros(now);
  if (now_us >= known_until_us_.load(std::memory_order_acquire)) return std::nullopt;
  return absl::FromUnixMicros(epoch_us_.load(std::memory_order_relaxed) + now_us);
}

}  // namespace kache
