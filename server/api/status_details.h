// What an error carries beside its code and its message (base/error_details.h, ReceiptOf,
// SupersededOf), as clients of any language read it from a failed call. Errors of batches and
// pipelines carry the same in fields of their own (FillError).
//
// Pure, so thread-safe.
#ifndef KACHE_SERVER_API_STATUS_DETAILS_H_
#define KACHE_SERVER_API_STATUS_DETAILS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace kache {

// The value of the metadata `grpc-status-details-bin`: a google.rpc.Status with these details, each
// only where the status carries it. Empty where the status carries none of them.
//   google.rpc.ErrorInfo  the reason, of the domain kErrorDomain. Its metadata: `held` (a version
//                         as REST writes it) and `all_heard` ("true" or "false") with SUPERSEDED;
//                         `cluster_time_unix_ms` with STAMP_OUT_OF_RANGE
//   google.rpc.RetryInfo  RetryAdvice
//   kache.v1.Receipt      what a write that fell short did reach
//   kache.v1.Superseded   why a stamped write lost
std::string StatusDetails(const absl::Status& status);

// How long the caller is to wait before it sends the call again, at least a millisecond: as long as
// the status says. A RESOURCE_EXHAUSTED that says nothing is overload: 100 ms.
std::optional<absl::Duration> RetryAdvice(const absl::Status& status);

}  // namespace kache

#endif  // KACHE_SERVER_API_STATUS_DETAILS_H_
