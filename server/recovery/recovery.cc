#include "server/recovery/recovery.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/notification.h"
#include "base/strings.h"
#include "server/recovery/recovery_scripts.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(10);
// Between looks while any node is not UP.
constexpr absl::Duration kHurriedInterval = absl::Milliseconds(200);
constexpr absl::Duration kLookTimeout = absl::Seconds(2);
constexpr absl::Duration kGoodbyeTimeout = absl::Milliseconds(500);

std::vector<std::vector<bool>> ShareArcs(const HashRing& ring, size_t homes) {
  std::vector<std::vector<bool>> share(ring.nodes(), std::vector<bool>(ring.nodes(), false));
  for (const HashRing::VirtualNode& vnode : ring.virtual_nodes()) {
    const PreferenceList nodes = ring.Preference(vnode.token, homes);
    for (const NodeId a : nodes) {
      for (const NodeId b : nodes) share[a.index()][b.index()] = true;
    }
  }
  return share;
}

std::string Describe(const HashRing& ring, uint32_t replication_factor) {
  std::vector<std::string> names = ring.names();
  std::sort(names.begin(), names.end());
  return Concat("servers ", absl::StrJoin(names, ", "), "; ", ring.vnodes_per_node(),
                " virtual nodes each; replication factor ", replication_factor);
}

bool Passed(MonotonicTime since, MonotonicTime now, absl::Duration time) {
  return absl::FromChrono(now - since) >= time;
}

}  // namespace

Recovery::Recovery(RecoveryConfig config, std::shared_ptr<const HashRing> ring,
                   Coordinator& coordinator, HealthMonitor& monitor, ClusterClock& clock,
                   prometheus::Registry& registry)
    : config_(std::move(config)),
      ring_(std::move(ring)),
      fingerprint_(ring_->Fingerprint(config_.replication_factor)),
      homes_(std::min<size_t>(config_.replication_factor, ring_->nodes())),
      share_arcs_(ShareArcs(*ring_, homes_)),
      ring_description_(Describe(*ring_, config_.replication_factor)),
      keys_(config_.key_prefix),
      coordinator_(coordinator),
      self_(coordinator.id()),
      monitor_(monitor),
      clock_(clock),
      metrics_(registry, ring_->names()),
      nodes_(ring_->nodes()),
      topology_(monitor.topology()),
      started_(clock.Monotonic()),
      losses_(ring_, homes_),
      resync_rate_(config_.resync_keys_per_second) {
  if (config_.accept_ring) LogAcceptedChange();
  Connect();
  observation_ = monitor_.Observe([this](std::shared_ptr<const Topology> topology) {
    loop_.PostFunction([this, topology = std::move(topology)] { OnTopology(topology); });
  });
  monitor_.SetChecker(
      [this](NodeId node) { loop_.PostFunction([this, node] { at(node).look_due = true; }); });
  thread_ = std::thread([this] { loop_.Run(); });
}

Recovery::~Recovery() { Stop(); }

void Recovery::Connect() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].accepts_ring = config_.accept_ring && config_.accept_ring->to == fingerprint_;
    nodes_[i].client =
        redis::RedisClient::Create(loop_, NodeId(static_cast<uint16_t>(i)), config_.endpoints[i],
                                   config_.client, RecoveryScripts(), *this);
    if (config_.decorate) nodes_[i].decorated = config_.decorate(*nodes_[i].client);
  }
  tick_ = loop_.Every(kTick, [this] { Tick(); });
}

void Recovery::Stop() {
  if (!thread_.joinable()) return;
  said_goodbye_ = true;
  monitor_.SetChecker(nullptr);
  observation_.reset();
  struct Goodbye {
    std::atomic<size_t> waiting{1};
    Notification said;
    void OneLess() {
      if (--waiting == 0) said.Notify();
    }
  };
  auto goodbye = std::make_shared<Goodbye>();  // outlives this call where a node is slow
  loop_.PostFunction([this, goodbye] {
    for (Node& node : nodes_) {
      if (!node.client->Ready()) continue;
      ++goodbye->waiting;
      node.client->Send(redis::Command::Of({"HDEL", keys_.Coordinators(), CoordinatorText(self_)}),
                        kGoodbyeTimeout,
                        [goodbye](const absl::StatusOr<redis::Reply>&) { goodbye->OneLess(); });
    }
    stopping_ = true;
    tick_.reset();  // no further sign of life
    goodbye->OneLess();
  });
  goodbye->said.WaitForNotificationWithTimeout(2 * kGoodbyeTimeout);
  loop_.PostFunction([this] {
    resync_.reset();
    sweep_.reset();
    for (Node& node : nodes_) node.client.reset();
    loop_.Stop();
  });
  thread_.join();
}

