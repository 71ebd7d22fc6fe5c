// The one table from gRPC's codes, and the reasons of errors, to HTTP's statuses and the error
// codes of REST.
#ifndef KACHE_GATEWAY_HANDLERS_HTTP_STATUS_H_
#define KACHE_GATEWAY_HANDLERS_HTTP_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "http/message.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

struct HttpStatus {
  int status;
  std::string_view code;
};
HttpStatus HttpStatusOf(absl::StatusCode code);
// The reason (base/error_details.h) says more than the code, where it is one that REST knows.
HttpStatus HttpStatusOf(const absl::Status& status);

// The answer for a call that failed: with Retry-After where coming back helps, with what a write
// that fell short did reach, which version a stamped one lost to, and cluster time where a stamp is
// out of range.
HttpResponse UpstreamErrorResponse(const absl::Status& status);
// The same for a write that was given to a server: it may have been done, so the answer is sent
// also where there is no room for it.
HttpResponse WriteErrorResponse(const absl::Status& status);

// Appends {"code":...,"message":...} for one key of a batch, with the same further members, and
// with the coordinator's advice how long to wait (`retryAfterMs`).
void AppendBatchError(const v1::Error& error, std::string* json);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_HTTP_STATUS_H_
