// What a unary rpc is made of (unary_call.h), and what all of them share. Plain values.
#ifndef KACHE_SERVER_API_UNARY_METHOD_H_
#define KACHE_SERVER_API_UNARY_METHOD_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "ring/hash_ring.h"
#include "security/access_control.h"
#include "server/api/admission.h"
#include "server/api/answer.h"
#include "server/api/call_deadline.h"
#include "server/api/rpc_metrics.h"
#include "server/api/slow_log.h"

namespace kache {

// What all calls have in common.
struct CallPolicy {
  DeadlineRules deadlines;
  AdmissionControl& admission;
  const SlowLog& slow_log;
  const AccessControl& access;
  const HashRing& ring;  // whose nodes answers name
};

template <class Request, class Response>
struct UnaryMethod {
  using Writer = grpc::ServerAsyncResponseWriter<Response>;

  template <class Message>
  using Accept = std::function<void(grpc::ServerContext*, Message*, Writer*,
                                    grpc::ServerCompletionQueue*, void*)>;

  std::string path;  // "/package.Service/Method"
  // Asks gRPC for the next call: the generated service's Request<Method>.
  Accept<Request> request = {};
  // In its place for messages of many parts: they come as bytes, and are parsed only if they have
  // `max_fields` fields at most (message_bytes.h).
  Accept<grpc::ByteBuffer> request_bytes = {};
  size_t max_fields = 0;
  // Not OK = the call is answered with that, and `serve` not called. Empty = nothing to check.
  std::function<absl::Status(const Request&)> check;
  // What the request counts for in AdmissionControl. Empty or 0 = it is always admitted.
  std::function<int64_t(const Request&)> operations;
  // Bytes of the request's keys and values.
  std::function<size_t(const Request&)> text_bytes;
  // Whether the coordinator is to stamp a write of this request. Empty = it is never a write.
  std::function<bool(const Request&)> unstamped;
  std::function<void(const Request&, MonotonicTime deadline, Response&, Answer&)> serve;
  Role role = Role::kNone;  // that the caller needs
  // An answer without room is dropped, and the call refused. Never for writes: they are done by
  // then.
  bool may_drop_answer = false;
  RpcMetrics metrics;
  size_t accepts = 8;
  bool in_arena = false;  // CallMessages
  // Whether the handler is told that the caller has gone (Answer::cancelled); costs an event a
  // call.
  bool notices_cancel = false;
  const char* rpc = nullptr;  // as slow calls are logged; nullptr = they are not
};

}  // namespace kache

#endif  // KACHE_SERVER_API_UNARY_METHOD_H_
