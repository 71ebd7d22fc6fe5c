#include "tests/testing/played_coordinator.h"

#include <algorithm>
#include <utility>

#include "server/replication/quorum_read.h"
#include "server/replication/write_operation.h"
#include "tests/testing/metric_value.h"

namespace kache::testing {
namespace {

NodeId Id(size_t node) { return NodeId(static_cast<uint16_t>(node)); }

std::shared_ptr<const HashRing> RingOf(size_t nodes) {
  std::vector<std::string> names;
  for (size_t i = 0; i < nodes; ++i) names.push_back(PlayedNode::NameOf(i));
  return std::make_shared<const HashRing>(std::move(names), 20);
}

// Copies go on where a node is late, but for so long.
constexpr absl::Duration kWriteTimeout = absl::Seconds(1);

ReplicationOptions OptionsOf(const RecoveryConfig& config) {
  ReplicationOptions options;
  options.replication_factor = config.replication_factor;
  options.write_timeout = kWriteTimeout;
  options.tombstone_ttl = config.tombstone_ttl;
  options.standin_ttl = std::min(options.standin_ttl, config.tombstone_ttl);
  options.max_clock_skew = config.max_clock_skew;
  options.max_write_age = config.max_write_age;
  return options;
}

}  // namespace

PlayedCoordinator::PlayedCoordinator(uint64_t id, const FakeClock& clock,
                                     std::vector<std::unique_ptr<PlayedNode>>& nodes,
                                     const RecoveryConfig& config)
    : id_(id),
      copies_(config.replication_factor),
      options_(OptionsOf(config)),
      nodes_(nodes),
      ring_(RingOf(nodes.size())),
      clock_(clock, nodes.size(), config.max_clock_skew),
      monitor_(ring_, kShards, clock_),
      metrics_(registry_, ring_->names()),
      data_metrics_(registry_),
      shard_(options_, ring_, id, clock_, monitor_, data_metrics_) {
  std::vector<redis::NodeClient*> clients;
  std::vector<redis::NodeClient*> data_clients;
  for (const auto& node : nodes_) {
    connections_.push_back(std::make_unique<PlayedConnection>(*node));
    data_connections_.push_back(std::make_unique<PlayedConnection>(*node));
    clients.push_back(connections_.back().get());
    data_clients.push_back(data_connections_.back().get());
  }
  shard_.SetClients(std::move(data_clients));
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
                      .topology = monitor_.topology(),
                      .on_declared_lost = [this] { knows_it_is_lost_ = true; }});
  observation_ = monitor_.Observe(
      [this](std::shared_ptr<const Topology> topology) { topology_ = std::move(topology); });
}

PlayedCoordinator::~PlayedCoordinator() {
  ended_ = true;
  observation_.reset();
  recovery_->Stop();
  for (auto& connection : connections_) connection->Break();
  shard_.SetClients({});
  for (auto& connection : data_connections_) {
    connection->Break();
    connection->Deliver();
  }
}

void PlayedCoordinator::SetLag(absl::Duration lag) {
  for (auto& connection : connections_) connection->SetLag(lag);
  for (auto& connection : data_connections_) connection->SetLag(lag);
}

void PlayedCoordinator::Arrive() {
  for (auto& connection : connections_) connection->Arrive();
  for (auto& connection : data_connections_) connection->Arrive();
}

void PlayedCoordinator::Tick() {
  monitor_.Tick();
  shard_.Tick();
  recovery_->Tick();
}

void PlayedCoordinator::Deliver() {
  for (bool any = true; any;) {
    any = false;
    if (topology_) {
      shard_.SetTopology(topology_);
      recovery_->OnTopology(std::exchange(topology_, nullptr));
    }
    for (auto& connection : connections_) any |= connection->Deliver();
    for (auto& connection : data_connections_) any |= connection->Deliver();
    while (!drained_.empty() && !holds_writes_) {
      auto done = std::move(drained_.front());
      drained_.pop_front();
      done();
      any = true;
    }
  }
}

