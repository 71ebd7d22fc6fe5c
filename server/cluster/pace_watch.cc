#include "server/cluster/pace_watch.h"

#include <algorithm>

namespace kache {

PaceWatch::PaceWatch(size_t nodes, absl::Duration outlier_at_least)
    : outlier_at_least_(outlier_at_least), pings_(nodes) {}

void PaceWatch::OnPing(NodeId node, absl::Duration round_trip) {
  Pings& pings = pings_[node.index()];
  pings.newest[pings.count++ % kPings] = round_trip;
}

void PaceWatch::Forget(NodeId node) { pings_[node.index()].count = 0; }

absl::Duration PaceWatch::Best(size_t node) const {
  const Pings& pings = pings_[node];
  if (pings.count < kPings) return absl::InfiniteDuration();
  return *std::min_element(pings.newest.begin(), pings.newest.end());
}

absl::Duration PaceWatch::MedianOfOthers(size_t node) const {
  std::vector<absl::Duration> others;
  for (size_t i = 0; i < pings_.size(); ++i) {
    if (i != node && Best(i) != absl::InfiniteDuration()) others.push_back(Best(i));
  }
  if (others.empty()) return absl::InfiniteDuration();
  std::nth_element(others.begin(), others.begin() + static_cast<ptrdiff_t>(others.size() / 2),
                   others.end());
  return others[others.size() / 2];
}

std::vector<NodePace> PaceWatch::Judge() const {
  std::vector<NodePace> paces(pings_.size(), NodePace::kNormal);
  const size_t cap = std::max<size_t>(pings_.size() / 3, pings_.size() > 1 ? 1 : 0);
  size_t outliers = 0;
  for (size_t i = 0; i < pings_.size(); ++i) {
    const absl::Duration best = Best(i);
    if (best == absl::InfiniteDuration() || best < kSlowAtLeast) continue;
    if (best < kTimesSlower * MedianOfOthers(i)) continue;
    const bool outlier = best >= outlier_at_least_ && outliers < cap;
    outliers += outlier ? 1 : 0;
    paces[i] = outlier ? NodePace::kOutlier : NodePace::kSlow;
  }
  return paces;
}

}  // namespace kache
