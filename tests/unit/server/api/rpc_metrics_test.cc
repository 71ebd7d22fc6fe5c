#include "server/api/rpc_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/api/pipeline_metrics.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using ::kache::testing::MetricValue;
using std::chrono::milliseconds;

TEST(RpcMetrics, CountsByCode) {
  prometheus::Registry registry;
  RpcMetrics metrics("Get", Via::kUnary, registry);
  const MonotonicTime start = std::chrono::steady_clock::now();
  metrics.Count(grpc::StatusCode::OK, start, start + milliseconds(1));
  metrics.Count(grpc::StatusCode::OK, start, start + milliseconds(1));
  metrics.Count(grpc::StatusCode::UNAUTHENTICATED, start, start + milliseconds(1));
  EXPECT_EQ(MetricValue(registry, "kache_requests_total{code=\"OK\",rpc=\"Get\",via=\"unary\"}"),
            2);
  EXPECT_EQ(MetricValue(registry,
                        "kache_requests_total{code=\"UNAUTHENTICATED\",rpc=\"Get\",via=\"unary\"}"),
            1);
  EXPECT_EQ(
      MetricValue(registry, "kache_requests_total{code=\"ABORTED\",rpc=\"Get\",via=\"unary\"}"), 0);
}

TEST(RpcMetrics, TimesCalls) {
  prometheus::Registry registry;
  RpcMetrics metrics("Put", Via::kUnary, registry);
  const MonotonicTime start = std::chrono::steady_clock::now();
  metrics.Count(grpc::StatusCode::OK, start, start + milliseconds(250));
  EXPECT_EQ(MetricValue(registry, "kache_request_seconds_count{rpc=\"Put\",via=\"unary\"}"), 1);
  EXPECT_NEAR(MetricValue(registry, "kache_request_seconds_sum{rpc=\"Put\",via=\"unary\"}"), 0.25,
              1e-6);
}

TEST(RpcMetrics, CountsPipelineOperationsInTheSameFamily) {
  prometheus::Registry registry;
  RpcMetrics calls("Get", Via::kUnary, registry);
  PipelineMetrics operations(registry);
  const MonotonicTime start = std::chrono::steady_clock::now();
  calls.Count(grpc::StatusCode::OK, start, start);
  operations.CountOperation(v1::PipelineOperation::kGet, absl::StatusCode::kAborted, start,
                            start + milliseconds(250));
  const std::string name = "kache_requests_total";
  EXPECT_EQ(MetricValue(registry, name + R"({code="OK",rpc="Get",via="unary"})"), 1);
  EXPECT_EQ(MetricValue(registry, name + R"({code="OK",rpc="Get",via="pipeline"})"), 0);
  EXPECT_EQ(MetricValue(registry, name + R"({code="ABORTED",rpc="Get",via="pipeline"})"), 1);
  EXPECT_NEAR(MetricValue(registry, R"(kache_request_seconds_sum{rpc="Get",via="pipeline"})"), 0.25,
              1e-6);
}

TEST(RpcMetrics, SharesSeriesBetweenQueues) {
  prometheus::Registry registry;
  RpcMetrics one("Get", Via::kUnary, registry);
  RpcMetrics other("Get", Via::kUnary, registry);
  const MonotonicTime start = std::chrono::steady_clock::now();
  one.Count(grpc::StatusCode::OK, start, start);
  other.Count(grpc::StatusCode::OK, start, start);
  EXPECT_EQ(MetricValue(registry, "kache_requests_total{code=\"OK\",rpc=\"Get\",via=\"unary\"}"),
            2);
}

}  // namespace
}  // namespace kache
