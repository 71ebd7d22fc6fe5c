// What an attempt of a call needs that is a unary rpc of its own, and not an operation on a stream.
//
// Apart from the call, as it is larger than all the rest of it, and most calls travel on streams:
// these stay within what malloc hands out at once (1,032 bytes in glibc).
//
// Thread-compatible.
#ifndef KACHE_CLIENT_UNARY_ATTEMPT_H_
#define KACHE_CLIENT_UNARY_ATTEMPT_H_

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "client/call_name.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/status.h"

namespace kache {

// gRPC's timers take wall clock time.
inline std::chrono::system_clock::time_point WallClock(MonotonicTime instant) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(
             instant - std::chrono::steady_clock::now());
}

template <class Response>
struct UnaryAttempt {
  using Reader = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>>;

  UnaryAttempt(MonotonicTime until, const RequestName& name) : deadline(until) {
    context.set_deadline(WallClock(until));
    NameCall(name, &context);
  }

  const MonotonicTime deadline;
  grpc::ClientContext context;
  Reader reader;  // lives in the context's call
  grpc::Status status;
};

}  // namespace kache

#endif  // KACHE_CLIENT_UNARY_ATTEMPT_H_
