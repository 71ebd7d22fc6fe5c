#include "gateway/upstream/name_learning_upstream.h"

#include <algorithm>
#include <utility>

namespace kache::gateway {
namespace {

bool KnowsNodes(const NodeNames& names, const v1::GetResponse& response) {
  const v1::Receipt& receipt = response.receipt();
  return !receipt.has_node_id() || !names.Find(receipt.node_id()).empty();
}

bool KnowsNodes(const NodeNames& names, const v1::BatchGetResponse& response) {
  return std::all_of(
      response.results().begin(), response.results().end(),
      [&](const v1::GetResult& result) { return KnowsNodes(names, result.response()); });
}

// The node that serves reads is one of the replicas.
bool KnowsNodes(const NodeNames& names, const v1::LocateResponse& response) {
  return std::all_of(
      response.replicas().begin(), response.replicas().end(),
      [&](const v1::Replica& replica) { return !names.Find(replica.node_id()).empty(); });
}

}  // namespace

template <class Response>
bool NameLearningUpstream::MustAsk(const absl::StatusOr<Response>& answer) const {
  return answer.ok() && !KnowsNodes(*names_, *answer) &&
         std::chrono::steady_clock::now() >= rests_until_.load(std::memory_order_relaxed);
}

template <class Response>
Done<Response> NameLearningUpstream::WithNames(const CallOptions& options, Done<Response> done) {
  return [this, deadline = options.deadline, lane = options.lane,
          done = std::move(done)](absl::StatusOr<Response> answer) mutable {
    if (!MustAsk(answer)) {
      done(std::move(answer));
      return;
    }
    upstream_->GetStatus(
        {}, {.deadline = deadline, .lane = lane},
        [this, done = std::move(done),
         answer = std::move(answer)](absl::StatusOr<v1::GetStatusResponse> status) mutable {
          if (status.ok()) names_->Learn(*status);
          if (!KnowsNodes(*names_, *answer)) {
            rests_until_.store(std::chrono::steady_clock::now() + kRest, std::memory_order_relaxed);
          }
          done(std::move(answer));
        });
  };
}

void NameLearningUpstream::Get(v1::GetRequest request, CallOptions options,
                               Done<v1::GetResponse> done) {
  Done<v1::GetResponse> named = WithNames(options, std::move(done));
  upstream_->Get(std::move(request), std::move(options), std::move(named));
}

void NameLearningUpstream::BatchGet(v1::BatchGetRequest request, CallOptions options,
                                    Done<v1::BatchGetResponse> done) {
  Done<v1::BatchGetResponse> named = WithNames(options, std::move(done));
  upstream_->BatchGet(std::move(request), std::move(options), std::move(named));
}

void NameLearningUpstream::Locate(v1::LocateRequest request, CallOptions options,
                                  Done<v1::LocateResponse> done) {
  Done<v1::LocateResponse> named = WithNames(options, std::move(done));
  upstream_->Locate(std::move(request), std::move(options), std::move(named));
}

void NameLearningUpstream::GetStatus(v1::GetStatusRequest request, CallOptions options,
                                     Done<v1::GetStatusResponse> done) {
  upstream_->GetStatus(
      std::move(request), std::move(options),
      [this, done = std::move(done)](absl::StatusOr<v1::GetStatusResponse> answer) mutable {
        if (answer.ok()) names_->Learn(*answer);
        done(std::move(answer));
      });
}

// Writes name no node.

void NameLearningUpstream::Put(v1::PutRequest request, CallOptions options,
                               Done<v1::PutResponse> done) {
  upstream_->Put(std::move(request), std::move(options), std::move(done));
}

void NameLearningUpstream::Delete(v1::DeleteRequest request, CallOptions options,
                                  Done<v1::DeleteResponse> done) {
  upstream_->Delete(std::move(request), std::move(options), std::move(done));
}

void NameLearningUpstream::Touch(v1::TouchRequest request, CallOptions options,
                                 Done<v1::TouchResponse> done) {
  upstream_->Touch(std::move(request), std::move(options), std::move(done));
}

void NameLearningUpstream::GetOrLease(v1::GetOrLeaseRequest request, CallOptions options,
                                      Done<v1::GetOrLeaseResponse> done) {
  upstream_->GetOrLease(std::move(request), std::move(options), std::move(done));
}

void NameLearningUpstream::BatchPut(v1::BatchPutRequest request, CallOptions options,
                                    Done<v1::BatchPutResponse> done) {
  upstream_->BatchPut(std::move(request), std::move(options), std::move(done));
}

void NameLearningUpstream::BatchDelete(v1::BatchDeleteRequest request, CallOptions options,
                                       Done<v1::BatchDeleteResponse> done) {
  upstream_->BatchDelete(std::move(request), std::move(options), std::move(done));
}

}  // namespace kache::gateway
