// A write that meets a newer version: the last acknowledged one wins in spite of clock skew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "server/replication/write_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WriteRestampTest : public testing::ShardFixture {};

TEST_F(WriteRestampTest, GoesAboveTheHeldVersionAndToAllReplicasAgain) {
  Start();
  const auto put = Put("v");
  const Version held = VersionAt(absl::Seconds(2));
  Asked();
  node(0).Answer(Holds(held));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(WrittenTo(i).version, (Version{held.timestamp + 1, kCoordinator}));
    EXPECT_EQ(WrittenTo(i).value, "v");
  }
  EXPECT_EQ(metrics().writes_restamped.Value(), 1);
  node(0).Answer(Stored());
  EXPECT_EQ(WithoutHash(put->version), (Version{held.timestamp + 1, kCoordinator}));
  EXPECT_FALSE(put->degraded);
}

TEST_F(WriteRestampTest, FollowsAClockThatIsALittleAhead) {
  Start();
  const auto put = Put("v");
  const Version held = VersionAt(absl::Seconds(2));
  node(0).Answer(Holds(held));
  const auto next = Put("w");
  EXPECT_GT(WrittenTo(0).version.timestamp, held.timestamp + 1);
  EXPECT_EQ(metrics().versions_far_ahead.Value(), 0);
}

TEST_F(WriteRestampTest, WhenAnyReplicaHoldsANewerVersion) {
  Start();
  const auto put = Put("v");
  Asked();
  node(2).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  node(0).Answer(Stored());
  EXPECT_FALSE(put.came());  // That was the version that was given up.
  node(1).Answer(Stored());
  node(1).Answer(Stored());
  EXPECT_FALSE(put.came());
  node(0).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 2u);
}

TEST_F(WriteRestampTest, OncePerVersionThoughAllReplicasHoldIt) {
  Start();
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_EQ(metrics().writes_restamped.Value(), 1);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST_F(WriteRestampTest, NotAfterTheAnswer) {
  Start();
  const auto put = Put("v");
  node(0).Answer(Stored());
  Asked();
  node(1).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(metrics().writes_restamped.Value(), 0);
  EXPECT_EQ(metrics().writes_superseded.Value(), 1);
}

TEST_F(WriteRestampTest, NotAboveOurOwnLaterWrite) {
  Start();
  const auto first = Put("1");
  const auto second = Put("2");
  Asked();
  node(0).Answer(0, Holds(WrittenTo(0).version));
  EXPECT_THAT(Asked(), IsEmpty());
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->acknowledged, 1u);
  EXPECT_FALSE(first->degraded);
  EXPECT_EQ(metrics().writes_superseded.Value(), 1);
  EXPECT_EQ(metrics().writes_restamped.Value(), 0);
}

TEST_F(WriteRestampTest, AboveAClockFarAheadForThatKeyOnly) {
  Start();
  const auto put = Put("v");
  const Version held = VersionAt(absl::Hours(1));
  node(0).Answer(Holds(held));
  EXPECT_EQ(WrittenTo(0).version, (Version{held.timestamp + 1, kCoordinator}));
  EXPECT_EQ(metrics().versions_far_ahead.Value(), 1);
  EXPECT_LT(shard().versions().Next(kToken + 1, clock().Now()), VersionAt(absl::Milliseconds(1)));
}

TEST_F(WriteRestampTest, ASecondWriteOfOursBeatsTheFirstAboveAClockFarAhead) {
  Start();
  const auto first = Put("1");
  node(0).Answer(Holds(VersionAt(absl::Hours(1))));
  const Version above = WrittenTo(0).version;
  node(0).Answer(Stored());
  const auto second = Put("2");
  EXPECT_GT(WrittenTo(0).version, above);
}

// Each is refused for the same held version, and may be stored on other replicas in another order.
TEST_F(WriteRestampTest, TwoWritesOfOursAtOnceNeverGetOneVersion) {
  Start();
  const auto first = Put("1");
  const auto second = Put("2");
  const Version held = VersionAt(absl::Hours(1));
  node(0).Answer(0, Holds(held));
  const Version above_by_first = WrittenTo(0).version;
  node(1).Answer(1, Holds(held));
  const Version above_by_second = WrittenTo(1).version;
  EXPECT_GT(above_by_first, held);
  EXPECT_GT(above_by_second, above_by_first);
}

TEST_F(WriteRestampTest, NotAboveOurOwnLaterWriteFarAhead) {
  Start();
  const auto first = Put("1");
  node(0).Answer(Holds(VersionAt(absl::Hours(1))));
  const auto second = Put("2");
  Asked();
  node(0).Answer(1, Holds(WrittenTo(0).version));  // the second attempt of the first
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(metrics().writes_superseded.Value(), 1);
}

// The stamp is above all that stood there when the write began: what is newer came meanwhile.
TEST_F(WriteRestampTest, NotAboveAWriteThatCameWhileEveryReplicaWasKnown) {
  Start();
  const auto put = Put("v");
  node(0).Answer(0, Holds(VersionAt(absl::Seconds(2))));
  node(1).Answer(0, Holds(VersionAt(absl::Seconds(3))));
  node(2).Answer(0, Stored());
  EXPECT_EQ(metrics().writes_restamped.Value(), 1);
  // Stamped when only the first was known.
  node(0).Answer(Holds(VersionAt(absl::Seconds(4))));
  EXPECT_EQ(metrics().writes_restamped.Value(), 2);
  EXPECT_GT(WrittenTo(0).version, VersionAt(absl::Seconds(4)));
  Asked();
  node(0).Answer(Holds(VersionAt(absl::Seconds(5))));
  EXPECT_THAT(Asked(), IsEmpty());
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->acknowledged, 1u);
  EXPECT_FALSE(put->degraded);
  EXPECT_EQ(metrics().writes_superseded.Value(), 1);
}

