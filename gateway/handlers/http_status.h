// The one table from gRPC's codes to HTTP's statuses and the error codes of REST.
#ifndef KACHE_GATEWAY_HANDLERS_HTTP_STATUS_H_
#define KACHE_GATEWAY_HANDLERS_HTTP_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/http/message.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

struct HttpStatus {
  int status;
  std::string_view code;
};
HttpStatus HttpStatusOf(absl::StatusCode code);

// The answer for a call that failed: with Retry-After where coming back helps, and with what a
// write that fell short did reach.
HttpResponse UpstreamErrorResponse(const absl::Status& status);

// Appends {"code":...,"message":...} for one key of a batch: with what a write that fell short did
// reach, and with the server's advice how long to wait (`retryAfterMs`).
void AppendBatchError(const v1::Error& error, std::string* json);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_HTTP_STATUS_H_
