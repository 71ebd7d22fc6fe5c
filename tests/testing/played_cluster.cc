#include "tests/testing/played_cluster.h"

#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/lost_coordinator.h"

namespace kache::testing {

PlayedCluster::PlayedCluster(size_t nodes, size_t coordinators, const RecoveryConfig& config)
    : config_(config),
      coordinators_(coordinators),
      dead_(nodes, false),
      cut_(coordinators, std::vector<bool>(nodes, false)),
      frozen_(coordinators, false),
      stalled_since_(nodes) {
  for (size_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<PlayedNode>(clock_, PlayedNode::NameOf(i)));
  }
  for (size_t i = 0; i < coordinators; ++i) Replace(i);
}

void PlayedCluster::Replace(size_t index) { Replace(index, config_); }

void PlayedCluster::ReplaceUnconnected(size_t index) { Begin(index, config_); }

void PlayedCluster::Begin(size_t index, const RecoveryConfig& config) {
  frozen_[index] = false;
  coordinators_[index].reset();
  next_id_ += 0x10000;
  coordinators_[index] = std::make_unique<PlayedCoordinator>(next_id_, clock_, nodes_, config);
}

void PlayedCluster::Replace(size_t index, const RecoveryConfig& config) {
  Begin(index, config);
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (IsReachable(index, node)) {
      coordinators_[index]->Connect(node);
    } else {
      coordinators_[index]->Disconnect(node);
    }
  }
}

void PlayedCluster::Pass(absl::Duration duration, absl::Duration tick) {
  for (absl::Duration passed; passed < duration; passed += tick) {
    clock_.Advance(tick);
    for (size_t node = 0; node < nodes_.size(); ++node) {
      const auto since = stalled_since_[node];
      if (since && absl::FromChrono(clock_.Monotonic() - *since) >= kSilence) LoseOnAll(node);
    }
    for (size_t i = 0; i < coordinators_.size(); ++i) {
      if (!coordinators_[i]) continue;
      coordinators_[i]->Arrive();
      if (frozen_[i]) continue;
      coordinators_[i]->Tick();
      coordinators_[i]->Deliver();
    }
  }
}

bool PlayedCluster::IsReachable(size_t coordinator, size_t node) const {
  return !dead_[node] && !cut_[coordinator][node] && !stalled_since_[node];
}

void PlayedCluster::Lose(size_t coordinator, size_t node) {
  const auto& it = coordinators_[coordinator];
  if (!it || !it->is_connected(node)) return;
  if (frozen_[coordinator]) return it->Sever(node);
  it->Disconnect(node);
}

void PlayedCluster::Join(size_t coordinator, size_t node) {
  const auto& it = coordinators_[coordinator];
  if (!it || frozen_[coordinator] || it->is_connected(node)) return;
  if (IsReachable(coordinator, node)) it->Connect(node);
}

void PlayedCluster::LoseOnAll(size_t node) {
  for (size_t i = 0; i < coordinators_.size(); ++i) Lose(i, node);
}

void PlayedCluster::JoinOnAll(size_t node) {
  for (size_t i = 0; i < coordinators_.size(); ++i) Join(i, node);
}

void PlayedCluster::Freeze(size_t coordinator, bool frozen) {
  frozen_[coordinator] = frozen;
  if (frozen || !coordinators_[coordinator]) return;
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (coordinators_[coordinator]->is_severed(node)) coordinators_[coordinator]->Disconnect(node);
    Join(coordinator, node);
  }
}

void PlayedCluster::Kill(size_t node) {
  dead_[node] = true;
  stalled_since_[node].reset();
  LoseOnAll(node);
}

void PlayedCluster::Return(size_t node) {
  dead_[node] = false;
  JoinOnAll(node);
}

void PlayedCluster::Stall(size_t node) {
  nodes_[node]->Stall();
  stalled_since_[node] = clock_.Monotonic();
}

void PlayedCluster::GoOn(size_t node) {
  stalled_since_[node].reset();
  nodes_[node]->GoOn();
  JoinOnAll(node);
}

void PlayedCluster::RestartEmpty(size_t node) {
  Kill(node);
  nodes_[node]->LoseMemory();
  Return(node);
}

void PlayedCluster::Cut(size_t coordinator, size_t node) {
  cut_[coordinator][node] = true;
  Lose(coordinator, node);
}

void PlayedCluster::Mend(size_t coordinator, size_t node) {
  cut_[coordinator][node] = false;
  Join(coordinator, node);
}

void PlayedCluster::DeclareLost(size_t coordinator) {
  const uint64_t id = coordinators_[coordinator]->id();
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (dead_[node]) continue;
    PlayedNode& it = *nodes_[node];
    it.SetHash(it.keys().LostCoordinators(), CoordinatorText(id),
               LostCoordinatorText({id, it.NowMs(), /*is_cut_off=*/true}));
    Cut(coordinator, node);
  }
}

bool PlayedCluster::AllUp() const {
  for (const auto& coordinator : coordinators_) {
    if (!coordinator) continue;
    for (size_t node = 0; node < nodes_.size(); ++node) {
      if (coordinator->Status(node).state != NodeState::kUp) return false;
    }
  }
  return true;
}

}  // namespace kache::testing
