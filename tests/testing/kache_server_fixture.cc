#include "tests/testing/kache_server_fixture.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "tests/testing/blocking_redis.h"
#include "tests/testing/eventually.h"
#include "tests/testing/metric_value.h"

namespace kache::testing {

bool Eventually(const std::function<bool()>& condition, absl::Duration limit) {
  return kache::Eventually(condition, limit);
}

std::unique_ptr<grpc::ClientContext> Patient(absl::Duration limit) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(absl::ToChronoTime(absl::Now() + limit));
  return context;
}

KacheCluster::KacheCluster(size_t redis_servers) {
  config.grpc_listen_address = {"127.0.0.1", 0};
  config.metrics_listen_address = {"127.0.0.1", 0};
  config.request_timeout = absl::Seconds(20);
  for (size_t i = 0; i < redis_servers; ++i) {
    redis_.push_back(std::make_unique<RedisServer>());
    RedisAddress address;
    address.name = "cache-" + std::to_string(i);
    address.address = {"127.0.0.1", redis_.back()->port()};
    config.servers.push_back(std::move(address));
  }
}

KacheCluster::~KacheCluster() {
  if (server_ == nullptr) return;
  // The HTTP server of the metrics looks up whether it shall end when a connection comes, and
  // otherwise every 2 seconds.
  std::atomic<bool> ended = false;
  std::thread waker([&ended, port = server_->metrics_port()] {
    for (; !ended; absl::SleepFor(absl::Milliseconds(5))) BlockingRedis connection(port);
  });
  server_.reset();
  ended = true;
  waker.join();
}

void KacheCluster::StartServer() {
  absl::StatusOr<std::unique_ptr<KacheServer>> server = KacheServer::Start(config);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  kache_ = v1::Kache::NewStub(NewChannel());
  health_ = grpc::health::v1::Health::NewStub(NewChannel());
  ASSERT_TRUE(Eventually([this] {
    const v1::GetStatusResponse status = Status();
    return status.nodes_size() > 0 &&
           std::all_of(status.nodes().begin(), status.nodes().end(),
                       [](const v1::Node& node) { return node.state() == v1::NODE_STATE_UP; });
  })) << Status().DebugString();
}

std::shared_ptr<grpc::Channel> KacheCluster::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(target(), grpc::InsecureChannelCredentials(), arguments);
}

v1::GetStatusResponse KacheCluster::Status() {
  v1::GetStatusResponse response;
  const grpc::Status status = kache_->GetStatus(Patient().get(), v1::GetStatusRequest(), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

double KacheCluster::Metric(const std::string& series) const {
  return MetricValue(server_->registry(), series);
}

grpc::Status KacheCluster::Put(const std::string& key, const std::string& value,
                               v1::PutResponse* response) {
  v1::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  v1::PutResponse unwanted;
  return kache_->Put(Patient().get(), request, response != nullptr ? response : &unwanted);
}

grpc::Status KacheCluster::Get(const std::string& key, v1::GetResponse* response) {
  v1::GetRequest request;
  request.set_key(key);
  return kache_->Get(Patient().get(), request, response);
}

}  // namespace kache::testing
