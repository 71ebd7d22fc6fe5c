#include "server/metrics_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "prometheus/counter.h"
#include "tests/testing/metric_value.h"
#include "tests/testing/temporary_file.h"
#include "tests/testing/token_line.h"
#include "tests/unit/http/raw_http_client.h"

namespace kache {
namespace {

using ::testing::HasSubstr;

class MetricsPortTest : public ::testing::Test {
 protected:
  MetricsPortTest() {
    prometheus::BuildCounter().Name("kache_test_total").Register(registry_).Add({}).Increment(3);
  }

  void Start(const HostPort& address = {"127.0.0.1", 0}, const AccessControl* access = nullptr) {
    auto port = MetricsPort::Start(address, {}, registry_, access);
    ASSERT_TRUE(port.ok()) << port.status();
    port_ = *std::move(port);
  }
  RawResponse Ask(std::string_view method, std::string_view target, std::string_view headers = "") {
    return RawHttpClient(port_->port()).Ask(method, target, "", headers);
  }

  // From now on an answer is more than sockets hold.
  void MakeLarge() {
    auto& family = prometheus::BuildCounter().Name("kache_large_total").Register(registry_);
    for (const char letter : {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}) {
      family.Add({{"text", std::string(size_t{1} << 20, letter)}});
    }
  }

  prometheus::Registry registry_;
  std::unique_ptr<MetricsPort> port_;
};

TEST_F(MetricsPortTest, ServesTheRegistry) {
  Start();
  const RawResponse response = Ask("GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.Header("content-type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("kache_test_total 3"));
  EXPECT_EQ(Ask("GET", "/").status, 404);
  EXPECT_EQ(Ask("PUT", "/metrics").status, 405);
}

TEST_F(MetricsPortTest, AnswersHead) {
  Start();
  const RawResponse response = Ask("HEAD", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.Header("content-length"), "0");
}

TEST_F(MetricsPortTest, AnswersEveryHost) {
  Start();
  RawHttpClient client(port_->port());
  client.Send("GET /metrics HTTP/1.1\r\nHost: kache.example.com\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 200);
}

TEST_F(MetricsPortTest, AsksForATokenThatMayRead) {
  const TemporaryFile file(TokenLine("r", "read", "reading"));
  prometheus::Registry registry;
  const auto access = AccessControl::Start({.tokens_file = file.path()}, registry).value();
  Start({"127.0.0.1", 0}, access.get());
  EXPECT_EQ(Ask("GET", "/metrics").status, 401);
  EXPECT_EQ(Ask("GET", "/metrics", "Authorization: Bearer wrong\r\n").status, 401);
  EXPECT_EQ(Ask("GET", "/metrics", "Authorization: Bearer reading\r\n").status, 200);
  EXPECT_EQ(Ask("GET", "/metrics", "Authorization: Basic OnJlYWRpbmc=\r\n").status, 200);
}

TEST_F(MetricsPortTest, ALimitOnOperationsKeepsNoScrapeOut) {
  const TemporaryFile file(TokenLine("r", "read", "reading", " operations_per_second=1"));
  prometheus::Registry registry;
  const auto access = AccessControl::Start({.tokens_file = file.path()}, registry).value();
  Start({"127.0.0.1", 0}, access.get());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Ask("GET", "/metrics", "Authorization: Bearer reading\r\n").status, 200);
  }
}

TEST_F(MetricsPortTest, IdleConnectionsKeepNobodyOut) {
  Start();
  std::vector<std::unique_ptr<RawHttpClient>> idle;
  for (size_t i = 0; i < 3 * MetricsPort::kMaxConnections; ++i) {
    idle.push_back(std::make_unique<RawHttpClient>(port_->port()));
    if (i % 2 == 0) idle.back()->Send("GET /metrics HTTP/1.1\r\nHost");
  }
  EXPECT_EQ(Ask("GET", "/metrics").status, 200);
  EXPECT_TRUE(idle.front()->AtEnd()) << "it gave its place up";
  EXPECT_GT(testing::MetricValue(
                registry_, R"(kache_metrics_port_rejected_total{reason="too_many_connections"})"),
            0);
}

// A connection that sends nothing is replaced before one whose request is being answered, however
// new it is.
TEST_F(MetricsPortTest, AnAnswerThatIsReadIsNotReplacedByNewConnections) {
  MakeLarge();
  Start();
  RawHttpClient scraper(port_->port());
  scraper.Send("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::vector<std::unique_ptr<RawHttpClient>> idle;
  for (size_t i = 0; i < 3 * MetricsPort::kMaxConnections; ++i) {
    idle.push_back(std::make_unique<RawHttpClient>(port_->port()));
  }
  EXPECT_TRUE(idle.front()->AtEnd());
  EXPECT_EQ(scraper.Receive().status, 200);
}

TEST_F(MetricsPortTest, ClientsThatDoNotReadKeepNobodyOut) {
  MakeLarge();
  Start();
  std::vector<std::unique_ptr<RawHttpClient>> deaf;
  for (size_t i = 0; i < 2 * MetricsPort::kMaxConnections; ++i) {
    deaf.push_back(std::make_unique<RawHttpClient>(port_->port()));
    deaf.back()->Send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  EXPECT_EQ(Ask("GET", "/metrics").status, 200);
}

TEST_F(MetricsPortTest, SaysWhenThePortIsTaken) {
  Start();
  const auto second = MetricsPort::Start({"127.0.0.1", port_->port()}, {}, registry_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(Concat("127.0.0.1:", port_->port())));
}

TEST_F(MetricsPortTest, FreesThePortWhenDestroyed) {
  Start();
  const uint16_t port = port_->port();
  port_.reset();
  Start({"127.0.0.1", port});
}

TEST_F(MetricsPortTest, ListensOnANamedHost) {
  Start({"localhost", 0});
  EXPECT_EQ(Ask("GET", "/metrics").status, 200);
}

}  // namespace
}  // namespace kache
