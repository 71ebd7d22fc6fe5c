// Estimates how far another machine's clock is ahead of this process's monotonic clock, from the
// round trips by which it was asked (Cristian, "Probabilistic Clock Synchronization", 1989): the
// clock was read between the sending and the receipt, so each round trip bounds the offset from
// both sides, and the shortest one bounds it best.
//
//   ClockOffset offset;
//   offset.Add(sent, received, told);
//   if (auto estimate = offset.Best(now)) absl::Time there = estimate->At(now);
//
// An estimate ages: it is trusted less by kDrift for each second that passes, and not at all after
// kLife. A sample that contradicts the older ones shows that a clock was set, or that this machine
// stood still: the older ones are forgotten.
//
// Thread-compatible. No I/O, no clock of its own. A few dozen bytes.
#ifndef KACHE_BASE_CLOCK_OFFSET_H_
#define KACHE_BASE_CLOCK_OFFSET_H_

#include <array>
#include <cstddef>
#include <optional>

#include "absl/time/time.h"
#include "base/clock.h"

namespace kache {

class ClockOffset {
 public:
  static constexpr absl::Duration kLife = absl::Minutes(5);
  // Two clocks drift apart by this part at most, while nobody sets them.
  static constexpr double kDrift = 200e-6;
  // How coarse a clock that was told may be: by so much two samples may contradict each other.
  static constexpr absl::Duration kGrain = absl::Milliseconds(2);
  static constexpr size_t kSamples = 8;

  struct Estimate {
    absl::Time epoch;            // what the other clock said when the monotonic clock said zero
    absl::Duration uncertainty;  // half of the round trip, and the drift since

    absl::Time At(MonotonicTime instant) const {
      return epoch + absl::FromChrono(instant.time_since_epoch());
    }
  };

  // The other clock said `told` at some instant from `sent` to `received`.
  void Add(MonotonicTime sent, MonotonicTime received, absl::Time told);
  // The best of the newest kSamples; nullopt when there is none that is younger than kLife.
  std::optional<Estimate> Best(MonotonicTime now) const;
  void Forget() { count_ = 0; }

 private:
  struct Sample {
    MonotonicTime received;
    absl::Time epoch;
    absl::Duration half_round_trip;

    absl::Duration Uncertainty(MonotonicTime now) const;
  };

  std::array<Sample, kSamples> samples_;
  size_t count_ = 0;  // of samples_, the newest first
};

}  // namespace kache

#endif  // KACHE_BASE_CLOCK_OFFSET_H_
