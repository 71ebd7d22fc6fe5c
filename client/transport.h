// The seam of the client library: how requests reach the servers. Unary calls today
// (unary_transport.h); a transport over Pipeline fits in the same place, and tests put a fake here.
//
// Thread-safe. `done` is called exactly once, on any thread, also before the call returns; it must
// not block. Errors are those of kache.proto, as rpc_status.h makes them; CANCELLED once stopped.
#ifndef KACHE_CLIENT_TRANSPORT_H_
#define KACHE_CLIENT_TRANSPORT_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kache/v1/kache.pb.h"

namespace kache {

template <class Response>
using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

class Transport {
 public:
  virtual ~Transport() = default;

  virtual void Get(v1::GetRequest request, absl::Time deadline, Done<v1::GetResponse> done) = 0;
  virtual void Put(v1::PutRequest request, absl::Time deadline, Done<v1::PutResponse> done) = 0;
  virtual void Delete(v1::DeleteRequest request, absl::Time deadline,
                      Done<v1::DeleteResponse> done) = 0;
  virtual void BatchGet(v1::BatchGetRequest request, absl::Time deadline,
                        Done<v1::BatchGetResponse> done) = 0;
  virtual void BatchPut(v1::BatchPutRequest request, absl::Time deadline,
                        Done<v1::BatchPutResponse> done) = 0;
  virtual void BatchDelete(v1::BatchDeleteRequest request, absl::Time deadline,
                           Done<v1::BatchDeleteResponse> done) = 0;

  // Cancels the calls under way, and returns when none is left. Not to be called inside `done`.
  virtual void Stop() = 0;
};

}  // namespace kache

#endif  // KACHE_CLIENT_TRANSPORT_H_
