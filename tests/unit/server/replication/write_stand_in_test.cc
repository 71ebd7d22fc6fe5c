// Who takes a write in a home replica's place, and what a refused write says of a node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/replication/write_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kTryTimeout = absl::Milliseconds(100);

class WriteStandInTest : public testing::ShardFixture {
 protected:
  static redis::Reply OutOfMemory() {
    return redis::Reply::Error("OOM command not allowed when used memory > 'maxmemory'.");
  }
  static ReplicationOptions WithMaxTries(uint32_t max_tries) {
    ReplicationOptions options;
    options.max_tries = max_tries;
    return options;
  }
  static ReplicationOptions OneCopy(uint32_t max_tries = 3) {
    ReplicationOptions options = WithMaxTries(max_tries);
    options.replication_factor = 1;
    return options;
  }
};

TEST_F(WriteStandInTest, TakesThePlaceOfAHomeReplicaThatIsDown) {
  Start();
  MakeDown(1);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(0, 2, 3));
  EXPECT_EQ(metrics().writes_to_stand_in.Value(), 1);
  node(0).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, HoldsItsCopyForALimitedTime) {
  Start();
  MakeDown(1);
  const auto put = Put("v");
  EXPECT_EQ(WrittenTo(0).ends_ms, 0);
  EXPECT_EQ(WrittenTo(3).ends_ms, NowMs() + 3'594'000);  // before a tombstone's end
  EXPECT_EQ(WrittenTo(3).expires_at_ms, 0);              // The record is the same everywhere.
}

// By the stamp: a later attempt has no longer a life.
TEST_F(WriteStandInTest, HoldsItsCopyForThatLongAfterTheStamp) {
  Start();
  const int64_t stamped_ms = NowMs();
  const Stamp stamp{static_cast<uint64_t>(stamped_ms) << 16, 0xA0000};
  clock().Advance(absl::Seconds(100));
  MakeDown(1);
  const auto put = Write({.key = kKey, .value = "v", .stamp = stamp});
  EXPECT_EQ(WrittenTo(3).ends_ms, stamped_ms + 3'594'000);
}

// It tells a stand-in's copy from what an earlier ring left, and from a home replica's copy.
TEST_F(WriteStandInTest, FlagsItsCopyUnderTheSameVersion) {
  Start();
  MakeDown(1);
  const auto put = Put("v", absl::Seconds(2));
  EXPECT_FALSE(WrittenTo(0).stand_in);
  EXPECT_TRUE(WrittenTo(3).stand_in);
  EXPECT_EQ(WrittenTo(3).version, WrittenTo(0).version);
  EXPECT_EQ(WrittenTo(3).hash, WrittenTo(0).hash);
  EXPECT_EQ(WrittenTo(3).value, "v");
}

// It may shorten the life of what the home replica that is away holds.
TEST_F(WriteStandInTest, HoldsAShortLivedRecordBeyondItsLife) {
  Start();
  MakeDown(1);
  const auto put = Put("v", absl::Seconds(2));
  EXPECT_EQ(WrittenTo(3).expires_at_ms, NowMs() + 2000);
  EXPECT_EQ(WrittenTo(3).ends_ms, NowMs() + 3'602'000);
  const auto longer = Put("v", absl::Hours(2));
  EXPECT_EQ(WrittenTo(3).ends_ms, NowMs() + 3'594'000);
  EXPECT_EQ(WrittenTo(3).limit_ms, NowMs() + 3'594'000);
  EXPECT_EQ(WrittenTo(3).expires_at_ms, NowMs() + 7'200'000);
}

TEST_F(WriteStandInTest, HoldsATombstoneForItsLife) {
  Start(3, OneCopy());
  MakeDown(0);
  const auto removal = Delete();
  EXPECT_TRUE(WrittenTo(1).tombstone);
  EXPECT_TRUE(WrittenTo(1).stand_in);
  EXPECT_EQ(WrittenTo(1).ends_ms, NowMs() + 3'600'000);
  EXPECT_EQ(WrittenTo(1).limit_ms, 0);
}

// The value's life is not over: its caller may stamp it anew.
TEST_F(WriteStandInTest, WhereNoCopyMayLiveAnyMoreTheStampIsTooOld) {
  ReplicationOptions options = OneCopy();
  options.standin_ttl = absl::Seconds(10);
  Start(2, options);
  MakeDown(0);
  const Stamp stamp{static_cast<uint64_t>(NowMs() - 20'000) << 16, 0xA0000};
  const auto put = Write({.key = kKey, .value = "v", .stamp = stamp});
  node(1).Answer(LifeOver());
  EXPECT_EQ(put.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(metrics().stamps_out_of_range.Value(), 1);
}

TEST_F(WriteStandInTest, TakesThePlaceOfANodeThatRefusesWrites) {
  Start();
  MakeRefusing(0);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(1, 2, 3));
  node(1).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, IsNoneWhereAllHomeReplicasTakeWrites) {
  Start();
  MakeSyncing(0);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
}

TEST_F(WriteStandInTest, AnswersWhereNoHomeReplicaCan) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(3, 4));
  node(4).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 1u);
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, OfOneCopyAnswersWhileTheHomeReplicaIsDown) {
  Start(3, OneCopy());
  MakeDown(0);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(1));
  node(1).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, TakesThePlaceOfALostConnection) {
  Start();
  const auto put = Put("v");
  Asked();
  node(1).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(3));
  EXPECT_EQ(WrittenTo(3).version, WrittenTo(0).version);
  node(0).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, TakesThePlaceAlsoAfterTheAnswer) {
  Start();
  const auto put = Put("v");
  node(0).Answer(Stored());
  Asked();
  node(1).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(3));
  EXPECT_EQ(shard().running(), 1u);
}

