#include "tests/testing/played_coordinator.h"

#include <algorithm>
#include <utility>

#include "server/bookkeeping/missed_note.h"
#include "server/replication/placement.h"
#include "server/replication/repair.h"
#include "server/replication/scripts.h"
#include "server/replication/stand_in.h"
#include "server/replication/store_terms.h"
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
  options.write_timeout = kWriteTimeout;
  options.tombstone_ttl = config.tombstone_ttl;
  options.standin_ttl = std::min(options.standin_ttl, config.tombstone_ttl);
  options.max_clock_skew = config.max_clock_skew;
  options.max_write_age = config.max_write_age;
  return options;
}

}  // namespace

struct PlayedCoordinator::Running {
  PlayedWrite write;
  uint64_t number = 0;
  Version version;
  size_t outstanding = 0;
  size_t stored = 0;
  std::vector<size_t> failed_homes = {};
};

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
      noted_(nodes.size(), false) {
  std::vector<redis::NodeClient*> clients;
  for (const auto& node : nodes_) {
    connections_.push_back(std::make_unique<PlayedConnection>(*node));
    data_connections_.push_back(std::make_unique<PlayedConnection>(*node));
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
  for (auto& connection : data_connections_) connection->Break();
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
  recovery_->Tick();
}

void PlayedCoordinator::Deliver() {
  for (bool any = true; any;) {
    any = false;
    if (topology_) recovery_->OnTopology(std::exchange(topology_, nullptr));
    for (auto& connection : connections_) any |= connection->Deliver();
    for (auto& connection : data_connections_) any |= connection->Deliver();
    const auto all_ended = [this](uint64_t before) {
      return !holds_writes_ && (running_.empty() || *running_.begin() >= before);
    };
    while (!drains_.empty() && all_ended(drains_.front().before)) {
      auto done = std::move(drains_.front().done);
      drains_.pop_front();
      done();
      any = true;
    }
  }
}

void PlayedCoordinator::Connect(size_t node) {
  connections_[node]->Connect();
  data_connections_[node]->Connect();
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

void PlayedCoordinator::Disconnect(size_t node) {
  for (size_t shard = 0; shard < kShards; ++shard) {
    monitor_.OnDown(shard, Id(node), {"connection_lost", "played"});
  }
  data_connections_[node]->Break();
  connections_[node]->Break();
  recovery_->OnDown(Id(node));
}

void PlayedCoordinator::Miss(size_t node) {
  const uint64_t count = monitor_.OnWriteMissed(Id(node));
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (i == node || !connections_[i]->Ready()) continue;
    nodes_[i]->SetHash(keys_.Missed(), MissedField(ring_->names()[node], id_),
                       MissedValue({count, absl::ToUnixMillis(clock_.Now())}));
  }
}

void PlayedCoordinator::SayGoodbye() {
  recovery_->SayGoodbye([] {});
  Deliver();
}

void PlayedCoordinator::Sever(size_t node) {
  data_connections_[node]->Sever();
  connections_[node]->Sever();
}

double PlayedCoordinator::Metric(const std::string& name) { return MetricValue(registry_, name); }

void PlayedCoordinator::Drain(NodeId node, absl::AnyInvocable<void()> done) {
  noted_[node.index()] = false;
  drains_.push_back({next_write_, std::move(done)});
}

void PlayedCoordinator::MeasureWait(absl::AnyInvocable<void(absl::Duration)> done) {
  drains_.push_back({0, [done = std::move(done)]() mutable { done(absl::ZeroDuration()); }});
}

PreferenceList PlayedCoordinator::HomesOf(const std::string& key) const {
  return ring_->Preference(HashRing::Token(key), copies_);
}

void PlayedCoordinator::NoteMissed(size_t node) {
  if (noted_[node]) return;
  noted_[node] = true;
  const uint64_t count = monitor_.OnWriteMissed(Id(node));
  const auto note =
      redis::Command::Of({"HSET", keys_.Missed(), MissedField(ring_->names()[node], id_),
                          MissedValue({count, absl::ToUnixMillis(clock_.Now())})});
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (i == node || !data_connections_[i]->Ready()) continue;
    if (Status(i).connected && Status(i).state == NodeState::kDown) continue;
    data_connections_[i]->Send(note, options_.write_timeout, [](absl::StatusOr<redis::Reply>) {});
  }
}

