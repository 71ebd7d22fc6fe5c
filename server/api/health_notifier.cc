#include "server/api/health_notifier.h"

#include <algorithm>

namespace kache {

void HealthNotifier::OnTopology(const Topology& topology) {
  const std::lock_guard lock(mutex_);
  usable_ =
      !topology.in_minority && std::any_of(topology.nodes.begin(), topology.nodes.end(),
                                           [](const NodeStatus& node) { return node.Usable(); });
  Tell();
}

void HealthNotifier::Drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  Tell();
}

void HealthNotifier::Tell() {
  const bool serving = usable_ && !draining_;
  set_serving_("", serving);
  set_serving_("kache.v1.Kache", serving);
  set_serving_("live", true);
}

}  // namespace kache