void PlayedCoordinator::Connect(size_t node) {
  connections_[node]->Connect();
  data_connections_[node]->Connect();
  shard_.OnConnected(Id(node));
  for (size_t shard = 0; shard < kShards; ++shard) {
    ConnectShard(shard, node, connections_[node]->node().run_id());
  }
  recovery_->OnConnected(Id(node));
}

void PlayedCoordinator::Lead(size_t node, PlayedNode& to) {
  Disconnect(node);
  connections_[node]->LeadTo(to);
  data_connections_[node]->LeadTo(to);
  Connect(node);
}

void PlayedCoordinator::ConnectShard(size_t shard, size_t node, const std::string& run_id) {
  monitor_.OnConnected(shard, Id(node), {run_id, "7.0.0", clock_.Monotonic()});
}

void PlayedCoordinator::ConnectRecovery(size_t node, const std::string& run_id) {
  monitor_.OnRecoveryConnected(Id(node), {run_id, "7.0.0", clock_.Monotonic()});
}

void PlayedCoordinator::Disconnect(size_t node) {
  for (size_t shard = 0; shard < kShards; ++shard) {
    monitor_.OnDown(shard, Id(node), {"connection_lost", "played"});
  }
  data_connections_[node]->Break();
  connections_[node]->Break();
  recovery_->OnDown(Id(node));
}

void PlayedCoordinator::Miss(size_t node) { shard_.NoteMissed(Id(node)); }

void PlayedCoordinator::SayGoodbye() {
  recovery_->SayGoodbye([] {});
  Deliver();
}

void PlayedCoordinator::Sever(size_t node) {
  data_connections_[node]->Sever();
  connections_[node]->Sever();
}

double PlayedCoordinator::Metric(const std::string& name) { return MetricValue(registry_, name); }

// Never from inside the call.
void PlayedCoordinator::Drain(NodeId node, absl::AnyInvocable<void()> done) {
  shard_.CloseMissed(node);
  shard_.AwaitWrites(
      [this, done = std::move(done)]() mutable { drained_.push_back(std::move(done)); });
}

void PlayedCoordinator::MeasureLatency(absl::AnyInvocable<void(absl::Duration)> done) {
  drained_.push_back([done = std::move(done)]() mutable { done(absl::ZeroDuration()); });
}

PreferenceList PlayedCoordinator::HomesOf(const std::string& key) const {
  return ring_->Preference(HashRing::Token(key), copies_);
}

void PlayedCoordinator::Write(PlayedWrite write) {
  const auto it = std::make_shared<const PlayedWrite>(std::move(write));  // until it has ended
  WriteOperation::Write begun{.key = it->key,
                              .ttl = it->ttl,
                              .tombstone = !it->value.has_value(),
                              .consistency = it->consistency};
  if (it->value) begun.value = *it->value;
  if (it->stamp != 0) begun.stamp = {.timestamp = it->stamp, .clock = id_};
  const MonotonicTime deadline = clock_.Monotonic() + absl::ToChronoNanoseconds(kWriteTimeout);
  const auto done = [this, it](const absl::StatusOr<Receipt>& receipt) {
    if (!ended_ && it->answered) it->answered(receipt);
    if (ended_ || !receipt.ok() || !it->acknowledged) return;
    shard_.AwaitWrites([this, it, version = receipt->version] {
      if (!ended_) it->acknowledged(version);
    });
  };
  (new WriteOperation(shard_, begun, HashRing::Token(it->key), deadline, done))->Run();
}

void PlayedCoordinator::Read(std::string key,
                             std::function<void(const absl::StatusOr<ReadResult>&)> done) {
  const auto it = std::make_shared<const std::string>(std::move(key));  // until it has ended
  const MonotonicTime deadline = clock_.Monotonic() + absl::ToChronoNanoseconds(kWriteTimeout);
  (new QuorumRead(shard_, *it, HashRing::Token(*it), {Consistency::kQuorum, {}}, deadline,
                  [this, it, done = std::move(done)](const absl::StatusOr<ReadResult>& result) {
                    if (!ended_) done(result);
                  }))
      ->Run();
}

}  // namespace kache::testing
