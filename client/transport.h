// The seam to the Kache servers: what kache::Client and the gateway's handlers call, and what tests
// fake. How calls travel (unary, streams), to which server, and how often they are tried again is
// the transport's business alone (grpc_transport.h).
//
// Writes without a stamp get one (kache.proto, "Safe retries"), and all entries of a batch that
// have one key get the result of the last; writes with a stamp are sent as they are, and what
// becomes of them is told as it is.
//
// Thread-safe. `done` is called exactly once, on any thread, also before the call returns; it must
// not block. Errors are those of kache.proto, as rpc_status.h makes them; CANCELLED once stopped.
#ifndef KACHE_CLIENT_TRANSPORT_H_
#define KACHE_CLIENT_TRANSPORT_H_

#include <cstddef>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/request_name.h"
#include "base/requester.h"
#include "kache/v1/kache.pb.h"

namespace kache {

struct CallOptions {
  MonotonicTime deadline;
  // Calls of one lane share streams, their lock, and the thread that they end on. Threads that make
  // many calls have one each; their calls of one turn travel together (base/deferred_wakes.h).
  size_t lane = 0;
  // Goes along, for the server's logs.
  RequestName name = {};
  // Who waits for the answer; lives until the call has ended. Null: somebody does, until the
  // deadline.
  const Requester* requester = nullptr;
};

template <class Response>
using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

class Transport {
 public:
  virtual ~Transport() = default;

  virtual void Get(v1::GetRequest request, CallOptions options, Done<v1::GetResponse> done) = 0;
  virtual void Put(v1::PutRequest request, CallOptions options, Done<v1::PutResponse> done) = 0;
  virtual void Delete(v1::DeleteRequest request, CallOptions options,
                      Done<v1::DeleteResponse> done) = 0;
  virtual void Touch(v1::TouchRequest request, CallOptions options,
                     Done<v1::TouchResponse> done) = 0;
  virtual void GetOrLease(v1::GetOrLeaseRequest request, CallOptions options,
                          Done<v1::GetOrLeaseResponse> done) = 0;
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

  // Cancels the calls under way, and returns when none is left. Not to be called inside `done`.
  virtual void Stop() = 0;
};

}  // namespace kache

#endif  // KACHE_CLIENT_TRANSPORT_H_
