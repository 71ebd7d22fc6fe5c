#include "tests/testing/played_cluster.h"

#include <utility>

#include "server/bookkeeping/missed_note.h"
#include "tests/testing/metric_value.h"

namespace kache::testing {
namespace {

NodeId Id(size_t node) { return NodeId(static_cast<uint16_t>(node)); }

std::string NameOf(size_t node) {
  return node < 26 ? std::string(1, static_cast<char>('a' + node)) : "n" + std::to_string(node);
}

std::shared_ptr<const HashRing> RingOf(size_t nodes) {
  std::vector<std::string> names;
  for (size_t i = 0; i < nodes; ++i) names.push_back(NameOf(i));
  return std::make_shared<const HashRing>(std::move(names), 20);
}

}  // namespace

PlayedCoordinator::PlayedCoordinator(uint64_t id, const FakeClock& clock,
                                     std::vector<std::unique_ptr<PlayedNode>>& nodes,
                                     const RecoveryConfig& config)
    : id_(id),
      copies_(config.replication_factor),
      nodes_(nodes),
      ring_(RingOf(nodes.size())),
      clock_(clock, nodes.size(), config.max_clock_skew),
      monitor_(ring_, /*shards=*/1, clock_),
      metrics_(registry_, ring_->names()) {
  std::vector<redis::NodeClient*> clients;
  for (const auto& node : nodes_) {
    connections_.push_back(std::make_unique<PlayedConnection>(*node));
    clients.push_back(connections_.back().get());
  }
  recovery_ = std::make_unique<Recovery>(
      RecoveryContext{.config = config,
                      .ring = ring_,
                      .keys = keys_,
                      .self = id,
                      .fingerprint = ring_->Fingerprint(config.replication_factor),
                      .monitor = monitor_,
                      .clock = clock_,
                      .data_path = *this,
                      .metrics = metrics_,
                      .clients = std::move(clients),
                      .topology = monitor_.topology()});
  observation_ = monitor_.Observe(
      [this](std::shared_ptr<const Topology> topology) { topology_ = std::move(topology); });
}

PlayedCoordinator::~PlayedCoordinator() {
  observation_.reset();
  recovery_->Stop();
  for (auto& connection : connections_) connection->Break();
}

void PlayedCoordinator::Tick() {
  monitor_.Tick();
  recovery_->Tick();
}

void PlayedCoordinator::Deliver() {
  for (bool any = true; any;) {
    any = false;
    if (topology_) recovery_->OnTopology(std::exchange(topology_, nullptr));
    for (auto& connection : connections_) any |= connection->Deliver();
    while (!drains_.empty() && !holds_writes_) {
      auto done = std::move(drains_.front());
      drains_.pop_front();
      done();
      any = true;
    }
  }
}

void PlayedCoordinator::Connect(size_t node) {
  connections_[node]->Connect();
  monitor_.OnConnected(0, Id(node), {nodes_[node]->run_id(), "7.0.0"});
  recovery_->OnConnected(Id(node));
}

void PlayedCoordinator::Disconnect(size_t node) {
  connections_[node]->Break();
  monitor_.OnDown(0, Id(node), {"connection_lost", "played"});
  recovery_->OnDown(Id(node));
}

void PlayedCoordinator::Miss(size_t node) {
  const uint64_t count = monitor_.OnWriteMissed(Id(node));
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (i == node || !connections_[i]->Ready()) continue;
    nodes_[i]->OpenHints(ring_->names()[node]);
    nodes_[i]->SetHash(keys_.Missed(), MissedField(ring_->names()[node], id_),
                       MissedValue({count, absl::ToUnixMillis(clock_.Now())}));
  }
}

void PlayedCoordinator::SayGoodbye() {
  recovery_->SayGoodbye([] {});
  Deliver();
}

double PlayedCoordinator::Metric(const std::string& name) { return MetricValue(registry_, name); }

void PlayedCoordinator::Drain(NodeId, absl::AnyInvocable<void()> done) {
  drains_.push_back(std::move(done));
}

void PlayedCoordinator::MeasureWait(absl::AnyInvocable<void(absl::Duration)> done) {
  drains_.push_back([done = std::move(done)]() mutable { done(absl::ZeroDuration()); });
}

PlayedCluster::PlayedCluster(size_t nodes, size_t coordinators, const RecoveryConfig& config)
    : config_(config),
      coordinators_(coordinators),
      dead_(nodes, false),
      cut_(coordinators, std::vector<bool>(nodes, false)),
      frozen_(coordinators, false) {
  for (size_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<PlayedNode>(clock_, NameOf(i)));
  }
  for (size_t i = 0; i < coordinators; ++i) Replace(i);
}

void PlayedCluster::Replace(size_t index) { Replace(index, config_); }

void PlayedCluster::Replace(size_t index, const RecoveryConfig& config) {
  coordinators_[index].reset();
  next_id_ += 0x10000;
  coordinators_[index] = std::make_unique<PlayedCoordinator>(next_id_, clock_, nodes_, config);
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (dead_[node] || cut_[index][node]) {
      coordinators_[index]->Disconnect(node);
    } else {
      coordinators_[index]->Connect(node);
    }
  }
}

void PlayedCluster::Pass(absl::Duration duration, absl::Duration tick) {
  for (absl::Duration passed; passed < duration; passed += tick) {
    clock_.Advance(tick);
    for (size_t i = 0; i < coordinators_.size(); ++i) {
      if (!coordinators_[i] || frozen_[i]) continue;
      coordinators_[i]->Tick();
      coordinators_[i]->Deliver();
    }
  }
}

void PlayedCluster::Kill(size_t node) {
  dead_[node] = true;
  for (auto& coordinator : coordinators_) {
    if (coordinator && coordinator->is_connected(node)) coordinator->Disconnect(node);
  }
}

void PlayedCluster::Return(size_t node) {
  dead_[node] = false;
  for (size_t i = 0; i < coordinators_.size(); ++i) {
    if (coordinators_[i] && !cut_[i][node]) coordinators_[i]->Connect(node);
  }
}

void PlayedCluster::RestartEmpty(size_t node) {
  Kill(node);
  nodes_[node]->LoseMemory();
  Return(node);
}

void PlayedCluster::Cut(size_t coordinator, size_t node) {
  cut_[coordinator][node] = true;
  coordinators_[coordinator]->Disconnect(node);
}

void PlayedCluster::Mend(size_t coordinator, size_t node) {
  cut_[coordinator][node] = false;
  coordinators_[coordinator]->Connect(node);
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
