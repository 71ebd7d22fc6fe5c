// The gateway when servers fail, come and go, and when it stops.
#include <gmock/gmock.h>

#include <optional>
#include <thread>

#include "client/retry_budget.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace kache::gateway {
namespace {

using ::testing::HasSubstr;

grpc::Status Unavailable() { return {grpc::StatusCode::UNAVAILABLE, "no replica"}; }

class WholeGateway : public GatewayTest {};

TEST_F(WholeGateway, TranslatesErrors) {
  StartReadyGateway();
  const std::pair<grpc::StatusCode, int> expected[] = {
      {grpc::StatusCode::INVALID_ARGUMENT, 400}, {grpc::StatusCode::RESOURCE_EXHAUSTED, 429},
      {grpc::StatusCode::UNIMPLEMENTED, 501},    {grpc::StatusCode::FAILED_PRECONDITION, 501},
      {grpc::StatusCode::ABORTED, 503},          {grpc::StatusCode::DEADLINE_EXCEEDED, 504},
      {grpc::StatusCode::INTERNAL, 500}};
  for (const auto& [code, status] : expected) {
    // What may still succeed is tried again.
    kache_.FailNext(status == 504 ? kMaxAttempts : 1, grpc::Status(code, "why"));
    const RawResponse response = Ask("GET", "/api/v1/keys/k");
    EXPECT_EQ(response.status, status);
    EXPECT_THAT(response.body, HasSubstr("\"message\":\"why\""));
    EXPECT_EQ(response.Header("retry-after"), status == 429 || status == 503 ? "1" : "");
  }
  EXPECT_EQ(Metric(R"(kache_gateway_upstream_requests_total{code="ABORTED",rpc="Get"})"), 1);
}

TEST_F(WholeGateway, TriesAgainWhatAServerCouldNotTake) {
  StartReadyGateway();
  kache_.FailNext(2, Unavailable());
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_EQ(kache_.calls(), 3);
  EXPECT_EQ(Metric("kache_gateway_upstream_retries_total"), 2);
}

TEST_F(WholeGateway, GivesUpAfterSomeAttempts) {
  StartReadyGateway();
  kache_.FailNext(1000, Unavailable());
  const RawResponse response = Ask("GET", "/api/v1/keys/k");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":{"code":"UNAVAILABLE","message":"no replica"}})");
  EXPECT_EQ(kache_.calls(), kMaxAttempts);
}

TEST_F(WholeGateway, SpendsNoMoreThanItsRetryBudget) {
  StartReadyGateway();
  kache_.FailNext(1'000'000, Unavailable());
  int requests = 0;
  while (Metric("kache_gateway_upstream_retries_refused_total") < 5 && requests < 1000) {
    Ask("GET", "/api/v1/keys/k");
    ++requests;
  }
  EXPECT_LT(requests, 1000);
  const int calls_before = kache_.calls();
  Ask("GET", "/api/v1/keys/k");
  EXPECT_EQ(kache_.calls(), calls_before + 1);
}

TEST_F(WholeGateway, KeepsTheDeadlineOfTheRequest) {
  StartReadyGateway();
  kache_.SetDelay(absl::Seconds(60));
  const RawResponse response = Ask("GET", "/api/v1/keys/k", "", "Kache-Timeout-Ms: 50\r\n");
  EXPECT_EQ(response.status, 504);
  EXPECT_THAT(response.body, HasSubstr("DEADLINE_EXCEEDED"));
}

TEST_F(WholeGateway, ComesUpWithoutAServerAndFindsItLater) {
  std::optional<FakeKache> late;
  late.emplace();
  const int port_of_server = late->port();
  config_.servers = {late->address()};
  late.reset();
  StartGateway();
  EXPECT_EQ(Ask("GET", "/livez").status, 200);
  EXPECT_EQ(Ask("GET", "/readyz").status, 503);
  EXPECT_EQ(Ask("GET", "/ping").status, 503);
  EXPECT_EQ(Ask("GET", "/status").status, 503);
  const RawResponse get = Ask("GET", "/api/v1/keys/k");
  EXPECT_EQ(get.status, 503);
  EXPECT_EQ(get.Header("retry-after"), "1");

  late.emplace(port_of_server);
  EXPECT_TRUE(Eventually([this] { return Ask("GET", "/readyz").status == 200; }));
  EXPECT_EQ(Ask("GET", "/ping").status, 200);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_TRUE(Eventually([this] { return Metric("kache_gateway_upstream_healthy_servers") == 1; }));
}