std::vector<NodeId> Recovery::AllNodes() const {
  std::vector<NodeId> all;
  for (size_t i = 0; i < nodes_.size(); ++i) all.emplace_back(static_cast<uint16_t>(i));
  return all;
}

std::vector<redis::NodeClient*> Recovery::Clients() {
  std::vector<redis::NodeClient*> clients;
  for (Node& node : nodes_) clients.push_back(&client(node));
  return clients;
}

void Recovery::Send(NodeId node, redis::Command command,
                    absl::AnyInvocable<void(const absl::StatusOr<redis::Reply>&)> done) {
  client(at(node)).Send(
      std::move(command), kLookTimeout,
      [done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable { done(reply); });
}

bool Recovery::IsCurrent(NodeId node) const {
  const Node& it = nodes_[node.index()];
  return it.look && status(node).connected && it.look_changes == status(node).connection_changes;
}

void Recovery::Tick() {
  const MonotonicTime now = clock_.Monotonic();
  const bool hurried =
      std::any_of(topology_->nodes.begin(), topology_->nodes.end(),
                  [](const NodeStatus& status) { return status.state != NodeState::kUp; });
  const absl::Duration interval =
      hurried ? std::min(kHurriedInterval, config_.check_interval) : config_.check_interval;
  // A node whose first connection takes for ever must not hold up the start.
  const bool patience_over = Passed(started_, now, 2 * config_.client.connect_timeout);
  for (const NodeId id : AllNodes()) {
    Node& node = at(id);
    if (patience_over && !patience_over_) node.attempted = true;
    if (node.looking || !IsReady(id)) continue;
    if (node.look_due || Passed(node.looked_at, now, interval)) SendLook(id);
  }
  if (patience_over && !std::exchange(patience_over_, true)) Reconsider();
  PumpJobs(now);
}

void Recovery::SendLook(NodeId node) {
  Node& it = at(node);
  it.looking = true;
  it.look_due = false;
  it.looked_at = clock_.Monotonic();
  const uint64_t changes = status(node).connection_changes;
  const bool connected = status(node).connected;
  client(it).Send(
      LookCommand(keys_, self_, config_.check_interval, it.settled, fingerprint_, not_whole_),
      kLookTimeout, [this, node, changes, connected](absl::StatusOr<redis::Reply> reply) {
        // What was asked while a connection of the data path was missing proves nothing
        // for it.
        OnLook(node, connected ? changes : UINT64_MAX, std::move(reply));
      });
}

void Recovery::OnLook(NodeId node, uint64_t changes, absl::StatusOr<redis::Reply> reply) {
  Node& it = at(node);
  it.looking = false;
  if (reply.ok()) monitor_.OnPing(node, absl::FromChrono(clock_.Monotonic() - it.looked_at));
  std::optional<Look> look = reply.ok() && IsReady(node) ? ParseLook(*reply) : std::nullopt;
  if (!look) {
    metrics_.looks_failed.Increment();
    spdlog::debug("a check of a node failed node={} error=\"{}\"", name(node),
                  reply.ok() ? reply->text : reply.status().ToString());
  } else {
    it.look_changes = changes;
    NoteTime(node, absl::FromUnixMillis(look->now_ms));
    NoteLook(it, *std::move(look));
    ForgetSeenTo(node);
  }
  it.attempted = true;
  Reconsider();
}

// A node whose clock ran far ahead has ended lives that are not over, tombstones among them: it may
// lack anything, and is compared with the others before it is read again.
void Recovery::NoteTime(NodeId node, absl::Time told) {
  const bool was_skewed = clock_.node_clock(node).skewed;
  clock_.OnNodeTime(node, at(node).looked_at, clock_.Monotonic(), told);
  const ClusterClock::NodeClock& now = clock_.node_clock(node);
  if (now.skewed && !was_skewed && now.offset > absl::ZeroDuration()) {
    monitor_.OnWriteMissed(node);
  }
}

void Recovery::NoteLook(Node& node, Look look) {
  if (look.marker && look.marker->ring == fingerprint_) node.accepts_ring = false;
  // While several coordinators start together one may have written its first marker here only.
  node.looks_without_marker = look.has_marker ? 0 : node.looks_without_marker + 1;
  const std::optional<Marker>& now = look.marker;
  const bool same = node.look && node.look->marker && now && node.look->marker->sync == now->sync &&
                    node.look->marker->whole == now->whole;
  if (!same) node.marker_seen_at = clock_.Monotonic();
  node.look_sent_at = node.looked_at;
  node.look = std::move(look);
}

std::optional<NodeId> Recovery::Find(std::string_view wanted) const {
  for (const NodeId node : AllNodes()) {
    if (name(node) == wanted) return node;
  }
  return std::nullopt;
}

void Recovery::OnTopology(std::shared_ptr<const Topology> topology) {
  const std::shared_ptr<const Topology> before = std::exchange(topology_, std::move(topology));
  for (const NodeId node : AllNodes()) {
    const NodeStatus& was = before->nodes[node.index()];
    const NodeStatus& is = status(node);
    if (was.connection_changes != is.connection_changes || was.connected != is.connected ||
        was.missed != is.missed) {
      at(node).look_due = true;
    }
    // While several processes answer under its name, none of them is the node.
    if (is.processes != ProcessAgreement::kOne) at(node).look.reset();
    if (was.rounds != is.rounds) at(node).client->Reconnect(ReasonToReconnect(is.processes));
  }
}

void Recovery::OnConnected(NodeId node, const redis::ServerFacts& facts) {
  at(node).look_due = true;
  monitor_.OnRecoveryConnected(node, facts);
}

void Recovery::OnDown(NodeId node, const redis::DownReason&) {
  monitor_.OnRecoveryDown(node);
  Node& it = at(node);
  it.look.reset();
  it.attempted = true;
  it.settling = false;
  it.fencing = false;
  Reconsider();
}

void Recovery::OnPing(NodeId, absl::Duration) {}

Evidence Recovery::MakeEvidence() const {
  Evidence evidence;
  evidence.self = self_;
  evidence.ring = fingerprint_;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    NodeEvidence each;
    each.name = ring_->names()[i];
    // A node that the data path can't reach, or that is another's duplicate, is none to judge by.
    const NodeStatus& status = topology_->nodes[i];
    const bool tried = status.connected || status.connection_tried || patience_over_;
    each.attempted = node.attempted && tried;
    if (status.connected) each.look = node.look;
    each.look_sent_at = node.look_sent_at;
    each.marker_seen_at = node.marker_seen_at;
    each.accepts_ring = node.accepts_ring && node.look && node.look->marker &&
                        node.look->marker->ring == config_.accept_ring->from;
    each.clock_skewed = clock_.node_clock(NodeId(static_cast<uint16_t>(i))).skewed;
    each.missed_unfenced = topology_->nodes[i].missed > std::max(node.fenced, node.resolved);
    evidence.nodes.push_back(std::move(each));
  }
  return evidence;
}

void Recovery::Reconsider() {
  if (stopping_) return;
  for (const NodeId node : AllNodes()) ResolveIfWhole(node);
  const Evidence evidence = MakeEvidence();
  const std::vector<Assessment> assessments = Judge(evidence);
  Publish(assessments);
  WarnOfRings(assessments);
  if (assessments.front().verdict == Standing::Verdict::kUnchecked) return;
  WarnOfLosses(evidence);
  NoteNotWhole(assessments);
  clock_.Serve();
  for (const NodeId node : AllNodes()) {
    if (assessments[node.index()].verdict == Standing::Verdict::kExcluded) {
      SettleIfFenced(node);  // Another ring is filled once the writes by ours have ended.
      continue;
    }
    at(node).waiting_for.clear();
    Act(evidence, node, assessments[node.index()]);
    ShareMembers(evidence, node);
    if (MayResync(evidence, node)) BeginResync(node);
    LogWaiting(node);
  }
  PublishProgress();
}

}  // namespace kache
