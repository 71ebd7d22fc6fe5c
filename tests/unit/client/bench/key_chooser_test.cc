#include "client/bench/key_chooser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace kache::bench {
namespace {

constexpr uint64_t kKeys = 1000;
constexpr int kDraws = 200'000;

// How often each key was drawn.
std::map<uint64_t, int> Draw(Distribution distribution, uint64_t keys = kKeys) {
  KeyChooser chooser(distribution, keys, /*seed=*/5);
  std::map<uint64_t, int> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[chooser.Next(keys)];
  return counts;
}

TEST(Uniform, DrawsEveryKeyAlike) {
  const std::map<uint64_t, int> counts = Draw(Distribution::kUniform);
  ASSERT_EQ(counts.size(), kKeys);
  for (const auto& [key, count] : counts) EXPECT_NEAR(count, kDraws / kKeys, 100) << key;
}

TEST(Zipfian, DrawsRanksInProportion) {
  const Zipfian zipfian(kKeys);
  KeyChooser random(Distribution::kUniform, 1, 3);
  std::vector<int> counts(kKeys);
  for (int i = 0; i < kDraws; ++i) ++counts[zipfian.Rank(random.Uniform())];
  double zeta = 0;
  for (uint64_t i = 1; i <= kKeys; ++i) zeta += std::pow(static_cast<double>(i), -Zipfian::kTheta);
  // The first two ranks are exact; the method approximates the others.
  EXPECT_NEAR(counts[0], kDraws / zeta, 1000);
  EXPECT_NEAR(counts[1], kDraws / zeta * std::pow(2, -Zipfian::kTheta), 1000);
  EXPECT_GT(counts[5], counts[50]);
  EXPECT_GT(counts[50], counts[500]);
}

TEST(Zipfian, GrowsIntoWhatItWouldHaveBeen) {
  Zipfian grown(10);
  grown.Grow(kKeys);
  const Zipfian made(kKeys);
  for (double uniform = 0; uniform < 1; uniform += 0.01) {
    EXPECT_EQ(grown.Rank(uniform), made.Rank(uniform)) << uniform;
  }
}

TEST(Zipfian, StaysInsideItsRanks) {
  for (const uint64_t count : {1, 2, 3, 10}) {
    const Zipfian zipfian(count);
    for (const double uniform : {0.0, 0.3, 0.5, 0.9, 0.999999999999}) {
      EXPECT_LT(zipfian.Rank(uniform), count) << count << " " << uniform;
    }
  }
}

TEST(ZipfianKeys, AreScatteredOverAllKeys) {
  const std::map<uint64_t, int> counts = Draw(Distribution::kZipfian);
  const auto hottest =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  EXPECT_EQ(hottest->first, Mix(0) % kKeys);
}

TEST(LatestKeys, AreTheNewest) {
  const std::map<uint64_t, int> counts = Draw(Distribution::kLatest);
  EXPECT_GT(counts.at(kKeys - 1), counts.at(kKeys - 2));
  EXPECT_GT(counts.at(kKeys - 2), counts.at(kKeys - 20));
  KeyChooser chooser(Distribution::kLatest, kKeys, 5);
  int newest = 0;
  for (int i = 0; i < 1000; ++i) newest += chooser.Next(2 * kKeys) >= kKeys;
  EXPECT_GT(newest, 700) << "keys inserted meanwhile are the newest";
}

TEST(KeyChooser, DependsOnItsSeedAlone) {
  KeyChooser one(Distribution::kZipfian, kKeys, 9);
  KeyChooser other(Distribution::kZipfian, kKeys, 9);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(one.Next(kKeys), other.Next(kKeys));
}

}  // namespace
}  // namespace kache::bench
