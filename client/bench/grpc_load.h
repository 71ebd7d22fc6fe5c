// The load over gRPC: unary calls, or batches, on completion queues. No client library in between,
// so that its cost is as small as gRPC allows; servers and connections take turns by slot.
//
// One thread only.
#ifndef KACHE_CLIENT_BENCH_GRPC_LOAD_H_
#define KACHE_CLIENT_BENCH_GRPC_LOAD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/bench/slotted_load.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "kache/v1/kache.grpc.pb.h"
#include "security/channel/channel_security.h"

namespace kache::bench {

struct GrpcLoadOptions {
  std::vector<std::string> servers;  // host:port
  size_t connections = 1;
  size_t slots = 1;
  bool batches = false;
  absl::Duration timeout = absl::Seconds(1);
  absl::Duration ttl;  // zero = for ever
  v1::Consistency consistency = v1::CONSISTENCY_UNSPECIFIED;
  ChannelSecurity security = {};
};

template <class SentRequest, class Response>
struct GrpcCall {
  SentRequest request;
  Response response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
};

struct GrpcSlot : LoadSlot {
  size_t index = 0;
  v1::Kache::Stub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context;  // one for each call
  grpc::Status status;
  GrpcCall<v1::GetRequest, v1::GetResponse> get;
  GrpcCall<v1::PutRequest, v1::PutResponse> put;
  GrpcCall<v1::DeleteRequest, v1::DeleteResponse> remove;
  GrpcCall<v1::BatchGetRequest, v1::BatchGetResponse> batch_get;
  GrpcCall<v1::BatchPutRequest, v1::BatchPutResponse> batch_put;
  GrpcCall<v1::BatchDeleteRequest, v1::BatchDeleteResponse> batch_delete;
};

class GrpcLoad final : public SlottedLoad<GrpcSlot> {
 public:
  explicit GrpcLoad(const GrpcLoadOptions& options);
  ~GrpcLoad() override;  // cancels and awaits what is under way

  void Start(size_t slot) override;
  bool Wait(Instant until, size_t* slot) override;

 private:
  void StartOne(GrpcSlot& slot);
  void StartBatch(GrpcSlot& slot);
  void TakeOutcomes(GrpcSlot& slot);

  const GrpcLoadOptions options_;
  std::vector<std::unique_ptr<v1::Kache::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  size_t running_ = 0;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_GRPC_LOAD_H_
