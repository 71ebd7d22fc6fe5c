// The coordinator's results as protobuf messages. Pure. Messages to fill must be empty.
//
// Results name nodes by NodeId, messages by WireId of the ring that the results are of. Only what
// was read or located names nodes: the receipts of writes and of errors do not.
#ifndef KACHE_SERVER_API_RECEIPTS_H_
#define KACHE_SERVER_API_RECEIPTS_H_

#include "absl/status/status.h"
#include "kache/v1/kache.pb.h"
#include "ring/hash_ring.h"
#include "server/cluster/node_state.h"
#include "server/replication/consistency.h"
#include "server/replication/lease_operation.h"
#include "server/replication/results.h"
#include "server/replication/stamp.h"

namespace kache {

v1::NodeState ToProto(NodeState state);

Consistency FromProto(v1::Consistency consistency);
Version FromProto(const v1::Version& version);
Stamp FromProto(const v1::Stamp& stamp);

// All but the node.
void FillReceipt(const Receipt& receipt, v1::Receipt& message);
// Takes the value out of `result` without copying it.
void FillGetResponse(ReadResult&& result, const HashRing& ring, v1::GetResponse& message);
// Likewise.
void FillLeaseResponse(LeaseResult&& result, const HashRing& ring, v1::GetOrLeaseResponse& message);
void FillTouchResponse(const TouchResult& result, v1::TouchResponse& message);
void FillLocation(const Location& location, const HashRing& ring, v1::LocateResponse& message);
void FillSuperseded(const Superseded& superseded, v1::Superseded& message);
// The failure of one operation of a batch or a pipeline, with all that the status carries, and with
// the advice of RetryAdvice (status_details.h). `status` is not OK.
void FillError(const absl::Status& status, v1::Error& message);

}  // namespace kache

#endif  // KACHE_SERVER_API_RECEIPTS_H_
