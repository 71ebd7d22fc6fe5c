// The transport over unary gRPC calls, spread over the servers, with failover (call.h).
//
// Thread-safe. Callbacks run on gRPC's own threads.
#ifndef KACHE_CLIENT_UNARY_TRANSPORT_H_
#define KACHE_CLIENT_UNARY_TRANSPORT_H_

#include <string>
#include <vector>

#include "client/call.h"
#include "client/call_list.h"
#include "client/channels.h"
#include "client/retry_budget.h"
#include "client/transport.h"

namespace kache {

class UnaryTransport final : public Transport {
 public:
  // host:port each; at least one.
  explicit UnaryTransport(const std::vector<std::string>& servers) : channels_(servers) {}
  ~UnaryTransport() override { Stop(); }

  void Get(v1::GetRequest request, absl::Time deadline, Done<v1::GetResponse> done) override;
  void Put(v1::PutRequest request, absl::Time deadline, Done<v1::PutResponse> done) override;
  void Delete(v1::DeleteRequest request, absl::Time deadline,
              Done<v1::DeleteResponse> done) override;
  void BatchGet(v1::BatchGetRequest request, absl::Time deadline,
                Done<v1::BatchGetResponse> done) override;
  void BatchPut(v1::BatchPutRequest request, absl::Time deadline,
                Done<v1::BatchPutResponse> done) override;
  void BatchDelete(v1::BatchDeleteRequest request, absl::Time deadline,
                   Done<v1::BatchDeleteResponse> done) override;
  void Stop() override { calls_.Stop(); }

 private:
  Channels channels_;
  RetryBudget budget_;
  CallList calls_;
  const CallEnvironment environment_ = {&channels_, &budget_, &calls_};
};

}  // namespace kache

#endif  // KACHE_CLIENT_UNARY_TRANSPORT_H_
