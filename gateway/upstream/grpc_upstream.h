// The Upstream that real gateways use: Pipeline streams for single keys, unary gRPC calls for all
// else, spread over the servers that serve. A call that a server could not take (UNAVAILABLE) is
// sent again, elsewhere if possible, after a short wait, within its deadline and the limits of
// retry_budget.h: all operations are idempotent.
//
// Thread-safe. Stop ends all calls; call it before what their callbacks use is gone.
#ifndef KACHE_GATEWAY_UPSTREAM_GRPC_UPSTREAM_H_
#define KACHE_GATEWAY_UPSTREAM_GRPC_UPSTREAM_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gateway/upstream/upstream.h"
#include "prometheus/registry.h"

namespace kache::gateway {

class GrpcUpstream final : public Upstream {
 public:
  // `servers` are host:port; not empty. `workers`: CallOptions::worker is below it. `registry`
  // outlives it.
  GrpcUpstream(const std::vector<std::string>& servers, size_t workers,
               prometheus::Registry& registry);
  ~GrpcUpstream() override;  // stops

  // Cancels the calls under way, answers new ones UNAVAILABLE, and returns when none is left.
  void Stop();

  void Get(v1::GetRequest request, CallOptions options, Done<v1::GetResponse> done) override;
  void Put(v1::PutRequest request, CallOptions options, Done<v1::PutResponse> done) override;
  void Delete(v1::DeleteRequest request, CallOptions options,
              Done<v1::DeleteResponse> done) override;
  void BatchGet(v1::BatchGetRequest request, CallOptions options,
                Done<v1::BatchGetResponse> done) override;
  void BatchPut(v1::BatchPutRequest request, CallOptions options,
                Done<v1::BatchPutResponse> done) override;
  void BatchDelete(v1::BatchDeleteRequest request, CallOptions options,
                   Done<v1::BatchDeleteResponse> done) override;
  void GetStatus(v1::GetStatusRequest request, CallOptions options,
                 Done<v1::GetStatusResponse> done) override;
  void Locate(v1::LocateRequest request, CallOptions options,
              Done<v1::LocateResponse> done) override;
  bool Healthy() const override;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_GRPC_UPSTREAM_H_
