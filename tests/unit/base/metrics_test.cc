#include "base/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/strings.h"
#include "prometheus/counter.h"

namespace kache {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<prometheus::Registry> RegistryWithOneCounter() {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name("kache_test_total").Register(*registry).Add({}).Increment(3);
  return registry;
}

// What an HTTP server on 127.0.0.1 answers; empty when it can't be reached.
std::string Fetch(uint16_t port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const timeval timeout{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = Concat("GET ", path, " HTTP/1.0\r\n\r\n");
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      char buffer[4096];
      for (ssize_t n = 0; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
        answer.append(buffer, static_cast<size_t>(n));
      }
    }
  }
  close(fd);
  return answer;
}

TEST(LatencyBuckets, RiseFromAHundredMicrosecondsToTenSeconds) {
  const auto& buckets = LatencyBuckets();
  EXPECT_EQ(buckets.front(), 0.0001);
  EXPECT_EQ(buckets.back(), 10);
  EXPECT_EQ(std::adjacent_find(buckets.begin(), buckets.end(), std::greater_equal<>()),
            buckets.end());
}

TEST(RenderMetrics, WritesTheTextFormat) {
  const auto registry = RegistryWithOneCounter();
  EXPECT_THAT(RenderMetrics(*registry), HasSubstr("# TYPE kache_test_total counter\n"
                                                  "kache_test_total 3"));
}

TEST(MetricsServer, ServesTheRegistryOnAFreePort) {
  const auto server = MetricsServer::Start({"127.0.0.1", 0}, RegistryWithOneCounter());
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_NE((*server)->port(), 0);
  const std::string answer = Fetch((*server)->port(), "/metrics");
  EXPECT_THAT(answer, HasSubstr(" 200 OK"));
  EXPECT_THAT(answer, HasSubstr("kache_test_total 3"));
  EXPECT_THAT(Fetch((*server)->port(), "/"), HasSubstr(" 404 Not Found"));
}

TEST(MetricsServer, FreesThePortWhenDestroyed) {
  auto server = MetricsServer::Start({"127.0.0.1", 0}, RegistryWithOneCounter());
  ASSERT_TRUE(server.ok()) << server.status();
  const uint16_t port = (*server)->port();
  server->reset();
  EXPECT_EQ(Fetch(port, "/metrics"), "");
  EXPECT_TRUE(MetricsServer::Start({"127.0.0.1", port}, RegistryWithOneCounter()).ok());
}

TEST(MetricsServer, SaysWhenThePortIsTaken) {
  const auto first = MetricsServer::Start({"127.0.0.1", 0}, RegistryWithOneCounter());
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second =
      MetricsServer::Start({"127.0.0.1", (*first)->port()}, RegistryWithOneCounter());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(Concat("127.0.0.1:", (*first)->port())));
}

TEST(MetricsServer, ListensOnANamedHost) {
  const auto server = MetricsServer::Start({"localhost", 0}, RegistryWithOneCounter());
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(Fetch((*server)->port(), "/metrics"), HasSubstr("kache_test_total 3"));
}

}  // namespace
}  // namespace kache
