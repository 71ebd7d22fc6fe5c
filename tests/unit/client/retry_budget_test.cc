#include "client/retry_budget.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

TEST(RetryBackoff, DoublesUpToItsLimit) {
  EXPECT_EQ(RetryBackoff(2, 0.0), kFirstBackoff / 2);
  EXPECT_EQ(RetryBackoff(3, 0.0), kFirstBackoff);
  EXPECT_EQ(RetryBackoff(100, 0.0), kMaxBackoff / 2);
  EXPECT_LT(RetryBackoff(2, 0.999), kFirstBackoff);
}

TEST(RetryBudget, StopsRetriesWhileMostCallsFail) {
  RetryBudget budget;
  int retries = 0;
  while (budget.OnFailure()) ++retries;
  EXPECT_EQ(retries, RetryBudget::kTokens / 2 / RetryBudget::kCost);
  EXPECT_FALSE(budget.MayRetry());
  for (int i = 0; i < 10 * RetryBudget::kCost; ++i) budget.OnSuccess();
  EXPECT_TRUE(budget.MayRetry());
  EXPECT_TRUE(budget.OnFailure());
}

}  // namespace
}  // namespace kache
