// Puts, gets and deletes a key through gRPC. Usage: tour HOST:PORT
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "kache/v1/kache.grpc.pb.h"

namespace v1 = kache::v1;

namespace {

// Every operation is idempotent, so what a server could not take may be sent again, by gRPC itself.
constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "methodConfig": [{
    "name": [{"service": "kache.v1.Kache"}],
    "retryPolicy": {
      "maxAttempts": 4, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }]
})";

std::unique_ptr<v1::Kache::Stub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  return v1::Kache::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

// A call's context is used once.
class Context {
 public:
  Context() { context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1)); }
  operator grpc::ClientContext*() { return &context_; }

 private:
  grpc::ClientContext context_;
};

void Check(const grpc::Status& status) {
  if (status.ok()) return;
  std::cerr << "failed with code " << status.error_code() << ": " << status.error_message() << "\n";
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tour HOST:PORT\n";
    return 2;
  }
  const std::unique_ptr<v1::Kache::Stub> cache = Connect(argv[1]);

  v1::PutRequest put;
  put.set_key("user:1");
  put.set_value(std::string("\0any bytes\xff", 11));
  put.set_ttl_ms(60'000);
  v1::PutResponse stored;
  Check(cache->Put(Context(), put, &stored));
  std::cout << "stored on " << stored.receipt().acknowledged() << " or more replicas\n";

  v1::GetRequest get;
  get.set_key("user:1");
  v1::GetResponse got;
  Check(cache->Get(Context(), get, &got));
  if (!got.found() || got.value() != put.value()) return 1;
  v1::GetStatusResponse status;
  Check(cache->GetStatus(Context(), v1::GetStatusRequest(), &status));
  for (const v1::Node& node : status.nodes()) {
    if (node.node_id() != got.receipt().node_id()) continue;
    std::cout << "read back " << got.value().size() << " bytes from " << node.name() << "\n";
  }

  v1::DeleteRequest erase;
  erase.set_key("user:1");
  v1::DeleteResponse erased;
  Check(cache->Delete(Context(), erase, &erased));
  Check(cache->Get(Context(), get, &got));
  if (got.found()) return 1;
  std::cout << "deleted\n";
  return 0;
}
