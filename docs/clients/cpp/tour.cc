// Puts, gets, touches and deletes a key through gRPC. Usage: tour HOST:PORT
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>

#include "kache/v1/kache.grpc.pb.h"

namespace v1 = kache::v1;

namespace {

// What a server could not take is sent again, by gRPC itself. So all writes here carry a stamp: an
// attempt that arrives late then changes nothing.
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

// Gives each write its version. One for each process; not for several threads at once.
class Stamps {
 public:
  explicit Stamps(v1::Kache::Stub& cache) {
    v1::GetStatusResponse status;
    Check(cache.GetStatus(Context(), v1::GetStatusRequest(), &status));
    // An older server names no time: then the own clock counts.
    if (status.cluster_time_unix_ms() != 0) ahead_ms_ = status.cluster_time_unix_ms() - NowMs();
    std::random_device random;
    while (clock_ == 0) clock_ = (uint64_t{random()} << 32 | random()) << 16;
  }

  void Next(v1::Stamp* stamp) {
    last_ = std::max(static_cast<uint64_t>(NowMs() + ahead_ms_) << 16, last_ + 1);  // it only rises
    stamp->set_timestamp(last_);
    stamp->set_clock(clock_);
  }

 private:
  static int64_t NowMs() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }

  int64_t ahead_ms_ = 0;
  uint64_t clock_ = 0;
  uint64_t last_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tour HOST:PORT\n";
    return 2;
  }
  const std::unique_ptr<v1::Kache::Stub> cache = Connect(argv[1]);
  Stamps stamps(*cache);

  v1::PutRequest put;
  put.set_key("user:1");
  put.set_value(std::string("\0any bytes\xff", 11));
  put.set_ttl_ms(60'000);
  stamps.Next(put.mutable_stamp());
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

  v1::TouchRequest touch;
  touch.set_key("user:1");
  touch.set_ttl_ms(3'600'000);
  stamps.Next(touch.mutable_stamp());
  v1::TouchResponse touched;
  Check(cache->Touch(Context(), touch, &touched));
  if (!touched.found()) return 1;
  std::cout << "lives for an hour\n";

  v1::DeleteRequest erase;
  erase.set_key("user:1");
  stamps.Next(erase.mutable_stamp());
  v1::DeleteResponse erased;
  Check(cache->Delete(Context(), erase, &erased));
  Check(cache->Get(Context(), get, &got));
  if (got.found()) return 1;
  std::cout << "deleted\n";
  return 0;
}
