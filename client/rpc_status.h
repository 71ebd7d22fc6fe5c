// What gRPC says about a failed call, as an absl::Status. Beside code and message it carries
//   * the receipt of a write that fell short (ReceiptOf),
//   * a reason, advice how long to wait, and cluster time (base/error_details.h),
//   * why a stamped write lost (SupersededOf).
//
// Thread-safe.
#ifndef KACHE_CLIENT_RPC_STATUS_H_
#define KACHE_CLIENT_RPC_STATUS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"
#include "kache/v1/kache.pb.h"

namespace kache {

// The details are a google.rpc.Status, as gRPC's convention `grpc-status-details-bin` says. Kept
// are kache.v1.Receipt and kache.v1.Superseded, google.rpc.RetryInfo, and google.rpc.ErrorInfo of
// the domain kErrorDomain. All else is ignored, as are details that are malformed.
absl::Status StatusFromRpc(const grpc::Status& status);

// The failure of one operation of a batch or a pipeline.
absl::Status StatusFromError(const v1::Error& error);

void SetReceipt(const v1::Receipt& receipt, absl::Status* status);
std::optional<v1::Receipt> ReceiptOf(const absl::Status& status);
// A write that lost: sets the reason, too.
void SetSuperseded(const v1::Superseded& superseded, absl::Status* status);
std::optional<v1::Superseded> SupersededOf(const absl::Status& status);
// As base/error_details.h's RetryAfterOf; also for those who use the library (client/types.h).
std::optional<absl::Duration> RetryAdviceOf(const absl::Status& status);

// Of one key of a BatchGet: the answer had no more room, so the key is to be asked for again at
// once. A key that a full queue refused carries advice how long to wait, and is another matter.
// Servers of the release before say RESOURCE_EXHAUSTED of both, and give no advice.
bool IsAnswerFull(const absl::Status& status);
// gRPC itself gave the call up for want of memory, on either side: what was sent may have been
// done.
bool IsOutOfBuffers(const absl::Status& status);

}  // namespace kache

#endif  // KACHE_CLIENT_RPC_STATUS_H_
