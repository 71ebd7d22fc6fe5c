#include "server/replication/shard_thread.h"

#include <utility>

#include "absl/container/inlined_vector.h"
#include "server/replication/lag.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

constexpr absl::Duration kMetricsInterval = absl::Milliseconds(250);

}  // namespace

ShardThread::ShardThread(size_t index, std::unique_ptr<Shard> shard, HealthMonitor& monitor,
                         const std::vector<redis::Endpoint>& endpoints,
                         const redis::ClientOptions& options, size_t lag_bytes,
                         const redis::NodeClientDecorator& decorate, prometheus::Registry& registry)
    : index_(index),
      lag_bytes_(lag_bytes),
      monitor_(monitor),
      node_metrics_(registry, shard->ring().names(), index),
      shard_(std::move(shard)),
      lease_waits_(*shard_),
      reconnects_(endpoints.size()) {
  ConnectAll(endpoints, options, decorate);
  thread_ = std::thread([this] { loop_.Run(); });
}

ShardThread::~ShardThread() {
  loop_.PostFunction([this] {
    tick_.reset();
    metrics_tick_.reset();
    shard_->SetClients({});
    lease_waits_.Clear();
    clients_.clear();  // answers what waits
    decorated_.clear();
    loop_.Stop();
  });
  thread_.join();
}

void ShardThread::ConnectAll(const std::vector<redis::Endpoint>& endpoints,
                             const redis::ClientOptions& options,
                             const redis::NodeClientDecorator& decorate) {
  // What a shard sends does no harm when it is carried out twice: reads, records of one version,
  // notes.
  redis::ClientOptions resuming = options;
  resuming.resume_limit = options.silence_limit;
  std::vector<redis::NodeClient*> clients;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    clients_.push_back(redis::RedisClient::Create(
        loop_, NodeId(static_cast<uint16_t>(i)), endpoints[i], resuming, AllScripts(), *this,
        [this] { return MostNodesAreSilent(); },
        [this, i](size_t counted_bytes) { return MayQueue(i, counted_bytes); }));
    clients.push_back(clients_.back().get());
    if (!decorate) continue;
    decorated_.push_back(decorate(*clients_.back()));
    clients.back() = decorated_.back().get();
  }
  shard_->SetClients(std::move(clients));
  tick_ = loop_.Every(Shard::kTick, [this] {
    shard_->Tick();
    lease_waits_.Tick();
  });
  metrics_tick_ = loop_.Every(kMetricsInterval, [this] {
    node_metrics_.Update(clients_);
    node_metrics_.UpdateShard(shard_->running());
  });
}

void ShardThread::OnTopology(std::shared_ptr<const Topology> topology) {
  loop_.PostFunction([this, topology = std::move(topology)] {
    shard_->SetTopology(topology);
    reconnects_.OnTopology(*topology, clients_);
  });
}

bool ShardThread::MostNodesAreSilent() const {
  size_t silent = 0;
  for (const auto& client : clients_) silent += client->Silent() ? 1 : 0;
  return silent * 2 > clients_.size();
}

bool ShardThread::MayQueue(size_t node, size_t counted_bytes) const {
  if (LagOf(counted_bytes, shard_->unanswered_bytes()) == 0) return true;
  absl::InlinedVector<size_t, 8> queued;
  for (const auto& client : clients_) queued.push_back(client->counted_bytes());
  return MayLagFurther(queued, node, shard_->unanswered_bytes(), lag_bytes_);
}

void ShardThread::OnConnected(NodeId node, const redis::ServerFacts& facts) {
  shard_->OnConnected(node);
  monitor_.OnConnected(index_, node, facts);
}

void ShardThread::OnDown(NodeId node, const redis::DownReason& reason) {
  monitor_.OnDown(index_, node, reason);
}

void ShardThread::OnPing(NodeId node, absl::Duration round_trip) {
  monitor_.OnPing(node, round_trip);
}

}  // namespace kache
