// Starting and stopping a whole server: ports in use, draining, what callers see meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/testing/kache_server_fixture.h"

namespace kache {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;

class KacheServerStopTest : public ::testing::Test {
 protected:
  KacheServerStopTest() { cluster_.config.try_timeout = absl::Seconds(15); }

  // Puts on a thread of its own, while Redis is frozen; returns once the server has the call.
  std::thread PutMeanwhile(grpc::Status* status) {
    cluster_.redis(0).Freeze();
    std::thread thread([this, status] { *status = cluster_.Put("k", "v"); });
    EXPECT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 1; }));
    return thread;
  }

  KacheCluster cluster_{1};
};

TEST_F(KacheServerStopTest, RefusesAPortInUse) {
  cluster_.StartServer();
  ServerConfig config = cluster_.config;
  config.grpc_listen_address.port = cluster_.server().grpc_port();
  const absl::Status grpc_status = KacheServer::Start(config).status();
  EXPECT_EQ(grpc_status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(grpc_status.message().find(cluster_.target()), absl::string_view::npos) << grpc_status;

  config.grpc_listen_address.port = 0;
  config.metrics_listen_address.port = cluster_.server().metrics_port();
  EXPECT_EQ(KacheServer::Start(config).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(cluster_.Put("k", "v").ok());
}

TEST_F(KacheServerStopTest, StopsAtOnceWhenIdle) {
  cluster_.StartServer();
  ASSERT_TRUE(cluster_.Put("k", "v").ok());
  const absl::Time start = absl::Now();
  EXPECT_TRUE(cluster_.server().Stop(absl::Seconds(20)));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  EXPECT_EQ(cluster_.Put("k", "v").error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(KacheServerStopTest, IsNotHeldUpByWatchers) {
  cluster_.StartServer();
  const auto context = Patient();
  HealthCheckRequest request;
  auto reader = cluster_.health().Watch(context.get(), request);
  HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  const absl::Time start = absl::Now();
  EXPECT_TRUE(cluster_.server().Stop(absl::Seconds(20)));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(KacheServerStopTest, FinishesWhatItAccepted) {
  cluster_.StartServer();
  grpc::Status status;
  std::thread put = PutMeanwhile(&status);
  const auto context = Patient();
  auto reader = cluster_.health().Watch(context.get(), HealthCheckRequest());
  HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));

  bool in_time = false;
  std::thread stop([&] { in_time = cluster_.server().Stop(absl::Seconds(20)); });
  // The state goes out before the call is finished, which waits for Redis.
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  cluster_.redis(0).Thaw();
  put.join();
  stop.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(in_time);
}

TEST_F(KacheServerStopTest, GivesUpWhenTheDrainTimeIsOver) {
  cluster_.StartServer();
  grpc::Status status;
  std::thread put = PutMeanwhile(&status);
  const absl::Time start = absl::Now();
  EXPECT_FALSE(cluster_.server().Stop(absl::Milliseconds(200)));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  put.join();
  EXPECT_TRUE(status.error_code() == grpc::StatusCode::UNAVAILABLE ||
              status.error_code() == grpc::StatusCode::CANCELLED)
      << status.error_code() << " " << status.error_message();
}

TEST_F(KacheServerStopTest, StopsUnderLoadWithoutStrangeErrors) {
  cluster_.config.grpc_threads = 2;
  cluster_.config.shards = 2;
  cluster_.StartServer();
  std::atomic<bool> stopping = false;
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; !stopping || i % 16 != 0; ++i) {
        const grpc::Status status = cluster_.Put("k" + std::to_string(t), "v");
        if (status.ok()) {
          ++answered;
        } else {
          EXPECT_TRUE(stopping);
          EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
        }
      }
    });
  }
  EXPECT_TRUE(Eventually([&] { return answered > 200; }));
  stopping = true;
  EXPECT_TRUE(cluster_.server().Drain(absl::Seconds(20)));
  for (std::thread& client : clients) client.join();
}

TEST_F(KacheServerStopTest, StartsWithoutAnyRedisServer) {
  cluster_.redis(0).Kill();
  absl::StatusOr<std::unique_ptr<KacheServer>> server = KacheServer::Start(cluster_.config);
  ASSERT_TRUE(server.ok()) << server.status();
}

}  // namespace
}  // namespace kache
