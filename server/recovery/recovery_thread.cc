#include "server/recovery/recovery_thread.h"

#include <utility>

#include "base/notification.h"
#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/lost_coordinator.h"
#include "server/recovery/copy_scripts.h"
#include "server/replication/hint_scripts.h"

namespace kache {
namespace {

constexpr absl::Duration kGoodbyeTimeout = absl::Seconds(1);

std::vector<const redis::Script*> Scripts() {
  std::vector<const redis::Script*> scripts = BookkeepingScripts();
  for (const redis::Script* script : CopyScripts()) scripts.push_back(script);
  for (const redis::Script* script : HintScripts()) scripts.push_back(script);
  return scripts;
}

}  // namespace

RecoveryThread::RecoveryThread(RecoveryConfig config, RecoveryNodes nodes,
                               std::shared_ptr<const HashRing> ring, Coordinator& coordinator,
                               HealthMonitor& monitor, ClusterClock& clock,
                               prometheus::Registry& registry,
                               std::function<void()> on_declared_lost)
    : coordinator_(coordinator),
      monitor_(monitor),
      metrics_(registry, ring->names()),
      reconnects_(ring->nodes()) {
  const KeySpace keys(config.key_prefix);
  nodes.client.name = ConnectionName(coordinator.id());
  nodes.client.lost_question = LostQuestion(keys, coordinator.id());
  // All that the recovery sends may be carried out twice in a row: records of one version, and
  // scripts that compare before they set.
  nodes.client.resume_limit = nodes.client.silence_limit;
  std::vector<redis::NodeClient*> clients;
  for (size_t i = 0; i < ring->nodes(); ++i) {
    clients_.push_back(redis::RedisClient::Create(loop_, NodeId(static_cast<uint16_t>(i)),
                                                  nodes.endpoints[i], nodes.client, Scripts(),
                                                  *this));
    clients.push_back(clients_.back().get());
    if (!nodes.decorate) continue;
    decorated_.push_back(nodes.decorate(*clients.back()));
    clients.back() = decorated_.back().get();
  }
  const uint64_t fingerprint = ring->Fingerprint(config.replication_factor);
  recovery_ =
      std::make_unique<Recovery>(RecoveryContext{.config = std::move(config),
                                                 .ring = std::move(ring),
                                                 .keys = keys,
                                                 .self = coordinator.id(),
                                                 .fingerprint = fingerprint,
                                                 .monitor = monitor,
                                                 .clock = clock,
                                                 .data_path = *this,
                                                 .metrics = metrics_,
                                                 .clients = std::move(clients),
                                                 .topology = monitor.topology(),
                                                 .on_declared_lost = std::move(on_declared_lost)});
  tick_ = loop_.Every(Recovery::kTick, [this] { recovery_->Tick(); });
  observation_ = monitor_.Observe([this](std::shared_ptr<const Topology> topology) {
    loop_.PostFunction([this, topology = std::move(topology)] {
      recovery_->OnTopology(topology);
      reconnects_.OnTopology(*topology, clients_);
    });
  });
  monitor_.SetChecker(
      [this](NodeId node) { loop_.PostFunction([this, node] { recovery_->Inspect(node); }); });
  thread_ = std::thread([this] { loop_.Run(); });
}

RecoveryThread::~RecoveryThread() { Stop(/*complete=*/false); }

void RecoveryThread::Stop(bool complete) {
  if (!thread_.joinable()) return;
  stopping_ = true;
  monitor_.SetChecker(nullptr);
  observation_.reset();
  if (complete) SayGoodbye();
  loop_.PostFunction([this] {
    tick_.reset();
    recovery_->Stop();
    clients_.clear();
    loop_.Stop();
  });
  thread_.join();
}

void RecoveryThread::SayGoodbye() {
  auto said = std::make_shared<Notification>();  // outlives this call where a node is slow
  loop_.PostFunction([this, said] { recovery_->SayGoodbye([said] { said->Notify(); }); });
  said->WaitForNotificationWithTimeout(kGoodbyeTimeout);
}

void RecoveryThread::DeclareLost(std::string name, absl::AnyInvocable<void(absl::Status)> done) {
  if (stopping_) return done(absl::UnavailableError("this server is stopping"));
  loop_.PostFunction([this, name = std::move(name), done = std::move(done)]() mutable {
    recovery_->DeclareLost(name, std::move(done));
  });
}

void RecoveryThread::Drain(NodeId node, absl::AnyInvocable<void()> done) {
  coordinator_.Settle(
      node, [this, done = std::move(done)]() mutable { loop_.PostFunction(std::move(done)); });
}

void RecoveryThread::RestoreNote(NodeId about, NodeId holder) {
  coordinator_.RestoreNote(about, holder);
}

void RecoveryThread::MeasureLatency(absl::AnyInvocable<void(absl::Duration)> done) {
  coordinator_.MeasureLatency([this, done = std::move(done)](absl::Duration latency) mutable {
    loop_.PostFunction([latency, done = std::move(done)]() mutable { done(latency); });
  });
}

void RecoveryThread::OnConnected(NodeId node, const redis::ServerFacts& facts) {
  monitor_.OnRecoveryConnected(node, facts);
  if (recovery_) recovery_->OnConnected(node);
}

void RecoveryThread::OnDown(NodeId node, const redis::DownReason& reason) {
  monitor_.OnRecoveryDown(node, reason);
  if (!recovery_) return;
  recovery_->OnDown(node);
  if (reason.code == redis::kCoordinatorLost) recovery_->OnDeclaredLost();
}

void RecoveryThread::OnPing(NodeId, absl::Duration) {}

}  // namespace kache