TEST_F(WriteRestampTest, AboveTheNewestThatAnyReplicaSaidToHold) {
  Start();
  const auto put = Put("v");
  node(0).Answer(0, Holds(VersionAt(absl::Seconds(2))));
  node(1).Answer(0, Holds(VersionAt(absl::Seconds(9))));
  node(0).Answer(Holds(VersionAt(absl::Seconds(3))));
  EXPECT_GT(WrittenTo(0).version, VersionAt(absl::Seconds(9)));
}

TEST_F(WriteRestampTest, AtQuorumACopyThatIsSupersededCounts) {
  Start();
  const auto put = PutAt(Consistency::kQuorum, "v");
  for (size_t i = 0; i < 3; ++i) node(i).Answer(0, Holds(VersionAt(absl::Seconds(2 + i))));
  node(0).Answer(Holds(VersionAt(absl::Seconds(6))));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(put.came());
    node(i).Answer(2, Holds(VersionAt(absl::Seconds(9))));
  }
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->acknowledged, 2u);
}

// What was acknowledged before may be where this write did not look.
class WriteRestampDegradedTest : public WriteRestampTest {
 protected:
  // Of three home replicas the nearest, 0, refuses each attempt; then the others refuse the last.
  void ExpectFiveTimes(const std::vector<size_t>& others) {
    const auto put = Put("v");
    const auto above = [this] {
      return Holds({WrittenTo(0).version.timestamp + 5, kOtherCoordinator});
    };
    for (int i = 0; i < 6; ++i) {
      EXPECT_FALSE(put.came());
      node(0).Answer(above());
    }
    for (const size_t other : others) node(other).Answer(node(other).sent().size() - 1, above());
    EXPECT_EQ(put.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(metrics().writes_restamped.Value(), 5);
    EXPECT_EQ(metrics().writes_superseded.Value(), 0);
  }
};

TEST_F(WriteRestampDegradedTest, GivesUpAfterFiveTimesWhereOneIsDown) {
  Start(3);
  MakeDown(1);
  ExpectFiveTimes({2});
}

TEST_F(WriteRestampDegradedTest, GivesUpAfterFiveTimesWhereOneIsSyncing) {
  Start(3);
  MakeSyncing(1);
  ExpectFiveTimes({1, 2});
}

TEST_F(WriteRestampTest, NothingIsAboveTheHighestVersion) {
  Start(1);
  const auto put = Put("v");
  node(0).Answer(Holds({UINT64_MAX, kOtherCoordinator}));
  EXPECT_EQ(put.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(node(0).sent().size(), 1u);
}

TEST_F(WriteRestampTest, AboveTheHighestVersionButOne) {
  Start(1);
  const auto put = Put("v");
  node(0).Answer(Holds({UINT64_MAX - 1, kOtherCoordinator}));
  EXPECT_EQ(WrittenTo(0).version, (Version{UINT64_MAX, kCoordinator}));
  node(0).Answer(Stored());
  EXPECT_TRUE(put.ok());
}

TEST_F(WriteRestampTest, KeepsTheExpiryOfTheFirstStamp) {
  Start();
  const auto put = Put("v", absl::Seconds(5));
  const int64_t expiry = WrittenTo(0).expires_at_ms;
  Pass(absl::Milliseconds(30));
  node(0).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_EQ(WrittenTo(0).expires_at_ms, expiry);
  EXPECT_EQ(WrittenTo(0).ends_ms, expiry);
  node(0).Answer(Stored());
  EXPECT_EQ(put->expires_at_ms, expiry);
}

TEST_F(WriteRestampTest, DeletesToo) {
  Start();
  const auto deletion = Delete();
  const Version held = VersionAt(absl::Seconds(2));
  node(0).Answer(Holds(held));
  EXPECT_TRUE(WrittenTo(0).tombstone);
  EXPECT_GT(WrittenTo(0).version, held);
  node(0).Answer(Stored());
  EXPECT_GT(deletion->version, held);
}

TEST_F(WriteRestampTest, ReachesStandInsAndAddsNoMore) {
  Start();
  const auto put = Put("v");
  node(1).Disconnect();
  Asked();
  node(0).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2, 3));
  node(1).Fail(absl::UnavailableError("no connection"));
  EXPECT_THAT(Asked(), IsEmpty());  // Node 3 stands in already.
  EXPECT_EQ(WrittenTo(3).version, WrittenTo(0).version);
}

TEST_F(WriteRestampTest, RepliesToAGivenUpVersionAreNotCounted) {
  Start();
  const auto put = Put("v");
  node(0).Answer(Holds(VersionAt(absl::Seconds(2))));
  node(1).Fail(0, absl::DeadlineExceededError("late"));
  node(2).Answer(0, Holds(VersionAt(absl::Seconds(3))));
  EXPECT_EQ(metrics().write_failures.timeout.Value(), 0);
  EXPECT_EQ(metrics().writes_restamped.Value(), 1);
  node(0).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 1u);
}

}  // namespace
}  // namespace kache