void PlayedCoordinator::Write(PlayedWrite write) {
  const PreferenceList homes = HomesOf(write.key);
  PreferenceList walk;
  const auto whole_walk = [&]() -> const PreferenceList& {
    walk = ring_->Preference(HashRing::Token(write.key), nodes_.size());
    return walk;
  };
  const WritePlan plan = PlanWrite(homes, whole_walk, [&](NodeId node) {
    const NodeStatus status = Status(node.index());
    return NodeView{status.state, status.takes_writes, false};
  });
  if (plan.targets.empty()) return;
  auto running = std::make_shared<Running>();
  running->write = std::move(write);
  running->number = next_write_++;
  running_.insert(running->number);
  Record record;
  const absl::Time now = clock_.Now();
  if (running->write.stamp == 0) {
    last_stamp_ = std::max(last_stamp_ + 1, static_cast<uint64_t>(absl::ToUnixMillis(now)) << 16);
    running->write.stamp = last_stamp_;
  }
  record.version = {running->write.stamp, id_};
  record.tombstone = !running->write.value;
  if (running->write.value) record.value = *running->write.value;
  if (record.tombstone) record.expires_at_ms = absl::ToUnixMillis(now + options_.tombstone_ttl);
  EncodeStamped(&record);
  running->version = record.version;
  for (const NodeId home : homes) {
    const bool sent = std::any_of(plan.targets.begin(), plan.targets.end(),
                                  [&](const WriteTarget& target) { return target.node == home; });
    if (!sent) NoteMissed(home.index());
  }
  running->outstanding = plan.targets.size();
  for (const WriteTarget& target : plan.targets) {
    SendCopy(running, target.node.index(), record, target.home);
  }
}

void PlayedCoordinator::SendCopy(const std::shared_ptr<Running>& write, size_t node,
                                 const Record& record, bool home) {
  const absl::Time now = clock_.Now();
  KeyEnds ends{record.expires_at_ms, KeptUntilMs(record, options_.tombstone_ttl)};
  std::string bytes = EncodeRecord(record);
  if (!home) {
    ends = EndsOnStandIn(record, now, options_);
    bytes = WithStandInFlag(bytes, true);
  }
  const absl::Duration offset = clock_.node_clock(Id(node)).applied;
  const auto at_node = [&](int64_t ms) { return AtNodeMs(ms, offset); };
  data_connections_[node]->Send(
      redis::Command::Call(
          SetIfNewer(), {keys_.Data(write->write.key)},
          {bytes, EncodeTerms({at_node(ends.ends_ms), at_node(ends.limit_ms),
                               at_node(absl::ToUnixMillis(now + options_.max_write_age))})}),
      options_.write_timeout, [this, write, node, home](absl::StatusOr<redis::Reply> reply) {
        if (ended_) return;
        // What holds something newer has what this write comes to.
        const bool stored = reply.ok() && !reply->IsError() && !reply->IsInteger(kTooLateReply);
        if (stored) {
          ++write->stored;
        } else if (home) {
          write->failed_homes.push_back(node);
        }
        if (--write->outstanding == 0) EndWrite(*write);
      });
}

void PlayedCoordinator::EndWrite(Running& write) {
  if (write.stored > 0) {
    for (const size_t node : write.failed_homes) NoteMissed(node);
    if (write.write.acknowledged) write.write.acknowledged(write.version);
  }
  running_.erase(write.number);
}

}  // namespace kache::testing
