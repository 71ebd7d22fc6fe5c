#include "server/recovery/minority_watch.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace kache {
namespace {

// Of another coordinator that lives and works by the same ring, so that all name the same nodes, in
// the same order.
bool Counts(const Evidence& evidence, const Heartbeat& heartbeat, absl::Time as_of) {
  return heartbeat.lives && heartbeat.coordinator != evidence.self && heartbeat.as_of >= as_of &&
         heartbeat.ring == evidence.ring && heartbeat.reached.size() == evidence.nodes.size();
}

}  // namespace

bool ReachesMinority(const Evidence& evidence, absl::Time as_of) {
  std::vector<bool> by_others(evidence.nodes.size(), false);  // in the order of the heartbeats
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.inspection) continue;
    for (const Heartbeat& heartbeat : node.inspection->heartbeats) {
      if (!Counts(evidence, heartbeat, as_of)) continue;
      for (size_t i = 0; i < by_others.size(); ++i) {
        if (!heartbeat.reached[i].run_id.empty()) by_others[i] = true;
      }
    }
  }
  const auto theirs = std::count(by_others.begin(), by_others.end(), true);
  const auto ours = std::count_if(evidence.nodes.begin(), evidence.nodes.end(),
                                  [](const NodeEvidence& node) { return node.is_ready; });
  return 2 * ours < theirs;
}

bool MinorityWatch::OnEvidence(const Evidence& evidence, MonotonicTime now) {
  if (!ReachesMinority(evidence)) {
    since_.reset();
    return false;
  }
  if (!since_) {
    since_ = now;
    begun_at_ = absl::FromUnixMillis(evidence.now_ms);
  }
  return absl::FromChrono(now - *since_) >= 2 * interval_ && ReachesMinority(evidence, begun_at_);
}

}  // namespace kache
