// The yardstick for kache-server: the same proto on completion queues and nothing behind it. Get is
// answered with a value of 100 bytes, Put with an empty receipt, at once, on the queue's thread.
//
//   echo_server 127.0.0.1:0 [threads]      prints the port, serves until SIGTERM
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/cpus.h"
#include "base/shutdown.h"
#include "kache/v1/kache.grpc.pb.h"

namespace kache {
namespace {

using Service = v1::Kache::WithAsyncMethod_Get<v1::Kache::WithAsyncMethod_Put<v1::Kache::Service>>;

constexpr int kAccepts = 128;  // of each method, on each queue

class Call {
 public:
  virtual ~Call() = default;
  virtual void OnEvent(bool ok) = 0;
};

void Answer(const v1::GetRequest&, v1::GetResponse& response) {
  static const std::string value(100, 'v');
  response.set_found(true);
  response.set_value(value);
}

void Answer(const v1::PutRequest&, v1::PutResponse& response) { response.mutable_receipt(); }

template <class Request, class Response, auto kRequestMethod>
class EchoCall final : public Call {
 public:
  EchoCall(Service& service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue), writer_(&context_) {
    (service_.*kRequestMethod)(&context_, &request_, &writer_, queue_, queue_,
                               static_cast<Call*>(this));
  }

  void OnEvent(bool ok) override {
    if (answered_ || !ok) {
      delete this;
      return;
    }
    new EchoCall(service_, queue_);
    Answer(request_, response_);
    answered_ = true;
    writer_.Finish(response_, grpc::Status::OK, static_cast<Call*>(this));
  }

 private:
  Service& service_;
  grpc::ServerCompletionQueue* queue_;
  grpc::ServerContext context_;
  Request request_;
  Response response_;
  grpc::ServerAsyncResponseWriter<Response> writer_;
  bool answered_ = false;
};

using GetCall = EchoCall<v1::GetRequest, v1::GetResponse, &Service::RequestGet>;
using PutCall = EchoCall<v1::PutRequest, v1::PutResponse, &Service::RequestPut>;

void Serve(grpc::ServerCompletionQueue* queue) {
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->OnEvent(ok);
}

int Run(const std::string& address, size_t threads, ShutdownSignal& shutdown) {
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
  for (size_t i = 0; i < threads; ++i) queues.push_back(builder.AddCompletionQueue());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return 1;
  std::vector<std::thread> workers;
  for (auto& queue : queues) {
    for (int i = 0; i < kAccepts; ++i) {
      new GetCall(service, queue.get());
      new PutCall(service, queue.get());
    }
    workers.emplace_back(Serve, queue.get());
  }
  std::printf("%d\n", port);
  std::fflush(stdout);
  shutdown.Wait();
  // The kernel cleans up: orderly stopping is no part of the yardstick.
  std::_Exit(0);
}

}  // namespace
}  // namespace kache

int main(int argc, char** argv) {
  kache::ShutdownSignal shutdown;
  if (argc < 2) {
    std::fprintf(stderr, "usage: echo_server HOST:PORT [THREADS]\n");
    return 2;
  }
  const size_t threads = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : kache::DefaultThreads();
  return kache::Run(argv[1], threads, shutdown);
}
