#include "server/api/status_calls.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/version.h"
#include "server/api/receipts.h"

namespace kache {
namespace {

void FillRecovery(const HealthMonitor::Recovery& recovery, const NodeStatus& status,
                  v1::Node& message) {
  message.set_swept_unix_ms(recovery.swept_unix_ms);
  message.set_keys(recovery.keys);
  message.set_clock_offset_ms(absl::ToInt64Milliseconds(recovery.clock_offset));
  if (status.state != NodeState::kSyncing) return;
  if (!recovery.resyncing && recovery.waiting_for.empty()) return;
  v1::Resync& resync = *message.mutable_resync();
  resync.set_keys_done(recovery.keys_done);
  resync.set_keys_left(recovery.keys_left);
  resync.set_keys_per_second(recovery.keys_per_second);
  if (!recovery.resyncing) resync.set_waiting_for(recovery.waiting_for);
}

v1::NodeDoubt ToProto(Doubt doubt) {
  switch (doubt) {
    case Doubt::kNone:
      return v1::NODE_DOUBT_NONE;
    case Doubt::kBehind:
      return v1::NODE_DOUBT_BEHIND;
    case Doubt::kAmnesic:
      return v1::NODE_DOUBT_AMNESIC;
  }
  return v1::NODE_DOUBT_UNSPECIFIED;
}

void FillNode(const NodeStatus& status, const HealthMonitor::Ping& ping, v1::Node& message) {
  message.set_state(kache::ToProto(status.state));
  message.set_reason(status.reason);
  message.set_since_unix_ms(absl::ToUnixMillis(status.since));
  if (ping.at != absl::InfinitePast()) {
    message.set_last_ping_unix_ms(absl::ToUnixMillis(ping.at));
    message.set_ping_rtt_us(absl::ToInt64Microseconds(ping.round_trip));
  }
  if (status.state != NodeState::kDown) message.set_doubt(ToProto(status.doubt));
  message.set_run_id(status.run_id);
  message.set_redis_version(status.version);
}

}  // namespace

void ServeStatus(ServiceContext& context, const v1::GetStatusRequest&, MonotonicTime,
                 v1::GetStatusResponse& response, Answer& answer) {
  const std::shared_ptr<const Topology> topology = context.monitor.topology();
  const std::vector<HealthMonitor::Ping> pings = context.monitor.pings();
  const std::vector<HealthMonitor::Recovery> recoveries = context.monitor.recoveries();
  const HashRing& ring = *topology->ring;
  for (size_t i = 0; i < ring.nodes(); ++i) {
    v1::Node& message = *response.add_nodes();
    const NodeId node(static_cast<uint16_t>(i));
    message.set_name(ring.names()[i]);
    message.set_node_id(ring.WireId(node));
    message.set_address(context.addresses[i]);
    message.set_share(ring.Share(node));
    FillNode(topology->nodes[i], pings[i], message);
    FillRecovery(recoveries[i], topology->nodes[i], message);
  }
  response.set_replication_factor(context.replication_factor);
  response.set_vnodes_per_node(ring.vnodes_per_node());
  response.set_ring_fingerprint(ring.Fingerprint(context.replication_factor));
  response.set_coordinator(context.coordinator_id);
  response.set_server_version(kVersion);
  response.set_started_at_unix_ms(absl::ToUnixMillis(context.started_at));
  response.set_accept_ring(context.accept_ring);
  answer.Finish(absl::OkStatus());
}

void ServeForsake(ServiceContext& context, const v1::ForsakeNodeRequest& request, MonotonicTime,
                  v1::ForsakeNodeResponse&, Answer& answer) {
  context.recovery.DeclareLost(
      request.name(), [&answer](absl::Status status) { answer.Finish(std::move(status)); });
}

}  // namespace kache
