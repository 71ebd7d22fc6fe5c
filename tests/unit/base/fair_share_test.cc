#include "base/fair_share.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace kache {
namespace {

// What each of `holders` has once none of them gets one more.
std::vector<int64_t> Greedy(int64_t bound, size_t holders) {
  std::vector<int64_t> own(holders, 0);
  for (bool any = true; any;) {
    any = false;
    for (int64_t& mine : own) {
      const int64_t held = std::accumulate(own.begin(), own.end(), int64_t{0});
      if (!HasFairShare(bound, held, mine, 1)) continue;
      ++mine;
      any = true;
    }
  }
  return own;
}

TEST(FairShare, WhoIsAloneGetsThreeQuarters) {
  EXPECT_EQ(Greedy(1000, 1), std::vector<int64_t>{750});
  EXPECT_EQ(Greedy(64, 1), std::vector<int64_t>{48});
}

TEST(FairShare, GreedyHoldersShareAlikeAndLeaveRoom) {
  const std::vector<int64_t> own = Greedy(1000, 5);
  for (const int64_t mine : own) EXPECT_NEAR(static_cast<double>(mine), 187, 1);
  EXPECT_TRUE(HasFairShare(1000, 5 * 187, 0, 1));
}

TEST(FairShare, ASmallBoundIsNotDivided) { EXPECT_EQ(Greedy(63, 1), std::vector<int64_t>{63}); }

TEST(FairShare, WhoHoldsNothingGetsWhatIsFree) {
  EXPECT_TRUE(HasFairShare(100, 99, 0, 1));
  EXPECT_TRUE(HasFairShare(100, 40, 0, 60));
  EXPECT_FALSE(HasFairShare(100, 100, 0, 1));
  EXPECT_FALSE(HasFairShare(100, 40, 0, 61));
  EXPECT_TRUE(HasFairShare(1, 0, 0, 1));
}

}  // namespace
}  // namespace kache
