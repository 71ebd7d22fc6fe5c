#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "prometheus/counter.h"

namespace kache {
namespace {

using ::testing::HasSubstr;

TEST(LatencyBuckets, RiseFromAHundredMicrosecondsToTenSeconds) {
  const auto& buckets = LatencyBuckets();
  EXPECT_EQ(buckets.front(), 0.0001);
  EXPECT_EQ(buckets.back(), 10);
  EXPECT_EQ(std::adjacent_find(buckets.begin(), buckets.end(), std::greater_equal<>()),
            buckets.end());
}

TEST(RenderMetrics, WritesTheTextFormat) {
  prometheus::Registry registry;
  prometheus::BuildCounter().Name("kache_test_total").Register(registry).Add({}).Increment(3);
  EXPECT_THAT(RenderMetrics(registry), HasSubstr("# TYPE kache_test_total counter\n"
                                                 "kache_test_total 3"));
}

}  // namespace
}  // namespace kache
