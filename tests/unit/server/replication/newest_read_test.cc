#include "server/replication/newest_read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NewestReadTest : public testing::ShardFixture {
 protected:
  // Three home replicas, all SYNCING, and no stand-in.
  void StartSyncing() {
    Start(3);
    for (size_t i = 0; i < 3; ++i) MakeSyncing(i);
  }
  static redis::Reply Value(uint64_t timestamp, std::string_view value) {
    return Held({{timestamp, 7}, 0, false, value});
  }
};

TEST_F(NewestReadTest, AsksAllHomeReplicasAtOnce) {
  StartSyncing();
  const auto get = Get(absl::Seconds(1));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  EXPECT_EQ(node(0).sent().at(0).timeout, absl::Milliseconds(500));
  EXPECT_EQ(metrics().reads_newest_of_all.Value(), 1);
}

// A write that every home replica was away for stands on stand-ins alone until the resync.
TEST_F(NewestReadTest, AsksStandInsTooWhenNoHomeReplicaIsUp) {
  Start();
  MakeSyncing(0);
  MakeDown(1);
  MakeSyncing(2);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(0, 2, 3, 4));
  node(0).Answer(redis::Reply::Nil());
  node(2).Answer(Value(10, "before they went"));
  node(3).Answer(redis::Reply::Nil());
  node(4).Answer(Value(20, "while they were away"));
  EXPECT_EQ(get->value, "while they were away");
  EXPECT_EQ(get->receipt.node, NodeId(4));
}

TEST_F(NewestReadTest, AsksAsManyStandInsAsThereAreHomeReplicas) {
  Start(9);
  for (size_t i = 0; i < 3; ++i) MakeSyncing(i);
  MakeSyncing(4);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2, 3, 5, 6));
}

TEST_F(NewestReadTest, AnswersTheNewestInWhateverOrderTheyCome) {
  std::array<size_t, 3> order = {0, 1, 2};
  StartSyncing();
  do {
    const auto get = Get();
    for (const size_t i : order) {
      EXPECT_FALSE(get.came());
      node(i).Answer(Value(i == 1 ? 99 : 10 + i, "of " + std::to_string(i)));
    }
    EXPECT_EQ(get->value, "of 1");
    EXPECT_EQ(get->receipt.node, NodeId(1));
    EXPECT_EQ(get->receipt.acknowledged, 3u);
    EXPECT_TRUE(get->receipt.degraded);
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(metrics().reads_degraded.Value(), 6);
}

TEST_F(NewestReadTest, ANewerTombstoneIsAMiss) {
  StartSyncing();
  const auto get = Get();
  node(0).Answer(Value(10, "old"));
  node(1).Answer(Held({{20, 7}, NowMs() + 1000, true, {}}));
  node(2).Answer(redis::Reply::Nil());
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.version, (Version{20, 7}));
}

TEST_F(NewestReadTest, AnExpiredRecordHidesOlderOnes) {
  StartSyncing();
  const auto get = Get();
  node(0).Answer(Value(10, "old"));
  node(1).Answer(Held({{20, 7}, NowMs(), false, "expired"}));
  node(2).Answer(redis::Reply::Nil());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(metrics().expired_records.Value(), 1);
}

TEST_F(NewestReadTest, IsAMissWhenNobodyHoldsAnything) {
  StartSyncing();
  const auto get = Get();
  node(0).Answer(redis::Reply::Nil());
  node(1).Answer(redis::Reply::String("foreign"));
  node(2).Answer(redis::Reply::Error("WRONGTYPE"));
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.acknowledged, 3u);
  EXPECT_EQ(get->receipt.node, NodeId(0));
  EXPECT_EQ(metrics().foreign_records.Value(), 2);
}

