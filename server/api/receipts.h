// The coordinator's results as protobuf messages. Pure. Messages to fill must be empty.
#ifndef KACHE_SERVER_API_RECEIPTS_H_
#define KACHE_SERVER_API_RECEIPTS_H_

#include "absl/status/status.h"
#include "kache/v1/kache.pb.h"
#include "server/cluster/node_state.h"
#include "server/replication/consistency.h"
#include "server/replication/results.h"

namespace kache {

v1::NodeState ToProto(NodeState state);

Consistency FromProto(v1::Consistency consistency);
Version FromProto(const v1::Version& version);

void FillReceipt(const Receipt& receipt, v1::Receipt& message);
// Takes the value out of `result` without copying it.
void FillGetResponse(ReadResult&& result, v1::GetResponse& message);
void FillLocation(const Location& location, v1::LocateResponse& message);
void FillSuperseded(const Superseded& superseded, v1::Superseded& message);
// The failure of one operation of a batch or a pipeline, with all that the status carries, and with
// the advice of RetryAdvice (status_details.h). `status` is not OK.
void FillError(const absl::Status& status, v1::Error& message);

}  // namespace kache

#endif  // KACHE_SERVER_API_RECEIPTS_H_
