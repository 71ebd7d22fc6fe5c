#include "base/clock_offset.h"

#include <algorithm>

namespace kache {

absl::Duration ClockOffset::Sample::Uncertainty(MonotonicTime now) const {
  return half_round_trip + absl::FromChrono(now - received) * kDrift;
}

void ClockOffset::Add(MonotonicTime sent, MonotonicTime received, absl::Time told) {
  const MonotonicTime middle = sent + (received - sent) / 2;
  const Sample sample{received, told - absl::FromChrono(middle.time_since_epoch()),
                      absl::FromChrono(received - sent) / 2};
  if (const std::optional<Estimate> best = Best(received)) {
    const absl::Duration apart = absl::AbsDuration(best->epoch - sample.epoch);
    if (apart > best->uncertainty + sample.half_round_trip + kGrain) count_ = 0;
  }
  count_ = std::min(count_ + 1, kSamples);
  std::move_backward(samples_.begin(), samples_.begin() + static_cast<ptrdiff_t>(count_ - 1),
                     samples_.begin() + static_cast<ptrdiff_t>(count_));
  samples_.front() = sample;
}

std::optional<ClockOffset::Estimate> ClockOffset::Best(MonotonicTime now) const {
  std::optional<Estimate> best;
  for (size_t i = 0; i < count_; ++i) {
    const Sample& sample = samples_[i];
    if (absl::FromChrono(now - sample.received) > kLife) continue;
    const absl::Duration uncertainty = sample.Uncertainty(now);
    if (!best || uncertainty < best->uncertainty) best = Estimate{sample.epoch, uncertainty};
  }
  return best;
}

}  // namespace kache