TEST_F(NewestReadTest, ANewerFormatThatIsNewestIsAFailedPrecondition) {
  StartSyncing();
  const auto get = Get();
  std::string bytes = EncodeRecord({{20, 7}, 0, false, "v"});
  bytes[2] = 2;
  node(0).Answer(redis::Reply::String(bytes));
  node(1).Answer(Value(10, "old"));
  node(2).Answer(redis::Reply::Nil());
  EXPECT_EQ(get.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(NewestReadTest, ANewerFormatThatIsOlderDoesNotMatter) {
  StartSyncing();
  const auto get = Get();
  std::string bytes = EncodeRecord({{5, 7}, 0, false, "v"});
  bytes[2] = 2;
  node(0).Answer(redis::Reply::String(bytes));
  node(1).Answer(Value(10, "v"));
  node(2).Answer(redis::Reply::Nil());
  EXPECT_EQ(get->value, "v");
}

TEST_F(NewestReadTest, AnswersWithThoseThatDidNotFail) {
  StartSyncing();
  const auto get = Get();
  node(0).Disconnect();
  node(1).Answer(redis::Reply::Error("ERR no"));
  node(2).Answer(Value(10, "v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(get->receipt.acknowledged, 1u);
  EXPECT_EQ(metrics().read_failures.connection.Value(), 1);
  EXPECT_EQ(metrics().read_failures.error_reply.Value(), 1);
}

TEST_F(NewestReadTest, WaitsForHalfOfTheTimeLeft) {
  StartSyncing();
  const auto get = Get(absl::Seconds(1));
  node(2).Answer(Value(10, "v"));
  Pass(absl::Milliseconds(490));
  EXPECT_FALSE(get.came());
  Pass(absl::Milliseconds(10));
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(metrics().read_failures.timeout.Value(), 2);
}

TEST_F(NewestReadTest, LeavesOutNodesThatAreDown) {
  StartSyncing();
  MakeDown(1);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(0, 2));
}

TEST_F(NewestReadTest, IsUnavailableWhenNobodyAnswers) {
  StartSyncing();
  const auto get = Get();
  for (size_t i = 0; i < 3; ++i) node(i).Disconnect();
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
}

// It asked for half of the time that it had: who called may try again.
TEST_F(NewestReadTest, IsUnavailableWhenAllAreLateAndTimeIsLeft) {
  StartSyncing();
  const auto get = Get(absl::Seconds(1));
  Pass(absl::Milliseconds(510));
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
}

TEST_F(NewestReadTest, SaysThatTheDeadlinePassedWhenItDid) {
  Start(3, {.try_timeout = absl::Seconds(15)});
  for (size_t i = 0; i < 3; ++i) MakeSyncing(i);
  const auto get = Get(absl::Milliseconds(50));
  node(0).Disconnect();
  Pass(absl::Milliseconds(60));
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(NewestReadTest, AsksNobodyAfterTheDeadline) {
  StartSyncing();
  const auto get = Get(absl::ZeroDuration());
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(NewestReadTest, ALargeRecordCountsUntilTheAnswer) {
  StartSyncing();
  ByteBudget budget(100'000);
  shard().SetBudget(&budget);
  const auto get = Get();
  const std::string value(1000, 'v');
  node(0).Answer(Value(10, value));
  node(1).Answer(Value(20, value));
  EXPECT_EQ(budget.bytes(), 1000 + static_cast<int64_t>(kRecordHeaderBytes));
  node(2).Answer(redis::Reply::Nil());
  EXPECT_EQ(get->value.size(), 1000u);
  EXPECT_EQ(budget.bytes(), 0);
}

TEST_F(NewestReadTest, ALargeRecordWithoutRoomIsRefused) {
  StartSyncing();
  ByteBudget budget(100'000);
  budget.Count(100'000);
  shard().SetBudget(&budget);
  const auto get = Get();
  node(0).Answer(redis::Reply::Nil());
  node(1).Answer(Value(20, std::string(1000, 'v')));
  node(2).Answer(redis::Reply::Nil());
  EXPECT_EQ(get.code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace kache
