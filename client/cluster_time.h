// Cluster time as a caller knows it: the median of the nodes' clocks, which coordinators name in
// their answers. Stamps and the instants beside them are in cluster time, whatever the caller's own
// clock says.
//
//   ClusterTime time;
//   time.Add(sent, received, response.cluster_time_unix_ms());
//   if (std::optional<absl::Time> now = time.At(std::chrono::steady_clock::now())) ...
//
// Kept as an offset to the monotonic clock (base/clock_offset.h). An estimate that no answer has
// refreshed for ClockOffset::kLife is not known any more.
//
// Thread-safe. At takes no lock. Add takes one only for a sample that teaches something: the first
// of each kSampleInterval, one that is much more exact than what is known, and one that contradicts
// it.
#ifndef KACHE_CLIENT_CLUSTER_TIME_H_
#define KACHE_CLIENT_CLUSTER_TIME_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/clock_offset.h"

namespace kache {

class ClusterTime {
 public:
  static constexpr absl::Duration kSampleInterval = absl::Seconds(1);
  // A better estimate replaces the one in use when the two differ by more than this.
  static constexpr absl::Duration kStep = absl::Milliseconds(1);

  // A coordinator said `told_unix_ms` at some instant from `sent` to `received`. Ignored when it is
  // not positive: the coordinator does not know, or its release does not say.
  void Add(MonotonicTime sent, MonotonicTime received, int64_t told_unix_ms);

  // Nothing better is to be had, as the coordinators' release names no time: `wall` counts, until
  // an answer names cluster time, or for ClockOffset::kLife. Ignored while cluster time is known.
  void UseWallClock(MonotonicTime now, absl::Time wall);

  // Nullopt while it is not known.
  std::optional<absl::Time> At(MonotonicTime now) const;

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

  bool TeachesNothing(MonotonicTime sent, MonotonicTime received, int64_t told_us) const;
  void Publish(int64_t epoch_us, int64_t uncertainty_us, MonotonicTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::mutex mutex_;
  ClockOffset offset_ ABSL_GUARDED_BY(mutex_);
  // What is in use; written under the lock. Each is right by itself, whatever the others are.
  std::atomic<int64_t> epoch_us_ = 0;  // Unix time when the monotonic clock said zero
  std::atomic<int64_t> uncertainty_us_ = 0;
  std::atomic<int64_t> known_until_us_ = kNever;  // of the monotonic clock, as is:
  std::atomic<int64_t> next_sample_us_ = kNever;
};

}  // namespace kache

#endif  // KACHE_CLIENT_CLUSTER_TIME_H_
