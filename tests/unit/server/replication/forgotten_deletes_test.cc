// Reads with min_version that find nothing on the nodes that are whole, and something on one that
// was away for longer than a tombstone lives: it may have been deleted meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using testing::ShardFixture;

constexpr absl::Duration kTombstones = absl::Hours(1);

class ForgottenDeletesTest : public ShardFixture {
 protected:
  // Node 2 has lacked writes for so long, and still holds what was written so long ago.
  void StartWith(absl::Duration lacking, absl::Duration age, bool tombstone = false) {
    ReplicationOptions options;
    options.tombstone_ttl = kTombstones;
    Start(5, options);
    MakeDoubted(2, lacking);
    ASSERT_EQ(Status(2).state, NodeState::kSyncing);
    record_.version = VersionAt(-age);
    record_.value = "kept";
    record_.tombstone = tombstone;
  }
  testing::Answer<ReadResult> ReadAt(Consistency consistency) {
    return GetWith({consistency, record_.version});
  }
  // As node 2 is asked last.
  testing::Answer<ReadResult> ReadAtQuorum() {
    auto get = ReadAt(Consistency::kQuorum);
    node(0).Answer(HeldBy(/*whole=*/true, std::nullopt));
    node(1).Answer(HeldBy(/*whole=*/true, std::nullopt));
    EXPECT_FALSE(get.came());
    node(2).Answer(HeldBy(/*whole=*/false, record_));
    return get;
  }
  testing::Answer<ReadResult> ReadAtOne() {
    auto get = ReadAt(Consistency::kOne);
    for (size_t i : {0, 0, 1}) node(i).Answer(redis::Reply::Nil());
    EXPECT_FALSE(get.came());
    node(2).Answer(Held(record_));
    return get;
  }

  Record record_;
};

TEST_F(ForgottenDeletesTest, StayDeletedAtQuorum) {
  StartWith(2 * kTombstones, 3 * kTombstones);
  const auto get = ReadAtQuorum();
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_FALSE(get->found);
  EXPECT_EQ(node(0).waiting(), 0u) << "nothing is repaired";
}

// It took writes at first, and then missed the delete.
TEST_F(ForgottenDeletesTest, StayDeletedWhereTheRecordCameDuringTheDoubt) {
  StartWith(3 * kTombstones, 2 * kTombstones);
  EXPECT_FALSE(ReadAtQuorum()->found);
}

TEST_F(ForgottenDeletesTest, StayDeletedAtOne) {
  StartWith(2 * kTombstones, 3 * kTombstones);
  const auto get = ReadAtOne();
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_FALSE(get->found);
}

TEST_F(ForgottenDeletesTest, AreNotSuspectedWhereTheNodeWasAwayForAMoment) {
  StartWith(absl::Minutes(1), 3 * kTombstones);
  const auto get = ReadAtQuorum();
  node(0).Answer(Stored());
  node(1).Answer(Stored());
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->value, "kept");
}

TEST_F(ForgottenDeletesTest, AreNotSuspectedOfWhatIsNew) {
  StartWith(2 * kTombstones, absl::Minutes(1));
  EXPECT_EQ(ReadAtOne()->value, "kept");
}

TEST_F(ForgottenDeletesTest, TombstonesAreBelieved) {
  StartWith(2 * kTombstones, 3 * kTombstones, /*tombstone=*/true);
  const auto get = ReadAtQuorum();
  node(0).Answer(Stored());
  node(1).Answer(Stored());
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.version, record_.version);
}

// Another coordinator has just fenced it, and this one does not know why.
TEST_F(ForgottenDeletesTest, StayDeletedWhereANodeTurnsOutNotToBeWhole) {
  StartWith(absl::ZeroDuration(), 3 * kTombstones);
  MakeUp(2);
  const auto get = ReadAt(Consistency::kQuorum);
  node(2).Answer(HeldBy(/*whole=*/false, record_));
  node(2).Answer(HeldBy(/*whole=*/false, record_));  // It has not kept its memory, either.
  node(0).Answer(HeldBy(/*whole=*/true, std::nullopt));
  node(1).Answer(HeldBy(/*whole=*/true, std::nullopt));
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_FALSE(get->found);
}

TEST_F(ForgottenDeletesTest, AreSuspectedOfANodeThatWasNotCheckedYet) {
  StartWith(absl::ZeroDuration(), 3 * kTombstones);
  MakeUnchecked(2);
  ASSERT_EQ(Status(2).reason, "checking");
  EXPECT_FALSE(ReadAtQuorum()->found);
}

// All home replicas have lacked writes: the newest that anybody holds is better than nothing.
TEST_F(ForgottenDeletesTest, AreNotSuspectedWhereNobodyIsUp) {
  StartWith(2 * kTombstones, 3 * kTombstones);
  MakeDown(0);
  MakeDown(1);
  const auto get = ReadAt(Consistency::kOne);
  for (const size_t asked : Asked()) {
    node(asked).Answer(asked == 2 ? Held(record_) : redis::Reply::Nil());
  }
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->value, "kept");
}

}  // namespace
}  // namespace kache
