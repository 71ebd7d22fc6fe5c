#include "server/api/rpc_metrics.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using ::kache::testing::MetricValue;
using std::chrono::milliseconds;

TEST(RpcMetrics, CountsByCode) {
  prometheus::Registry registry;
  RpcMetrics metrics("Get", registry);
  const MonotonicTime start = std::chrono::steady_clock::now();
  metrics.Count(grpc::StatusCode::OK, start, start + milliseconds(1));
  metrics.Count(grpc::StatusCode::OK, start, start + milliseconds(1));
  metrics.Count(grpc::StatusCode::UNAUTHENTICATED, start, start + milliseconds(1));
  EXPECT_EQ(MetricValue(registry, "kache_requests_total{code=\"OK\",rpc=\"Get\"}"), 2);
  EXPECT_EQ(MetricValue(registry, "kache_requests_total{code=\"UNAUTHENTICATED\",rpc=\"Get\"}"), 1);
  EXPECT_EQ(MetricValue(registry, "kache_requests_total{code=\"ABORTED\",rpc=\"Get\"}"), 0);
}

TEST(RpcMetrics, TimesCalls) {
  prometheus::Registry registry;
  RpcMetrics metrics("Put", registry);
  const MonotonicTime start = std::chrono::steady_clock::now();
  metrics.Count(grpc::StatusCode::OK, start, start + milliseconds(250));
  EXPECT_EQ(MetricValue(registry, "kache_request_seconds_count{rpc=\"Put\"}"), 1);
  EXPECT_NEAR(MetricValue(registry, "kache_request_seconds_sum{rpc=\"Put\"}"), 0.25, 1e-6);
}

TEST(RpcMetrics, SharesSeriesBetweenQueues) {
  prometheus::Registry registry;
  RpcMetrics one("Get", registry);
  RpcMetrics other("Get", registry);
  const MonotonicTime start = std::chrono::steady_clock::now();
  one.Count(grpc::StatusCode::OK, start, start);
  other.Count(grpc::StatusCode::OK, start, start);
  EXPECT_EQ(MetricValue(registry, "kache_requests_total{code=\"OK\",rpc=\"Get\"}"), 2);
}

}  // namespace
}  // namespace kache
