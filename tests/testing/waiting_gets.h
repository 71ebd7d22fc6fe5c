// Calls that wait for their answers, side by side.
#ifndef KACHE_TESTS_TESTING_WAITING_GETS_H_
#define KACHE_TESTS_TESTING_WAITING_GETS_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kache/v1/kache.grpc.pb.h"
#include "tests/testing/kache_server_fixture.h"

namespace kache::testing {

// Get calls that wait for an answer.
class WaitingGets {
 public:
  explicit WaitingGets(v1::Kache::Stub& stub) : stub_(stub) {}
  ~WaitingGets() {
    for (auto& call : calls_) call->context->TryCancel();
    Collect();
  }

  void Start() {
    auto call = std::make_unique<Call>();
    call->context = Patient();
    v1::GetRequest request;
    request.set_key("k" + std::to_string(calls_.size()));
    call->reader = stub_.AsyncGet(call->context.get(), request, &queue_);
    call->reader->Finish(&call->response, &call->status, call.get());
    ++waiting_;
    calls_.push_back(std::move(call));
  }
  // Waits for all and returns how many were answered OK.
  int Collect() {
    int ok_calls = 0;
    for (; waiting_ > 0; --waiting_) {
      void* tag;
      bool ok;
      queue_.Next(&tag, &ok);
      ok_calls += static_cast<Call*>(tag)->status.ok();
    }
    return ok_calls;
  }
  // Of the call that was started as `index`th, once collected.
  const grpc::Status& StatusOf(size_t index) const { return calls_[index]->status; }

 private:
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetResponse>> reader;
    v1::GetResponse response;
    grpc::Status status;
  };
  v1::Kache::Stub& stub_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Call>> calls_;
  size_t waiting_ = 0;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_WAITING_GETS_H_
