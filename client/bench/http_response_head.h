// The head of an HTTP/1.1 answer of kache-gateway: only what a load generator needs of it.
//
// Thread-safe, no I/O.
#ifndef KACHE_CLIENT_BENCH_HTTP_RESPONSE_HEAD_H_
#define KACHE_CLIENT_BENCH_HTTP_RESPONSE_HEAD_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace kache::bench {

struct HttpResponseHead {
  int status = 0;
  size_t head_bytes = 0;  // up to the body
  size_t body_bytes = 0;  // Content-Length
  bool close = false;     // Connection: close
};

// True when `head` was filled, false when `bytes` do not hold the whole head yet. A head that is
// malformed, or without Content-Length, has the status 0.
bool ParseHttpHead(std::string_view bytes, HttpResponseHead* head);

// The gRPC code that the gateway made that HTTP status of (docs/rest.md).
absl::StatusCode CodeOfHttpStatus(int status);

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_HTTP_RESPONSE_HEAD_H_
