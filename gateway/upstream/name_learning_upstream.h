// An Upstream that sees to it that the nodes which an answer names are known by name (NodeNames)
// when the answer arrives, so that handlers only look them up.
//
//   GrpcTransport transport(...);
//   NodeNames names;
//   NameLearningUpstream upstream(&transport, &names);
//
// An answer whose nodes are all known passes through at once, which is every answer but the first
// few of a process or after a new node has come. Otherwise the servers are asked for their status
// first, once, with the deadline and the lane of the call; the answer waits for that. Calls that
// wait at the same time ask each for itself. An answer never fails for want of a name: where a
// node's name cannot be found out, it goes on without, and for kRest after that no server is asked
// again.
//
// Thread-safe; what it is given outlives it. Threads and errors as Transport's.
#ifndef KACHE_GATEWAY_UPSTREAM_NAME_LEARNING_UPSTREAM_H_
#define KACHE_GATEWAY_UPSTREAM_NAME_LEARNING_UPSTREAM_H_

#include <atomic>
#include <chrono>

#include "base/clock.h"
#include "gateway/upstream/node_names.h"
#include "gateway/upstream/upstream.h"

namespace kache::gateway {

class NameLearningUpstream final : public Upstream {
 public:
  static constexpr std::chrono::milliseconds kRest{1000};

  NameLearningUpstream(Upstream* upstream, NodeNames* names) : upstream_(upstream), names_(names) {}

  void Get(v1::GetRequest request, CallOptions options, Done<v1::GetResponse> done) override;
  void Put(v1::PutRequest request, CallOptions options, Done<v1::PutResponse> done) override;
  void Delete(v1::DeleteRequest request, CallOptions options,
              Done<v1::DeleteResponse> done) override;
  void Touch(v1::TouchRequest request, CallOptions options, Done<v1::TouchResponse> done) override;
  void GetOrLease(v1::GetOrLeaseRequest request, CallOptions options,
                  Done<v1::GetOrLeaseResponse> done) override;
  void BatchGet(v1::BatchGetRequest request, CallOptions options,
                Done<v1::BatchGetResponse> done) override;
  void BatchPut(v1::BatchPutRequest request, CallOptions options,
                Done<v1::BatchPutResponse> done) override;
  void BatchDelete(v1::BatchDeleteRequest request, CallOptions options,
                   Done<v1::BatchDeleteResponse> done) override;
  // What it answers is learned too.
  void GetStatus(v1::GetStatusRequest request, CallOptions options,
                 Done<v1::GetStatusResponse> done) override;
  void Locate(v1::LocateRequest request, CallOptions options,
              Done<v1::LocateResponse> done) override;
  bool Healthy() const override { return upstream_->Healthy(); }
  void Stop() override { upstream_->Stop(); }

 private:
  // `done`, once the names in the answer are known.
  template <class Response>
  Done<Response> WithNames(const CallOptions& options, Done<Response> done);
  // An answer names a node that is not known, and it is worth asking.
  template <class Response>
  bool MustAsk(const absl::StatusOr<Response>& answer) const;

  Upstream* const upstream_;
  NodeNames* const names_;
  std::atomic<MonotonicTime> rests_until_ = MonotonicTime();
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_NAME_LEARNING_UPSTREAM_H_