TEST_F(WholeGateway, FollowsTheHealthProtocol) {
  StartReadyGateway();
  kache_.SetServing(false);
  EXPECT_TRUE(Eventually([this] { return Ask("GET", "/ping").status == 503; }));
  EXPECT_EQ(Ask("GET", "/readyz").status, 503);
  EXPECT_EQ(Ask("GET", "/livez").status, 200);
  // gRPC tells of a channel's state a moment before calls feel it.
  const auto get = [this] { return Ask("GET", "/api/v1/keys/k").status; };
  EXPECT_TRUE(Eventually([&] { return get() == 503; }));
  // What is wrong can still be looked at.
  EXPECT_EQ(Ask("GET", "/status").status, 200);
  kache_.SetServing(true);
  EXPECT_TRUE(Eventually([this] { return Ask("GET", "/ping").status == 200; }));
  EXPECT_TRUE(Eventually([&] { return get() == 404; }));
}

TEST_F(WholeGateway, UsesAllServersAndLosesNothingWhenOneGoes) {
  std::optional<FakeKache> second;
  second.emplace();
  config_.servers.push_back(second->address());
  StartReadyGateway();
  EXPECT_TRUE(Eventually([&] {
    Ask("GET", "/api/v1/keys/k");
    return kache_.calls() > 0 && second->calls() > 0;
  }));
  second.reset();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
}

TEST_F(WholeGateway, CountsRequestsByRoute) {
  StartReadyGateway();
  Ask("PUT", "/api/v1/keys/secret-key", "secret-value");
  Ask("GET", "/api/v1/keys/secret-key");
  Ask("GET", "/api/v1/keys/none");
  Ask("GET", "/nowhere");
  RawHttpClient(port()).Send("nonsense\r\n\r\n");
  // What was answered is counted a moment later.
  const auto comes_to = [this](const std::string& metric, double value) {
    return Eventually([&] { return Metric(metric) == value; });
  };
  EXPECT_TRUE(comes_to(R"(kache_gateway_rejected_total{reason="bad_request"})", 1));
  const std::string key_route = R"(,route="/api/v1/keys/{key}"})";
  EXPECT_TRUE(comes_to(R"(kache_gateway_requests_total{code="200",method="PUT")" + key_route, 1));
  EXPECT_TRUE(comes_to(R"(kache_gateway_requests_total{code="404",method="GET")" + key_route, 1));
  EXPECT_TRUE(comes_to(R"(kache_gateway_requests_total{code="404",method="GET",route="none"})", 1));
  EXPECT_TRUE(comes_to("kache_gateway_in_flight_requests", 0));
  EXPECT_GT(Metric("kache_gateway_start_time_seconds"), 1.5e9);
  const RawResponse metrics = Ask("GET", "/metrics");
  EXPECT_THAT(metrics.Header("content-type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics.body, HasSubstr("kache_gateway_request_seconds_bucket"));
  EXPECT_THAT(metrics.body, testing::Not(HasSubstr("secret")));
}

TEST_F(WholeGateway, FinishesWhatItHasWhenItStops) {
  StartReadyGateway();
  kache_.SetDelay(absl::Hours(1));
  RawHttpClient busy(port());
  busy.Send("GET /api/v1/keys/k HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(Eventually([this] { return kache_.calls() == 1; }));
  std::thread drain([this] { gateway_->Drain(); });
  EXPECT_TRUE(Eventually([this] { return Ask("GET", "/livez").status == 0; }));
  kache_.SetDelay(absl::ZeroDuration());
  const RawResponse response = busy.Receive();
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.Header("connection"), "close");
  EXPECT_TRUE(busy.AtEnd());
  busy.ShutdownSend();
  drain.join();
}

TEST_F(WholeGateway, IsNotReadyWhileItDrains) {
  config_.drain_delay = absl::Seconds(2);
  StartReadyGateway();
  std::thread drain([this] { gateway_->Drain(); });
  EXPECT_TRUE(Eventually([this] { return Ask("GET", "/readyz").status == 503; }));
  EXPECT_EQ(Ask("GET", "/livez").status, 200);  // it still accepts, for those who have not heard
  drain.join();
  EXPECT_EQ(Ask("GET", "/livez").status, 0);
}

TEST_F(WholeGateway, CutsWhatTakesTooLongAtTheEnd) {
  config_.drain_time = absl::Milliseconds(50);
  StartReadyGateway();
  kache_.SetDelay(absl::Seconds(60));
  RawHttpClient busy(port());
  busy.Send("GET /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nKache-Timeout-Ms: 60000\r\n\r\n");
  ASSERT_TRUE(Eventually([this] { return kache_.calls() == 1; }));
  gateway_->Drain();
  gateway_.reset();  // returns, though the call had a minute left
}

TEST_F(WholeGateway, ATakenPortIsAnError) {
  StartReadyGateway();
  config_.http.address.port = port();
  const auto second = Gateway::Start(config_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("Address already in use"));
}

}  // namespace
}  // namespace kache::gateway
