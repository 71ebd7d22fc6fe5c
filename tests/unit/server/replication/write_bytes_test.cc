// What the bytes of a write count for, and until when.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/byte_budget.h"
#include "server/replication/lag.h"
#include "server/replication/record.h"
#include "server/replication/write_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

class WriteBytesTest : public testing::ShardFixture {};

TEST_F(WriteBytesTest, CountedBytesAreUnansweredUntilTheAnswer) {
  Start();
  ByteBudget budget(1000);
  budget.Count(200);
  const auto put = Write({.key = kKey, .value = "value", .hold = budget.HoldUntilGone(200)});
  EXPECT_EQ(shard().unanswered_bytes(), std::string_view(kKey).size() + 5 + kCommandBytes);
  node(0).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(shard().unanswered_bytes(), 0u);
  EXPECT_EQ(budget.bytes(), 200);  // two nodes have yet to take it
  End();
  EXPECT_EQ(budget.bytes(), 0);
}

TEST_F(WriteBytesTest, EachFurtherCommandCountsForItself) {
  Start();
  SetClockOffset(1, absl::Milliseconds(200));
  ByteBudget budget(100'000);
  shard().SetBudget(&budget);
  budget.Count(2000);
  const std::string value(1000, 'v');
  const auto put = Write({.key = kKey, .value = value, .hold = budget.HoldUntilGone(2000)});
  EXPECT_EQ(budget.bytes(), 2000 + 1000 + static_cast<int64_t>(kRecordHeaderBytes));
  node(0).Answer(Stored());
  EXPECT_TRUE(put.ok());
  End();
  EXPECT_EQ(budget.bytes(), 0);
}

TEST_F(WriteBytesTest, BytesThatAreNotCountedAreNotUnanswered) {
  Start();
  const auto put = Put("value");
  EXPECT_EQ(shard().unanswered_bytes(), 0u);
  node(0).Answer(Stored());
  EXPECT_TRUE(put.ok());
}

}  // namespace
}  // namespace kache
