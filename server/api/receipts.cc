#include "server/api/receipts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/error_details.h"
#include "server/api/status_details.h"
#include "server/api/status_map.h"

namespace kache {
namespace {

void FillVersion(const Version& version, v1::Version& message) {
  message.set_timestamp(version.timestamp);
  message.set_clock(version.clock);
}

v1::Replica::Content ToProto(ReplicaContent::Kind kind) {
  switch (kind) {
    case ReplicaContent::Kind::kNone:
      return v1::Replica::CONTENT_NONE;
    case ReplicaContent::Kind::kValue:
      return v1::Replica::CONTENT_VALUE;
    case ReplicaContent::Kind::kTombstone:
      return v1::Replica::CONTENT_TOMBSTONE;
    case ReplicaContent::Kind::kExpired:
      return v1::Replica::CONTENT_EXPIRED;
    case ReplicaContent::Kind::kForeign:
      return v1::Replica::CONTENT_FOREIGN;
    case ReplicaContent::Kind::kNewerFormat:
      return v1::Replica::CONTENT_NEWER_FORMAT;
    case ReplicaContent::Kind::kUnknown:
      return v1::Replica::CONTENT_UNKNOWN;
  }
  return v1::Replica::CONTENT_UNSPECIFIED;
}

void FillReplica(const ReplicaContent& replica, const HashRing& ring, v1::Replica& message) {
  message.set_node_id(ring.WireId(replica.node));
  message.set_state(ToProto(replica.state));
  message.set_content(ToProto(replica.kind));
  if (!replica.version.IsZero()) FillVersion(replica.version, *message.mutable_version());
  message.set_expires_at_unix_ms(replica.expires_at_ms);
  message.set_value_bytes(replica.value_bytes);
  message.set_error(replica.error);
}

}  // namespace

v1::NodeState ToProto(NodeState state) {
  switch (state) {
    case NodeState::kUp:
      return v1::NODE_STATE_UP;
    case NodeState::kSyncing:
      return v1::NODE_STATE_SYNCING;
    case NodeState::kDown:
      return v1::NODE_STATE_DOWN;
  }
  return v1::NODE_STATE_UNSPECIFIED;
}

Consistency FromProto(v1::Consistency consistency) {
  switch (consistency) {
    case v1::CONSISTENCY_QUORUM:
      return Consistency::kQuorum;
    case v1::CONSISTENCY_ALL:
      return Consistency::kAll;
    default:  // the others are refused by Validate
      return Consistency::kOne;
  }
}

Version FromProto(const v1::Version& version) { return {version.timestamp(), version.clock()}; }

Stamp FromProto(const v1::Stamp& stamp) {
  return {stamp.timestamp(), stamp.clock(), stamp.made_at_unix_ms(), FromProto(stamp.above()),
          stamp.lease()};
}

void FillReceipt(const Receipt& receipt, v1::Receipt& message) {
  if (!receipt.version.IsZero()) FillVersion(receipt.version, *message.mutable_version());
  message.set_acknowledged(receipt.acknowledged);
  message.set_required(receipt.required);
  message.set_degraded(receipt.degraded);
  message.set_expires_at_unix_ms(receipt.expires_at_ms);
}

void FillGetResponse(ReadResult&& result, const HashRing& ring, v1::GetResponse& message) {
  v1::Receipt& receipt = *message.mutable_receipt();
  FillReceipt(result.receipt, receipt);
  if (result.receipt.node.has_value()) receipt.set_node_id(ring.WireId(*result.receipt.node));
  if (!result.found) return;
  message.set_found(true);
  message.set_value(std::move(result.value));
  message.set_ttl_ms(result.ttl_ms);
}

void FillLeaseResponse(LeaseResult&& result, const HashRing& ring,
                       v1::GetOrLeaseResponse& message) {
  v1::Receipt& receipt = *message.mutable_receipt();
  FillReceipt(result.read.receipt, receipt);
  if (result.read.receipt.node.has_value()) {
    receipt.set_node_id(ring.WireId(*result.read.receipt.node));
  }
  const int64_t left_ms = std::max<int64_t>(absl::ToInt64Milliseconds(result.left), 1);
  switch (result.kind) {
    case LeaseResult::Kind::kHit:
      message.set_outcome(v1::GetOrLeaseResponse::OUTCOME_HIT);
      message.set_value(std::move(result.read.value));
      message.set_ttl_ms(result.read.ttl_ms);
      return;
    case LeaseResult::Kind::kGiven: {
      message.set_outcome(v1::GetOrLeaseResponse::OUTCOME_LEASE);
      v1::Stamp& lease = *message.mutable_lease();
      lease.set_timestamp(result.token.timestamp);
      lease.set_clock(result.token.clock);
      lease.set_lease(true);
      message.set_lease_ms(left_ms);
      return;
    }
    case LeaseResult::Kind::kHeld:
      message.set_outcome(v1::GetOrLeaseResponse::OUTCOME_WAIT);
      message.set_lease_ms(left_ms);
      return;
  }
}

void FillTouchResponse(const TouchResult& result, v1::TouchResponse& message) {
  message.set_found(result.found);
  FillReceipt(result.receipt, *message.mutable_receipt());
}

void FillLocation(const Location& location, const HashRing& ring, v1::LocateResponse& message) {
  message.set_token(location.token);
  message.set_home_replicas(static_cast<uint32_t>(location.home_replicas));
  for (const ReplicaContent& replica : location.replicas) {
    FillReplica(replica, ring, *message.add_replicas());
  }
  if (location.served_by.has_value()) {
    message.set_served_by_node_id(ring.WireId(*location.served_by));
  }
}

void FillSuperseded(const Superseded& superseded, v1::Superseded& message) {
  FillVersion(superseded.held, *message.mutable_held());
  message.set_all_heard(superseded.all_heard);
}

void FillError(const absl::Status& status, v1::Error& message) {
  message.set_code(static_cast<int>(ToGrpcCode(status.code())));
  message.set_message(std::string(status.message()));
  if (const auto receipt = ReceiptOf(status)) FillReceipt(*receipt, *message.mutable_receipt());
  message.set_reason(ReasonOf(status));
  if (const auto wait = RetryAdvice(status)) {
    message.set_retry_after_ms(absl::ToInt64Milliseconds(*wait));
  }
  if (const auto superseded = SupersededOf(status)) {
    FillSuperseded(*superseded, *message.mutable_superseded());
  }
  message.set_cluster_time_unix_ms(ClusterTimeMsOf(status).value_or(0));
}

}  // namespace kache
