// Reads at QUORUM and ALL, and reads with min_version: who counts, what is repaired, and when.
#include "server/replication/quorum_read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;

constexpr Version kOld{1000, 7};
constexpr Version kNew{2000, 7};
constexpr ReadOptions kQuorum{Consistency::kQuorum, {}};
constexpr ReadOptions kAll{Consistency::kAll, {}};

class QuorumReadTest : public testing::ShardFixture {
 protected:
  static std::optional<Record> Value(const Version& version, std::string_view value) {
    return Record{version, 0, false, value};
  }
  void Answer(size_t index, const std::optional<Record>& record, bool whole = true) {
    node(index).Answer(HeldBy(whole, record));
  }
};

TEST_F(QuorumReadTest, AnswersOnceAMajorityAgrees) {
  Start();
  const auto get = GetWith(kQuorum);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  Answer(0, Value(kNew, "v"));
  EXPECT_FALSE(get.came());
  Answer(2, Value(kNew, "v"));
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(get->receipt.version, kNew);
  EXPECT_EQ(get->receipt.acknowledged, 2u);
  EXPECT_EQ(get->receipt.required, 2u);
  EXPECT_FALSE(get->receipt.degraded);
}

TEST_F(QuorumReadTest, AllNeedsEveryHomeReplica) {
  Start();
  const auto get = GetWith(kAll);
  Answer(0, Value(kNew, "v"));
  Answer(1, Value(kNew, "v"));
  EXPECT_FALSE(get.came());
  Answer(2, Value(kNew, "v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(get->receipt.required, 3u);
}

TEST_F(QuorumReadTest, AMajorityOfNilsIsAMissAndNamesANodeThatAnswered) {
  Start();
  const auto get = GetWith(kQuorum);
  Answer(1, std::nullopt);
  Answer(2, std::nullopt);
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.node->index(), 1u);
}

TEST_F(QuorumReadTest, MakesAMajorityEqualBeforeItAnswers) {
  Start();
  const auto get = GetWith(kQuorum);
  Answer(0, Value(kOld, "old"));
  Answer(1, Value(kNew, "new"));
  Asked();
  Pass(absl::Milliseconds(100));  // the third says nothing
  EXPECT_FALSE(get.came());
  EXPECT_THAT(Asked(), ElementsAre(0));
  EXPECT_EQ(WrittenTo(0).version, WithoutHash(kNew));
  EXPECT_EQ(WrittenTo(0).value, "new");
  node(0).Answer(Stored());
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "new");
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().reads_repaired.Value(), 1);
}

TEST_F(QuorumReadTest, WaitsForTheThirdWhereTwoDiffer) {
  Start();
  const auto get = GetWith(kQuorum);
  Answer(0, std::nullopt);
  Answer(1, Value(kOld, "old"));
  EXPECT_FALSE(get.came());
  Answer(2, Value(kNew, "new"));
  // Both others are made equal to it; one is enough to answer.
  EXPECT_EQ(WrittenTo(0).value, "new");
  EXPECT_EQ(WrittenTo(1).value, "new");
  EXPECT_FALSE(get.came());
  node(1).Answer(Stored());
  EXPECT_EQ(get->value, "new");
}

TEST_F(QuorumReadTest, RepairsALateReplicaInTheBackground) {
  Start();
  const auto get = GetWith(kQuorum);
  Answer(0, Value(kNew, "v"));
  Answer(1, Value(kNew, "v"));
  ASSERT_TRUE(get.ok());
  Answer(2, Value(kOld, "old"));
  EXPECT_EQ(WrittenTo(2).value, "v");
  node(2).Answer(Stored());
  EXPECT_EQ(metrics().reads_repaired.Value(), 1);
}

TEST_F(QuorumReadTest, ARepairKeepsTheEndOfTheKey) {
  Start();
  const auto get = GetWith(kQuorum);
  const int64_t expiry = NowMs() + 5000;
  const Record record{kNew, expiry, false, "v"};
  node(0).Answer(HeldBy(true, record, expiry + 77));
  Answer(1, std::nullopt);
  Answer(2, std::nullopt);
  EXPECT_EQ(WrittenTo(1).expires_at_ms, expiry);
  EXPECT_EQ(WrittenTo(1).ends_ms, expiry + 77);
  EXPECT_EQ(WrittenTo(1).limit_ms, expiry + 3'600'000);
}

