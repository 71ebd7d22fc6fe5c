#include "client/bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace kache::bench {
namespace {

TEST(Histogram, OfNothingIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(0.99), 0u);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (uint64_t i = 1; i <= 100; ++i) histogram.Record(i);
  EXPECT_EQ(histogram.Percentile(0.5), 50u);
  EXPECT_EQ(histogram.Percentile(0.99), 99u);
  EXPECT_EQ(histogram.Percentile(1), 100u);
  EXPECT_EQ(histogram.Percentile(0), 1u);
  EXPECT_EQ(histogram.max(), 100u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, PercentilesAreWithinATenthOfAPercent) {
  std::mt19937_64 random(7);
  Histogram histogram;
  std::vector<uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t value = (uint64_t{1} << (random() % 40)) + random() % 1000;
    values.push_back(value);
    histogram.Record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double part : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto index = static_cast<size_t>(part * static_cast<double>(values.size())) - 1;
    const auto exact = static_cast<double>(values[index]);
    const auto found = static_cast<double>(histogram.Percentile(part));
    EXPECT_GE(found, exact) << part;
    EXPECT_LE(found, exact * 1.001 + 1) << part;
  }
}

TEST(Histogram, CountsWhatIsTooLongAsItsLongest) {
  Histogram histogram;
  histogram.Record(~uint64_t{0});
  EXPECT_EQ(histogram.Percentile(0.5), Histogram::kMaxNanoseconds);
}

TEST(Histogram, MergesAsIfRecordedInOne) {
  Histogram one;
  Histogram other;
  Histogram both;
  for (uint64_t i = 0; i < 10'000; i += 7) {
    (i % 2 == 0 ? one : other).Record(i * i);
    both.Record(i * i);
  }
  one.Merge(other);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.max(), both.max());
  EXPECT_EQ(one.Percentile(0.9), both.Percentile(0.9));
  EXPECT_DOUBLE_EQ(one.mean(), both.mean());
}

}  // namespace
}  // namespace kache::bench
