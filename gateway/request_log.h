// What the gateway logs of requests: each one at debug; those slower than SLOW_OPERATION_MS, with
// where the time went; and those for keys that failed for a reason that is not the client's.
//
//   slow request route=/api/v1/keys/{key} method=GET status=200 ms=153.2 receive_ms=0.1
//       serve_ms=152.9 send_ms=0.2 request_bytes=0 answer_bytes=312 request_id=r-17
//
//   receive   from the end of the head to that of the body
//   serve     until the answer was there: checks, the way to a server and back, further attempts
//   send      until its last byte was given to the connection
//
// Neither keys nor values are shown: the server's line of the same request tells the key's token.
//
// Thread-safe.
#ifndef KACHE_GATEWAY_REQUEST_LOG_H_
#define KACHE_GATEWAY_REQUEST_LOG_H_

#include <cstddef>
#include <string_view>

#include "absl/time/time.h"
#include "http/http_service.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"

namespace kache::gateway {

class RequestLog {
 public:
  // `slow` zero = none is. The registry outlives it.
  RequestLog(absl::Duration slow, prometheus::Registry& registry);

  // `route`: the pattern.
  void OnAnswered(std::string_view route, const HttpRequest& request, const HttpAnswered& answer);

 private:
  const absl::Duration slow_;
  prometheus::Counter& slow_requests_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_REQUEST_LOG_H_