TEST_F(WriteStandInTest, TakesThePlaceAfterARefusal) {
  Start();
  const auto put = Put("v");
  Asked();
  node(0).Answer(OutOfMemory());
  EXPECT_THAT(Asked(), ElementsAre(3));
  EXPECT_EQ(metrics().write_failures.error_reply.Value(), 1);
  node(3).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, TakesThePlaceOfAFullQueue) {
  Start();
  const auto put = Put("v");
  Asked();
  node(2).Fail(absl::ResourceExhaustedError("full"));
  EXPECT_THAT(Asked(), ElementsAre(3));
  EXPECT_EQ(metrics().write_failures.queue_full.Value(), 1);
}

TEST_F(WriteStandInTest, IsNotUsedForAReplicaThatIsMerelyLate) {
  Start();
  const auto put = Put("v");
  node(0).Answer(Stored());
  Asked();
  Pass(options().write_timeout);
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(metrics().write_failures.timeout.Value(), 2);
}

TEST_F(WriteStandInTest, IsUsedForEachTrysTimeInWhichNobodyAnswered) {
  Start(5, OneCopy());
  const auto put = Put("v");
  Pass(kTryTimeout - Shard::kTick);
  EXPECT_THAT(Asked(), ElementsAre(0));
  Pass(Shard::kTick);
  EXPECT_THAT(Asked(), ElementsAre(1));
  Pass(kTryTimeout);
  EXPECT_THAT(Asked(), ElementsAre(2));
  Pass(2 * kTryTimeout);
  EXPECT_THAT(Asked(), IsEmpty());  // MAX_TRIES is 3.
  node(1).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, IsLimitedByMaxTries) {
  Start(6, WithMaxTries(2));
  const auto put = Put("v");
  Asked();
  for (size_t i = 0; i < 3; ++i) node(i).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(3));
  node(3).Disconnect();
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

TEST_F(WriteStandInTest, IsNeverTriedWithMaxTriesOne) {
  Start(6, WithMaxTries(1));
  const auto put = Put("v");
  Asked();
  node(1).Disconnect();
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(WriteStandInTest, MaxTriesDoesNotReduceTheCopies) {
  Start(6, WithMaxTries(1));
  MakeDown(0);
  MakeDown(1);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(2, 3, 4));
}

TEST_F(WriteStandInTest, WithMaxTriesZeroTriesEveryNode) {
  Start(6, WithMaxTries(0));
  const auto put = Put("v");
  for (size_t i = 0; i < 6; ++i) node(i).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

TEST_F(WriteStandInTest, ARefusalMakesTheNodeSyncing) {
  Start();
  const auto put = Put("v");
  node(1).Answer(OutOfMemory());
  EXPECT_EQ(Status(1).state, NodeState::kSyncing);
  EXPECT_EQ(Status(1).reason, "oom");
  EXPECT_FALSE(Status(1).takes_writes);
  node(0).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStandInTest, AnotherErrorDoesNotChangeTheState) {
  Start();
  const auto put = Put("v");
  node(1).Answer(redis::Reply::Error("ERR something else"));
  EXPECT_EQ(Status(1).state, NodeState::kUp);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2, 3));
}

TEST_F(WriteStandInTest, AnAcceptedWriteMakesTheNodeUpAgain) {
  Start();
  MakeSyncing(1);
  const auto put = Put("v");
  EXPECT_EQ(Status(1).state, NodeState::kSyncing);
  node(1).Answer(Stored());
  EXPECT_EQ(Status(1).state, NodeState::kUp);
}

// The script compares before it writes, so such an answer does not show that it could write.
TEST_F(WriteStandInTest, ARefusalAsOlderDoesNotMakeTheNodeUp) {
  Start();
  MakeSyncing(1);
  const auto put = Put("v");
  node(1).Answer(Holds(VersionAt(absl::Seconds(1))));
  EXPECT_EQ(Status(1).state, NodeState::kSyncing);
}

TEST_F(WriteStandInTest, TriesNodesThatRefuseWhereNobodyElseIsLeft) {
  Start(3);
  for (size_t i = 0; i < 3; ++i) MakeRefusing(i);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  node(2).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->degraded);
  EXPECT_EQ(Status(2).state, NodeState::kUp);
}

TEST_F(WriteStandInTest, IsUnavailableWhenAllRefuse) {
  Start(3);
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) node(i).Answer(OutOfMemory());
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(put.status().message(), ::testing::HasSubstr("oom"));
}

}  // namespace
}  // namespace kache
