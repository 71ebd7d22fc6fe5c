#include "server/replication/placement.h"

#include <algorithm>

namespace kache {
namespace {

// Stand-ins for `missing` home replicas, from the part of the walk beyond the home replicas.
void PlanStandIns(WritePlan& plan, const PreferenceList& walk, size_t homes, size_t missing,
                  NodeViews views) {
  for (size_t i = homes; i < walk.size() && missing > 0; ++i) {
    const NodeView view = views(walk[i]);
    if (view.state != NodeState::kUp || !view.takes_writes) continue;
    plan.targets.push_back({walk[i], /*home=*/false});
    --missing;
  }
}

}  // namespace

ReadMode ChooseReadMode(absl::Span<const NodeId> homes, NodeViews views) {
  bool syncing = false;
  for (const NodeId node : homes) {
    const NodeState state = views(node).state;
    if (state == NodeState::kUp) return ReadMode::kOneAfterAnother;
    syncing |= state == NodeState::kSyncing;
  }
  return syncing ? ReadMode::kNewestOfAll : ReadMode::kStandIns;
}

void AddStandIns(PreferenceList& homes, const PreferenceList& walk, NodeViews views) {
  const size_t most = 2 * homes.size();
  for (auto i = NextUp(walk, homes.size(), views); i && homes.size() < most;
       i = NextUp(walk, *i + 1, views)) {
    homes.push_back(walk[*i]);
  }
}

std::optional<size_t> NextUp(absl::Span<const NodeId> walk, size_t from, NodeViews views) {
  for (size_t i = from; i < walk.size(); ++i) {
    if (views(walk[i]).state == NodeState::kUp) return i;
  }
  return std::nullopt;
}

WritePlan PlanWrite(absl::Span<const NodeId> homes, absl::FunctionRef<const PreferenceList&()> walk,
                    NodeViews views) {
  WritePlan plan;
  for (const NodeId node : homes) {
    const NodeView view = views(node);
    if (!view.takes_writes) continue;
    if (view.state == NodeState::kUp && !plan.primary) plan.primary = plan.targets.size();
    plan.targets.push_back({node, /*home=*/true});
  }
  const size_t missing = homes.size() - plan.targets.size();
  plan.degraded = missing > 0;
  if (missing > 0) PlanStandIns(plan, walk(), homes.size(), missing, views);
  if (!plan.targets.empty()) return plan;
  for (const NodeId node : homes) {
    if (views(node).state == NodeState::kSyncing) plan.targets.push_back({node, /*home=*/true});
  }
  return plan;
}

}  // namespace kache
