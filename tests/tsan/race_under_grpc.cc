// Has a race of its own in code that gRPC's threads run. The thread sanitizer is to report it, with
// all that it is told of gRPC and told to leave out: were it silent here, its silence elsewhere
// would say nothing.
//
// usage: race_under_grpc client|server      where the code is that gRPC runs
#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>

#include "absl/time/clock.h"
#include "base/notification.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "kache/v1/kache.grpc.pb.h"

namespace kache {
namespace {

int unguarded = 0;

// What gRPC runs. The main thread does the same while the call is under way.
void Race() { ++unguarded; }

class RacingServer final : public v1::Kache::Service {
 public:
  explicit RacingServer(bool races) : races_(races) {}
  grpc::Status Get(grpc::ServerContext* /*context*/, const v1::GetRequest* /*request*/,
                   v1::GetResponse* /*response*/) override {
    if (races_) Race();
    while (!may_answer_.load(std::memory_order_relaxed)) absl::SleepFor(absl::Milliseconds(1));
    return grpc::Status::OK;
  }
  // Relaxed, so that it orders nothing.
  void MayAnswer() { may_answer_.store(true, std::memory_order_relaxed); }

 private:
  const bool races_;
  std::atomic<bool> may_answer_ = false;
};

int Run(bool on_server) {
  RacingServer service(on_server);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto stub = v1::Kache::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::GetRequest request;
  v1::GetResponse response;
  Notification answered;
  stub->async()->Get(&context, &request, &response, [&](const grpc::Status& /*status*/) {
    if (!on_server) Race();
    answered.Notify();
  });
  Race();
  service.MayAnswer();
  answered.WaitForNotification();
  return 0;
}

}  // namespace
}  // namespace kache

int main(int argc, char** argv) {
  const std::string_view side = argc == 2 ? argv[1] : "";
  if (side != "client" && side != "server") {
    std::fprintf(stderr, "usage: race_under_grpc client|server\n");
    return 2;
  }
  return kache::Run(side == "server");
}