TEST_F(QuorumReadTest, AnAmnesicNodeIsNotAsked) {
  Start();
  MakeSyncing(0);
  const auto get = GetWith(kQuorum);
  EXPECT_THAT(Asked(), ElementsAre(1, 2));
  Answer(1, Value(kNew, "v"));
  Answer(2, Value(kNew, "v"));
  EXPECT_TRUE(get->receipt.degraded);
  const auto all = GetWith(kAll);
  EXPECT_EQ(all.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(QuorumReadTest, IsUnavailableWithoutAMajority) {
  Start();
  MakeDown(0);
  MakeDown(2);
  const auto get = GetWith(kQuorum);
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReceiptOf(get.status())->required, 2u);
}

TEST_F(QuorumReadTest, OneFailureIsBorneTwoAreNot) {
  Start();
  const auto get = GetWith(kQuorum);
  node(1).Disconnect();
  EXPECT_FALSE(get.came());
  node(2).Disconnect();
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(QuorumReadTest, IsAbortedWhenTheRepairFails) {
  Start();
  const auto get = GetWith(kQuorum);
  node(2).Disconnect();
  Answer(0, Value(kOld, "old"));
  Answer(1, Value(kNew, "new"));
  node(0).Answer(redis::Reply::Error("OOM command not allowed"));
  EXPECT_EQ(get.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReceiptOf(get.status())->acknowledged, 1u);
  EXPECT_EQ(metrics().repairs_failed.Value(), 1);
}

TEST_F(QuorumReadTest, ReportsTheDeadline) {
  Start();
  const auto get = GetWith(kQuorum, absl::Milliseconds(300));
  Answer(0, Value(kNew, "v"));
  Pass(absl::Milliseconds(300));
  EXPECT_EQ(get.status().code(), absl::StatusCode::kDeadlineExceeded);
}

// A reply's timeout is measured from when the event loop's turn began, so it may end early.
TEST_F(QuorumReadTest, RepliesThatDidNotComeInTimeAreTheDeadline) {
  Start();
  const auto get = GetWith(kQuorum);
  node(0).Fail(absl::DeadlineExceededError("late"));
  node(1).Fail(absl::DeadlineExceededError("late"));
  EXPECT_EQ(get.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(QuorumReadTest, ReportsFullQueues) {
  Start();
  const auto get = GetWith(kQuorum);
  node(0).Fail(absl::ResourceExhaustedError("the node's queue is full"));
  node(1).Fail(absl::ResourceExhaustedError("the node's queue is full"));
  EXPECT_EQ(get.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReceiptOf(get.status())->required, 2u);
}

TEST_F(QuorumReadTest, AsksSyncingNodesWhereTheOthersAreOlderThanAsked) {
  Start();
  MakeSyncing(0);
  const auto get = GetWith({Consistency::kQuorum, kNew});
  Answer(1, Value(kOld, "old"));
  Answer(2, Value(kOld, "old"));
  EXPECT_FALSE(get.came());
  EXPECT_THAT(Asked(), ElementsAre(1, 2, 0));
  Answer(0, Value(kNew, "new"));
  node(1).Answer(Stored());
  EXPECT_FALSE(get.came());  // the syncing one does not count
  node(2).Answer(Stored());
  EXPECT_EQ(get->value, "new");
}

TEST_F(QuorumReadTest, IsAbortedWhereNobodyIsAsNewAsAsked) {
  Start();
  const auto get = GetWith({Consistency::kQuorum, kNew});
  for (size_t i = 0; i < 3; ++i) Answer(i, Value(kOld, "old"));
  EXPECT_EQ(get.status().code(), absl::StatusCode::kAborted);
}

class QuorumMinVersionTest : public QuorumReadTest {
 protected:
  static constexpr ReadOptions kAtLeastNew{Consistency::kQuorum, kNew};
};

TEST_F(QuorumMinVersionTest, NilsAloneAreNoMissWhileASyncingNodeWasNotAsked) {
  Start();
  MakeSyncing(0);
  const auto get = GetWith(kAtLeastNew);
  Answer(1, std::nullopt);
  Answer(2, std::nullopt);
  EXPECT_FALSE(get.came());
  EXPECT_THAT(Asked(), ElementsAre(1, 2, 0));
  Answer(0, Value(kNew, "new"));
  node(1).Answer(Stored());
  EXPECT_FALSE(get.came());  // the syncing one does not count
  node(2).Answer(Stored());
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "new");
}

TEST_F(QuorumMinVersionTest, IsAMissOnceTheSyncingNodeHoldsNothingEither) {
  Start();
  MakeSyncing(0);
  const auto get = GetWith(kAtLeastNew);
  Answer(1, std::nullopt);
  Answer(2, std::nullopt);
  Answer(0, std::nullopt);
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_TRUE(get->receipt.degraded);
}

TEST_F(QuorumMinVersionTest, IsAMissOnceAllHomeReplicasSaidNil) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  Answer(0, std::nullopt);
  Answer(1, std::nullopt);
  EXPECT_FALSE(get.came());
  Answer(2, std::nullopt);
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.acknowledged, 3u);
  EXPECT_FALSE(get->receipt.degraded);
}

TEST_F(QuorumMinVersionTest, WaitsForALateReplicaThatMayHoldIt) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  Answer(0, std::nullopt);
  Answer(1, std::nullopt);
  Pass(absl::Milliseconds(500));  // longer than TRY_TIMEOUT_MS
  EXPECT_FALSE(get.came());
  Answer(2, Value(kNew, "new"));
  node(0).Answer(Stored());
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "new");
}

