#include "server/cluster/cluster_clock.h"

#include <algorithm>
#include <utility>

namespace kache {
namespace {

constexpr int64_t kMillion = 1'000'000;

int64_t Nanoseconds(MonotonicTime instant) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(instant.time_since_epoch()).count();
}

absl::Time EpochOf(const Clock& clock) {
  return clock.Now() - absl::FromChrono(clock.Monotonic().time_since_epoch());
}

}  // namespace

ClusterClock::ClusterClock(const Clock& own, size_t nodes, absl::Duration max_skew)
    : own_(own),
      max_skew_(max_skew),
      nodes_(nodes),
      monotonic_ns_(Nanoseconds(own.Monotonic())),
      unix_ns_(absl::ToUnixNanos(own.Now())),
      slewed_ns_(monotonic_ns_.load()) {}

int64_t ClusterClock::Line::At(int64_t monotonic) const {
  const int64_t passed = monotonic - monotonic_ns;
  if (rate_ppm == 0) return unix_ns + passed;
  const int64_t slewing = std::clamp<int64_t>(passed, 0, slewed_ns - monotonic_ns);
  return unix_ns + passed +
         static_cast<int64_t>(static_cast<double>(slewing) * static_cast<double>(rate_ppm) * 1e-6);
}

absl::Time ClusterClock::Now() const {
  return absl::FromUnixNanos(ReadLine().At(Nanoseconds(own_.Monotonic())));
}

ClusterClock::Line ClusterClock::ReadLine() const {
  while (true) {
    const uint64_t before = sequence_.load(std::memory_order_acquire);
    const Line line{
        monotonic_ns_.load(std::memory_order_acquire), unix_ns_.load(std::memory_order_acquire),
        slewed_ns_.load(std::memory_order_acquire), rate_ppm_.load(std::memory_order_acquire)};
    if (before % 2 == 0 && sequence_.load(std::memory_order_relaxed) == before) return line;
  }
}

void ClusterClock::WriteLine(const Line& line) {
  const uint64_t sequence = sequence_.load(std::memory_order_relaxed);
  sequence_.store(sequence + 1, std::memory_order_relaxed);
  // Each release keeps the odd number before it.
  monotonic_ns_.store(line.monotonic_ns, std::memory_order_release);
  unix_ns_.store(line.unix_ns, std::memory_order_release);
  slewed_ns_.store(line.slewed_ns, std::memory_order_release);
  rate_ppm_.store(line.rate_ppm, std::memory_order_release);
  sequence_.store(sequence + 2, std::memory_order_release);
}

void ClusterClock::OnNodeTime(NodeId node, MonotonicTime sent, MonotonicTime received,
                              absl::Time told) {
  nodes_[node.index()].samples.Add(sent, received, told);
  const std::optional<absl::Time> epoch = Median(received);
  if (epoch) Aim(*epoch, received);
  const absl::Time now_there = absl::FromUnixNanos(ReadLine().At(Nanoseconds(received)));
  MeasureNodes(epoch.value_or(now_there - absl::FromChrono(received.time_since_epoch())),
               epoch.has_value(), received);
}

std::optional<absl::Time> ClusterClock::Median(MonotonicTime now) const {
  std::vector<absl::Time> votes;
  for (const Node& node : nodes_) {
    if (const auto estimate = node.samples.Best(now)) votes.push_back(estimate->epoch);
  }
  if (2 * votes.size() <= nodes_.size()) return std::nullopt;  // no majority of all nodes
  if (votes.size() % 2 == 0) votes.push_back(EpochOf(own_));
  const auto middle = votes.begin() + static_cast<ptrdiff_t>(votes.size() / 2);
  std::nth_element(votes.begin(), middle, votes.end());
  return *middle;
}

void ClusterClock::Aim(absl::Time target_epoch, MonotonicTime now) {
  const int64_t now_ns = Nanoseconds(now);
  const int64_t is_ns = ReadLine().At(now_ns);
  const int64_t target_ns = absl::ToUnixNanos(target_epoch) + now_ns;
  const int64_t off_ns = target_ns - is_ns;
  const int64_t leap_ns = absl::ToInt64Nanoseconds(kLeap);
  const bool first = std::exchange(is_first_, false);
  if (!serving_ || off_ns > leap_ns || (first && off_ns < -leap_ns)) {
    return WriteLine({now_ns, target_ns, now_ns, 0});
  }
  const double rate = off_ns > 0 ? kFaster : -kSlower;
  WriteLine({now_ns, is_ns, now_ns + static_cast<int64_t>(static_cast<double>(off_ns) / rate),
             static_cast<int64_t>(rate * static_cast<double>(kMillion))});
}

void ClusterClock::MeasureNodes(absl::Time epoch, bool is_median, MonotonicTime now) {
  for (Node& node : nodes_) {
    const auto estimate = node.samples.Best(now);
    if (!estimate) {
      node.clock = {};
      continue;
    }
    NodeClock& clock = node.clock;
    clock.offset = estimate->epoch - epoch;
    const absl::Duration size = absl::AbsDuration(clock.offset);
    // What the round trip leaves open speaks for the node.
    const absl::Duration least = size - estimate->uncertainty;
    if (least < kNoOffset) {
      clock.applied = absl::ZeroDuration();
    } else if (absl::AbsDuration(clock.offset - clock.applied) >= kStep) {
      clock.applied = absl::Trunc(clock.offset, absl::Milliseconds(1));
    }
    if (is_median) clock.skewed = least > (clock.skewed ? max_skew_ * 9 / 10 : max_skew_);
  }
}

}  // namespace kache
