// The seam to the Kache servers: what handlers call, and what tests fake. How calls travel (unary,
// streams), to which server, and how often they are tried again is this folder's business alone.
//
// Thread-safe. `done` is called exactly once, on any thread, also before the call returns; it must
// not block. Errors are those of kache.proto; beside the code and message a status carries
//   * the receipt of a write that fell short (ReceiptOf),
//   * the server's advice how long to wait (RetryAdviceOf).
#ifndef KACHE_GATEWAY_UPSTREAM_UPSTREAM_H_
#define KACHE_GATEWAY_UPSTREAM_UPSTREAM_H_

#include <cstddef>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

struct CallOptions {
  MonotonicTime deadline;
  // The HTTP server's thread that the request came in on: calls of one thread may share a stream.
  size_t worker = 0;
};

template <class Response>
using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

class Upstream {
 public:
  virtual ~Upstream() = default;

  virtual void Get(v1::GetRequest request, CallOptions options, Done<v1::GetResponse> done) = 0;
  virtual void Put(v1::PutRequest request, CallOptions options, Done<v1::PutResponse> done) = 0;
  virtual void Delete(v1::DeleteRequest request, CallOptions options,
                      Done<v1::DeleteResponse> done) = 0;
  virtual void BatchGet(v1::BatchGetRequest request, CallOptions options,
                        Done<v1::BatchGetResponse> done) = 0;
  virtual void BatchPut(v1::BatchPutRequest request, CallOptions options,
                        Done<v1::BatchPutResponse> done) = 0;
  virtual void BatchDelete(v1::BatchDeleteRequest request, CallOptions options,
                           Done<v1::BatchDeleteResponse> done) = 0;
  virtual void GetStatus(v1::GetStatusRequest request, CallOptions options,
                         Done<v1::GetStatusResponse> done) = 0;
  virtual void Locate(v1::LocateRequest request, CallOptions options,
                      Done<v1::LocateResponse> done) = 0;

  // True while at least one server says that it can serve keys.
  virtual bool Healthy() const = 0;
};

// What a status carries beside code and message.
void SetReceipt(const v1::Receipt& receipt, absl::Status* status);
std::optional<v1::Receipt> ReceiptOf(const absl::Status& status);
void SetRetryAdvice(absl::Duration wait, absl::Status* status);
std::optional<absl::Duration> RetryAdviceOf(const absl::Status& status);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_UPSTREAM_H_
