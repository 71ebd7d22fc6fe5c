#include "base/byte_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kache {
namespace {

constexpr int64_t kKiB = 1024;
constexpr int64_t kBound = 800 * kKiB;  // an eighth: 100 KiB

class ByteBudgetTest : public testing::Test {
 protected:
  prometheus::Counter refusals_;
  ByteBudget budget_{kBound, &refusals_};
};

TEST_F(ByteBudgetTest, RefusesWhatFindsNoRoom) {
  EXPECT_TRUE(budget_.Admit(600 * kKiB));
  EXPECT_FALSE(budget_.Admit(200 * kKiB));
  EXPECT_EQ(refusals_.Value(), 1);
  EXPECT_EQ(budget_.bytes(), 600 * kKiB);
  budget_.Release(600 * kKiB);
  EXPECT_TRUE(budget_.Admit(200 * kKiB));
}

TEST_F(ByteBudgetTest, KeepsAnEighthForThoseWhoAskForLittle) {
  EXPECT_TRUE(budget_.Admit(700 * kKiB));
  EXPECT_FALSE(budget_.Admit(ByteBudget::kSmallBytes + 1));
  EXPECT_FALSE(budget_.Admit(kKiB, /*own=*/ByteBudget::kSmallBytes)) << "not small as a whole";
  EXPECT_FALSE(budget_.Admit(kKiB, 0, ByteBudget::kSmallBytes + 1)) << "the first of many bytes";
  EXPECT_TRUE(budget_.Admit(90 * kKiB, 0, ByteBudget::kSmallBytes)) << "small on the wire";
  budget_.Release(90 * kKiB);
  EXPECT_TRUE(budget_.Admit(ByteBudget::kSmallBytes));
  EXPECT_FALSE(budget_.Admit(ByteBudget::kSmallBytes)) << "the eighth is bounded, too";
}

TEST_F(ByteBudgetTest, HasRoomForWhoeverIsAlone) {
  EXPECT_TRUE(budget_.Admit(10 * kBound));
  EXPECT_TRUE(budget_.Admit(20 * kBound, /*own=*/10 * kBound));
  EXPECT_FALSE(budget_.Admit(1));
}

TEST_F(ByteBudgetTest, HoldsUntilTheLastCopyGoes) {
  budget_.Count(2 * kBound);
  ByteBudget::Hold hold = budget_.HoldUntilGone(2 * kBound);
  ByteBudget::Hold copy = hold;
  hold.reset();
  EXPECT_EQ(budget_.bytes(), 2 * kBound);
  copy.reset();
  EXPECT_EQ(budget_.bytes(), 0);
}

TEST_F(ByteBudgetTest, StaysExactAcrossThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 10'000; ++n) {
        if (!budget_.Admit(300 * kKiB)) continue;
        budget_.Release(300 * kKiB);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget_.bytes(), 0);
}

}  // namespace
}  // namespace kache
