// How single keys travel to the servers: Pipeline streams, and what happens where they can't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/gateway/gateway_fixture.h"

namespace kache::gateway {
namespace {

class GatewayStreams : public GatewayTest {
 protected:
  // And until every worker has its streams.
  void StartWithStreams(size_t servers) {
    StartReadyGateway();
    ASSERT_TRUE(Eventually([&] {
      return Metric("kache_gateway_upstream_streams") ==
             static_cast<double>(servers * config_.http.threads);
    }));
  }
  double Messages() const { return Metric("kache_gateway_upstream_message_operations_count"); }
  double Operations() const { return Metric("kache_gateway_upstream_message_operations_sum"); }
};

TEST_F(GatewayStreams, CarrySingleKeys) {
  StartWithStreams(1);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_EQ(Ask("GET", "/api/v1/keys/k", "", "Accept: application/octet-stream\r\n").body, "v");
  EXPECT_EQ(Ask("DELETE", "/api/v1/keys/k").status, 200);
  EXPECT_EQ(Operations(), 3);
  EXPECT_EQ(kache_.calls(), 3);
  EXPECT_GT(kache_.last_timeout(), absl::Seconds(3));
}

TEST_F(GatewayStreams, RequestsThatComeTogetherTravelTogether) {
  config_.http.threads = 1;
  StartWithStreams(1);
  std::vector<std::thread> clients;
  for (int t = 0; t < 8; ++t) {
    clients.emplace_back([&] {
      RawHttpClient client(port());
      for (int i = 0; i < 100; ++i) EXPECT_EQ(client.Ask("GET", "/api/v1/keys/k").status, 404);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(Operations(), 800);
  EXPECT_LT(Messages(), 800);
}

TEST_F(GatewayStreams, LargeValuesGoByUnaryCalls) {
  StartWithStreams(1);
  const std::string value(100 << 10, 'x');
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", value).status, 200);
  EXPECT_EQ(Operations(), 0);
  EXPECT_EQ(kache_.last_put().value(), value);
}

TEST_F(GatewayStreams, AreNotNeeded) {
  kache_.SetOffersPipeline(false);
  StartReadyGateway();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_EQ(Ask("GET", "/api/v1/keys/k").status, 200);
  EXPECT_EQ(Operations(), 0);
}

TEST_F(GatewayStreams, AreOpenedAgain) {
  std::optional<FakeKache> server;
  server.emplace();
  const int port_of_server = server->port();
  config_.servers = {server->address()};
  StartWithStreams(1);
  server.reset();
  EXPECT_TRUE(Eventually([&] { return Metric("kache_gateway_upstream_streams") == 0; }));
  EXPECT_TRUE(
      Eventually([&] { return Metric("kache_gateway_upstream_streams_ended_total") == 2; }));
  server.emplace(port_of_server);
  EXPECT_TRUE(Eventually([&] { return Metric("kache_gateway_upstream_streams") == 2; }));
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_EQ(Operations(), 1);
}

TEST_F(GatewayStreams, UnansweredOperationsOfABrokenStreamGoElsewhere) {
  std::optional<FakeKache> second;
  second.emplace();
  config_.servers.push_back(second->address());
  StartWithStreams(2);
  second->SetDelay(absl::Seconds(60));
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&] { EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200); });
  }
  EXPECT_TRUE(Eventually([&] { return second->calls() > 0; }));
  second.reset();
  for (std::thread& client : clients) client.join();
  EXPECT_GE(Metric("kache_gateway_upstream_retries_total"), 1);
}

TEST_F(GatewayStreams, AFrozenServerCostsNoRequest) {
  FakeKache second;
  config_.servers.push_back(second.address());
  StartWithStreams(2);
  second.SetDelay(absl::Seconds(60));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_GE(Metric("kache_gateway_upstream_streams_frozen_total"), 1);
}

TEST_F(GatewayStreams, AServerThatIsSilentAloneIsWaitedFor) {
  StartWithStreams(1);
  kache_.SetDelay(absl::Milliseconds(600));
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_EQ(Metric("kache_gateway_upstream_streams_frozen_total"), 0);
}

}  // namespace
}  // namespace kache::gateway