TEST_F(QuorumMinVersionTest, IsAbortedWhereALateReplicaMayHoldIt) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  Answer(0, std::nullopt);
  Answer(1, std::nullopt);
  node(2).Fail(absl::DeadlineExceededError("late"));
  EXPECT_EQ(get.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReceiptOf(get.status())->acknowledged, 2u);
}

TEST_F(QuorumMinVersionTest, IsAbortedWhereAReplicaAnsweredWithAnError) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  node(2).Answer(redis::Reply::Error("MISCONF"));
  Answer(0, std::nullopt);
  Answer(1, std::nullopt);
  EXPECT_EQ(get.code(), absl::StatusCode::kAborted);
}

TEST_F(QuorumMinVersionTest, AReplicaThatCannotBeReachedIsNotWaitedFor) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  Answer(0, std::nullopt);
  Answer(1, std::nullopt);
  node(2).Disconnect();
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
}

TEST_F(QuorumMinVersionTest, AllAsksForTheSame) {
  Start();
  const auto get = GetWith({Consistency::kAll, kNew});
  for (size_t i = 0; i < 3; ++i) Answer(i, std::nullopt);
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
}

class MinVersionTest : public QuorumReadTest {
 protected:
  static constexpr ReadOptions kAtLeastNew{Consistency::kOne, kNew};
  static redis::Reply Plain(const Version& version, std::string_view value) {
    return Held({version, 0, false, value});
  }
};

TEST_F(MinVersionTest, AnAnswerAsNewAsAskedTakesOneCommand) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  node(0).Answer(Plain(kNew, "v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_THAT(Asked(), ElementsAre(0));
}

TEST_F(MinVersionTest, AnOlderAnswerIsPassedOver) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  node(0).Answer(Plain(kOld, "old"));
  EXPECT_FALSE(get.came());
  node(2).Answer(Plain(kNew, "new"));
  EXPECT_EQ(get->value, "new");
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().reads_older_than_asked.Value(), 1);
}

TEST_F(MinVersionTest, ANilCountsAsOlder) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  node(0).Answer(redis::Reply::Nil());
  node(0).Answer(redis::Reply::Nil());
  node(1).Answer(Plain(kNew, "new"));
  EXPECT_EQ(get->value, "new");
}

TEST_F(MinVersionTest, IsAMissOnceEverybodyWhoCanBeReachedSaidNil) {
  Start();
  MakeDown(2);
  const auto get = GetWith(kAtLeastNew);
  node(0).Answer(redis::Reply::Nil());
  node(0).Answer(redis::Reply::Nil());
  EXPECT_FALSE(get.came());
  node(1).Answer(redis::Reply::Nil());
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
}

TEST_F(MinVersionTest, IsAbortedWhereOnlyOlderOnesAreLeft) {
  Start();
  const auto get = GetWith(kAtLeastNew);
  node(0).Answer(Plain(kOld, "old"));
  node(0).Answer(Plain(kOld, "old"));
  node(1).Answer(redis::Reply::Nil());
  node(2).Answer(redis::Reply::Nil());
  EXPECT_EQ(get.status().code(), absl::StatusCode::kAborted);
}

TEST_F(MinVersionTest, AsksSyncingNodesToo) {
  Start();
  MakeSyncing(2);
  const auto get = GetWith(kAtLeastNew);
  node(0).Answer(Plain(kOld, "old"));
  EXPECT_THAT(Asked(), ElementsAre(0, 0, 1, 2));
  node(2).Answer(Plain(kNew, "new"));
  EXPECT_EQ(get->value, "new");
}

}  // namespace
}  // namespace kache
