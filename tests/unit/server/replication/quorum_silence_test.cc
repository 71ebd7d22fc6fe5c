// Reads at QUORUM through a coordinator that some of the nodes have fallen silent for.
#include <gtest/gtest.h>

#include "server/replication/quorum_read.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

constexpr Version kOld{1000, 7};
constexpr Version kNew{2000, 7};
constexpr ReadOptions kQuorum{Consistency::kQuorum, {}};
constexpr absl::Duration kLong = absl::Seconds(10);

class QuorumSilenceTest : public testing::ShardFixture {
 protected:
  static redis::Reply Says(const Version& version, std::string_view value) {
    return HeldBy(kIsWhole, Record{version, 0, false, value});
  }
};

TEST_F(QuorumSilenceTest, AReadIsRefusedOnceTooManyHaveBeenSilent) {
  Start(4);
  const auto get = GetWith(kQuorum, kLong);
  node(0).Answer(Says(kNew, "v"));
  Pass(Shard::kSilenceLimit - Shard::kTick);
  EXPECT_FALSE(get.came());
  Pass(Shard::kTick);
  ASSERT_TRUE(get.came());
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(get.status().message().find("cut off"), std::string::npos) << get.status();
  EXPECT_EQ(metrics().reads_cut_off.Value(), 1);
  EXPECT_EQ(Status(1).state, NodeState::kUp) << "a refused read says nothing about a node";
  node(1).Answer(Says(kNew, "v"));  // Replies that come after all are taken.
  node(2).Answer(Says(kNew, "v"));
}

TEST_F(QuorumSilenceTest, AReadThatBeginsInTheSilenceIsRefusedWithTheNextTick) {
  Start(4);
  const auto first = GetWith(kQuorum, kLong);
  Pass(Shard::kSilenceLimit);
  EXPECT_EQ(first.status().code(), absl::StatusCode::kUnavailable);
  const auto second = GetWith(kQuorum, kLong);
  EXPECT_FALSE(second.came());
  Pass(Shard::kTick);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(QuorumSilenceTest, OneNodeAloneIsMerelySlow) {
  Start(4);
  MakeDown(2);
  const auto get = GetWith(kQuorum, kLong);
  node(0).Answer(Says(kNew, "v"));
  Pass(3 * Shard::kSilenceLimit);
  EXPECT_FALSE(get.came());
  node(1).Answer(Says(kNew, "v"));
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(metrics().reads_cut_off.Value(), 0);
}

TEST_F(QuorumSilenceTest, AMajorityThatSpeaksIsEnough) {
  Start(5);
  const auto get = GetWith(kQuorum, kLong);
  const auto elsewhere = GetWith(kQuorum, kLong);
  node(0).Answer(Says(kNew, "v"));
  node(1).Answer(Says(kNew, "v"));
  EXPECT_TRUE(get.ok());
  Pass(Shard::kSilenceLimit - Shard::kTick);
  node(0).Answer(Says(kNew, "v"));
  node(1).Answer(Says(kNew, "v"));
  EXPECT_TRUE(elsewhere.ok());
}

TEST_F(QuorumSilenceTest, NodesThatAnswerOtherCommandsAreNotSilent) {
  Start(4);
  const auto get = GetWith(kQuorum, kLong);
  const auto other = GetWith(kQuorum, kLong);
  Pass(absl::Milliseconds(300));
  node(0).Answer(1, Says(kNew, "v"));
  node(1).Answer(1, Says(kNew, "v"));
  ASSERT_TRUE(other.ok());
  Pass(absl::Milliseconds(300));
  EXPECT_FALSE(get.came());
  node(0).Answer(0, Says(kNew, "v"));
  node(1).Answer(0, Says(kNew, "v"));
  EXPECT_TRUE(get.ok());
}

TEST_F(QuorumSilenceTest, NodesThatSpeakAgainAreWaitedForAgain) {
  Start(5);
  const auto refused = GetWith(kQuorum, kLong);
  Pass(Shard::kSilenceLimit);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Says(kNew, "v"));
  const auto get = GetWith(kQuorum, kLong);
  Pass(2 * Shard::kTick);
  EXPECT_FALSE(get.came());
  node(0).Answer(Says(kNew, "v"));
  node(2).Answer(Says(kNew, "v"));
  EXPECT_TRUE(get.ok());
}

TEST_F(QuorumSilenceTest, ALongerTryTimeoutGivesNodesLonger) {
  ReplicationOptions options;
  options.try_timeout = absl::Milliseconds(500);
  Start(4, options);
  const auto get = GetWith(kQuorum, kLong);
  Pass(absl::Milliseconds(1990));
  EXPECT_FALSE(get.came());
  Pass(Shard::kTick);
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(QuorumSilenceTest, ARepairIsNotWaitedForEither) {
  Start(3);
  const auto get = GetWith({Consistency::kAll, {}}, kLong);
  node(0).Answer(Says(kNew, "new"));
  node(1).Answer(Says(kOld, "old"));
  node(2).Answer(Says(kOld, "old"));
  EXPECT_EQ(node(1).waiting() + node(2).waiting(), 2u) << "two copies are on their way";
  Pass(Shard::kSilenceLimit);
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(QuorumSilenceTest, AMissWithMinVersionIsNotBelievedBesideSilentNodes) {
  Start(5);
  const auto get = GetWith({Consistency::kQuorum, kNew}, kLong);
  const auto other = GetWith(kQuorum, kLong);  // Node 1 is to be silent, too.
  node(0).Answer(0, HeldBy(kIsWhole, std::nullopt));
  node(1).Answer(0, HeldBy(kIsWhole, std::nullopt));
  Pass(absl::Milliseconds(100));
  EXPECT_FALSE(get.came()) << "the third may hold it";
  Pass(Shard::kSilenceLimit);
  EXPECT_EQ(get.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(other.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(QuorumSilenceTest, AnEarlierDeadlineStillCounts) {
  Start(4);
  const auto get = GetWith(kQuorum, absl::Milliseconds(200));
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(get.status().code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace kache
