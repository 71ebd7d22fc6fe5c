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
#include "client/bench/load.h"
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

class GrpcLoad final : public LoadTransport {
 public:
  explicit GrpcLoad(const GrpcLoadOptions& options);
  ~GrpcLoad() override;  // cancels and awaits what is under way

  size_t slots() const override { return slots_.size(); }
  Request& request(size_t slot) override { return slots_[slot]->request; }
  void Start(size_t slot) override;
  bool Wait(Instant until, size_t* slot) override;
  const std::vector<Outcome>& outcomes(size_t slot) const override {
    return slots_[slot]->outcomes;
  }
  const std::string& first_error() const override { return first_error_; }

 private:
  template <class SentRequest, class Response>
  struct Call {
    SentRequest request;
    Response response;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
  };
  struct Slot {
    size_t index = 0;
    v1::Kache::Stub* stub = nullptr;
    std::unique_ptr<grpc::ClientContext> context;  // one for each call
    grpc::Status status;
    Request request;
    std::vector<Outcome> outcomes;
    Call<v1::GetRequest, v1::GetResponse> get;
    Call<v1::PutRequest, v1::PutResponse> put;
    Call<v1::DeleteRequest, v1::DeleteResponse> remove;
    Call<v1::BatchGetRequest, v1::BatchGetResponse> batch_get;
    Call<v1::BatchPutRequest, v1::BatchPutResponse> batch_put;
    Call<v1::BatchDeleteRequest, v1::BatchDeleteResponse> batch_delete;
  };

  void StartOne(Slot& slot);
  void StartBatch(Slot& slot);
  void TakeOutcomes(Slot& slot);
  void NoteError(const std::string& message);

  const GrpcLoadOptions options_;
  std::vector<std::unique_ptr<v1::Kache::Stub>> stubs_;
  std::vector<std::unique_ptr<Slot>> slots_;
  grpc::CompletionQueue queue_;
  size_t running_ = 0;
  std::string first_error_;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_GRPC_LOAD_H_
