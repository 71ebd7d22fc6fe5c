#include "client/bench/workload.h"

#include <gtest/gtest.h>

#include <map>

namespace kache::bench {
namespace {

std::map<Kind, int> Draw(const char* name) {
  std::atomic<uint64_t> keys = 100;
  Workload workload(*FindMix(name), &keys, 1);
  std::map<Kind, int> counts;
  for (int i = 0; i < 10'000; ++i) ++counts[workload.NextKind()];
  return counts;
}

TEST(Workload, MixesAreThoseOfYcsb) {
  EXPECT_NEAR(Draw("a")[Kind::kPut], 5000, 250);
  EXPECT_NEAR(Draw("b")[Kind::kPut], 500, 100);
  EXPECT_EQ(Draw("c")[Kind::kGet], 10'000);
  EXPECT_NEAR(Draw("d")[Kind::kInsert], 500, 100);
  EXPECT_EQ(Draw("d")[Kind::kPut], 0);
  EXPECT_NEAR(Draw("f")[Kind::kReadModifyWrite], 5000, 250);
  EXPECT_EQ(FindMix("d")->distribution, Distribution::kLatest);
  EXPECT_FALSE(FindMix("e").has_value()) << "Kache has no scans";
}

TEST(Workload, InsertsAreNewKeysForAll) {
  std::atomic<uint64_t> keys = 10;
  Workload one(*FindMix("d"), &keys, 1);
  Workload other(*FindMix("d"), &keys, 2);
  EXPECT_EQ(one.NextKey(Kind::kInsert), 10u);
  EXPECT_EQ(other.NextKey(Kind::kInsert), 11u);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(one.NextKey(Kind::kGet), 12u);
}

}  // namespace
}  // namespace kache::bench
