// A write that its caller has stamped, so that it may be sent again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_details.h"
#include "server/replication/write_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kCaller = 0xCA11 << 16;

class WriteStampTest : public testing::ShardFixture {
 protected:
  Stamp StampAt(absl::Duration from_now = absl::ZeroDuration()) const {
    return {.timestamp = VersionAt(from_now).timestamp, .clock = kCaller};
  }
  static Version VersionOf(const Stamp& stamp) { return {stamp.timestamp, stamp.clock}; }
  testing::Answer<Receipt> PutStamped(const Stamp& stamp, std::string_view value = "v",
                                      Consistency consistency = Consistency::kOne,
                                      absl::Duration ttl = absl::ZeroDuration()) {
    return Write({kKey, value, ttl, /*tombstone=*/false, consistency, stamp});
  }
  testing::Answer<Receipt> DeleteStamped(const Stamp& stamp) {
    return Write({kKey, {}, absl::ZeroDuration(), /*tombstone=*/true, Consistency::kOne, stamp});
  }
  static void ExpectSuperseded(const testing::Answer<Receipt>& answer, const Version& held,
                               bool all_heard) {
    ASSERT_TRUE(answer.came());
    const absl::Status status = answer.status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(ReasonOf(status), kSuperseded);
    ASSERT_TRUE(SupersededOf(status).has_value());
    EXPECT_EQ(SupersededOf(status)->held, held);
    EXPECT_EQ(SupersededOf(status)->all_heard, all_heard);
  }
  void ExpectOutOfRange(const testing::Answer<Receipt>& answer) {
    ASSERT_TRUE(answer.came());
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(answer.status()), kStampOutOfRange);
    EXPECT_EQ(ClusterTimeMsOf(answer.status()), NowMs());
  }
};

TEST_F(WriteStampTest, KeepsItsStamp) {
  Start();
  const Stamp stamp = StampAt(-absl::Seconds(1));
  const auto put = PutStamped(stamp);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(WrittenTo(i).version, VersionOf(stamp));
  node(0).Answer(Stored());
  EXPECT_EQ(WithoutHash(put->version), VersionOf(stamp));
}

TEST_F(WriteStampTest, TwoAttemptsAreOneRecord) {
  Start();
  const Stamp stamp = StampAt();
  const auto first = PutStamped(stamp, "v", Consistency::kOne, absl::Seconds(10));
  const auto written = WrittenTo(0);
  clock().Advance(absl::Milliseconds(300));
  const auto second = PutStamped(stamp, "v", Consistency::kOne, absl::Seconds(10));
  EXPECT_EQ(WrittenTo(0).version, written.version);
  EXPECT_EQ(WrittenTo(0).hash, written.hash);
  EXPECT_EQ(WrittenTo(0).expires_at_ms, written.expires_at_ms);
  EXPECT_EQ(written.expires_at_ms, absl::ToUnixMillis(clock().Now()) - 300 + 10'000);
}

TEST_F(WriteStampTest, TwoAttemptsOfADeleteAreOneTombstone) {
  Start();
  const auto first = DeleteStamped(StampAt());
  const auto written = WrittenTo(0);
  clock().Advance(absl::Milliseconds(300));
  const auto second = DeleteStamped(StampAt(-absl::Milliseconds(300)));
  EXPECT_EQ(WrittenTo(0).version, written.version);
  EXPECT_EQ(WrittenTo(0).hash, written.hash);
}

// A constant stamp, or an id that two clocks share, never passes one content for another.
TEST_F(WriteStampTest, OneStampOnTwoContentsIsTwoVersions) {
  Start();
  const auto one = PutStamped(StampAt(), "one");
  const auto hash = WrittenTo(0).hash;
  const auto two = PutStamped(StampAt(), "two");
  EXPECT_NE(WrittenTo(0).hash, hash);
  const auto three = PutStamped(StampAt(), "one", Consistency::kOne, absl::Seconds(1));
  EXPECT_NE(WrittenTo(0).hash, hash);
  const auto erase = DeleteStamped(StampAt());
  EXPECT_NE(WrittenTo(0).hash, hash);
}

TEST_F(WriteStampTest, ALifeRunsFromWhenTheWriteWasMadeWhateverTheStamp) {
  Start();
  Stamp stamp = StampAt(absl::Seconds(3));  // above what a replica held
  stamp.made_at_ms = NowMs() - 200;
  const auto put = PutStamped(stamp, "v", Consistency::kOne, absl::Seconds(2));
  EXPECT_EQ(WrittenTo(0).expires_at_ms, NowMs() + 1800);
}

TEST_F(WriteStampTest, IsNeverChangedWhenAReplicaHoldsSomethingNewer) {
  Start();
  const auto put = PutStamped(StampAt());
  Asked();
  const Version held = VersionAt(absl::Seconds(2));
  node(0).Answer(Holds(held));
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_FALSE(put.came());  // The others may hold something newer still.
  node(1).Answer(Stored());
  const Version newer = VersionAt(absl::Seconds(3));
  node(2).Answer(Holds(newer));
  ExpectSuperseded(put, newer, /*all_heard=*/true);
  EXPECT_EQ(ReceiptOf(put.status())->acknowledged, 3u);
  EXPECT_EQ(metrics().writes_restamped.Value(), 0);
  EXPECT_EQ(metrics().stamps_superseded.Value(), 1);
}

TEST_F(WriteStampTest, SupersededIsAnsweredWithoutALateReplica) {
  Start();
  const auto put = PutStamped(StampAt());
  const Version held = VersionAt(absl::Seconds(2));
  node(0).Answer(Holds(held));
  Pass(options().try_timeout + absl::Milliseconds(20));
  ExpectSuperseded(put, held, /*all_heard=*/false);
}

TEST_F(WriteStampTest, AHomeReplicaThatIsDownIsNotWaitedForIfItsStandInIsHeard) {
  Start();
  MakeDown(2);
  const auto put = PutStamped(StampAt());
  const Version held = VersionAt(absl::Seconds(2));
  for (size_t i : {0, 1}) node(i).Answer(Holds(held));
  EXPECT_FALSE(put.came());
  node(3).Answer(Stored());
  ExpectSuperseded(put, held, /*all_heard=*/true);
}

TEST_F(WriteStampTest, AHomeReplicaThatIsLostUnderTheWriteIsNotWaitedForEither) {
  Start();
  const auto put = PutStamped(StampAt());
  const Version held = VersionAt(absl::Seconds(2));
  node(2).Fail(absl::UnavailableError("lost"));
  node(3).Answer(Stored());  // in its place
  for (size_t i : {0, 1}) node(i).Answer(Holds(held));
  ExpectSuperseded(put, held, /*all_heard=*/true);
}

TEST_F(WriteStampTest, NotAllAreHeardWhereAMajorityIsDown) {
  Start();
  MakeDown(1);
  MakeDown(2);
  const auto put = PutStamped(StampAt());
  const Version held = VersionAt(absl::Seconds(2));
  node(3).Answer(Stored());
  node(4).Answer(Stored());
  node(0).Answer(Holds(held));
  ExpectSuperseded(put, held, /*all_heard=*/false);
}

// The coordinator's clock says nothing of the order in which callers made their writes.
TEST_F(WriteStampTest, IsNotTakenForOvertakenByAnEarlierWriteWithoutAStamp) {
  Start();
  const auto earlier = Put("earlier");
  const Version held = WrittenTo(0).version;
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Stored());
  ASSERT_TRUE(earlier.ok());
  const auto later = PutStamped(StampAt(-absl::Milliseconds(50)));
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Holds(held));
  ExpectSuperseded(later, held, /*all_heard=*/true);
}

TEST_F(WriteStampTest, AtQuorumARefusalBeforeTheAnswerCounts) {
  Start();
  const auto put = PutStamped(StampAt(), "v", Consistency::kQuorum);
  const Version held = VersionAt(absl::Seconds(2));
  node(2).Answer(Holds(held));
  node(0).Answer(Stored());
  EXPECT_FALSE(put.came());
  node(1).Answer(Stored());
  ExpectSuperseded(put, held, /*all_heard=*/true);
}

TEST_F(WriteStampTest, AQuorumThatFellShortIsNotCalledSuperseded) {
  Start();
  const auto put = PutStamped(StampAt(), "v", Consistency::kAll);
  node(0).Answer(Holds(VersionAt(absl::Seconds(2))));
  node(1).Fail(absl::UnavailableError("lost"));
  node(2).Answer(Stored());
  node(3).Answer(Stored());  // a stand-in, in the place of the one that was lost
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(put.status()), "");
}

TEST_F(WriteStampTest, ARefusalAfterTheAnswerChangesNothing) {
  Start();
  const auto put = PutStamped(StampAt());
  node(0).Answer(Stored());
  node(1).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_TRUE(put.ok());
}

TEST_F(WriteStampTest, IsRefusedWhenTooOldOrTooFarAhead) {
  Start();
  ExpectOutOfRange(PutStamped(StampAt(-options().max_write_age - absl::Milliseconds(1))));
  ExpectOutOfRange(PutStamped(StampAt(options().max_clock_skew + absl::Milliseconds(1))));
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(metrics().stamps_out_of_range.Value(), 2);
}

// One record from a wrong clock must not make its key unwritable.
TEST_F(WriteStampTest, FarAheadIsTakenWhereAReplicaHoldsWhatItIsAbove) {
  Start();
  const Version far = VersionAt(absl::Hours(100'000));
  Stamp stamp{far.timestamp + 1, kCaller, NowMs(), far};
  const auto put = PutStamped(stamp, "v", Consistency::kOne, absl::Seconds(5));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  node(1).Answer(redis::Reply::Nil());
  EXPECT_THAT(Asked(), IsEmpty());
  node(0).Answer(Held({far, 0, false, {}}));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  EXPECT_EQ(WrittenTo(1).version, VersionOf(stamp));
  EXPECT_EQ(WrittenTo(1).expires_at_ms, NowMs() + 5000);
  // A stamp of the next century bounds no lateness: the instant at which it was taken does.
  EXPECT_EQ(WrittenTo(1).latest_ms, NowMs() + absl::ToInt64Milliseconds(options().max_write_age));
  // It moves no clock.
  EXPECT_LT(shard().versions().Next(kToken + 1, clock().Now()), VersionAt(absl::Milliseconds(1)));
  node(0).Answer(Stored());
  EXPECT_TRUE(put.ok());
}

TEST_F(WriteStampTest, FarAheadIsRefusedWhereNobodyHoldsWhatItIsAbove) {
  Start();
  const Version far = VersionAt(absl::Hours(100'000));
  const auto put = PutStamped({far.timestamp + 1, kCaller, NowMs(), far});
  node(0).Answer(Held({VersionAt(absl::ZeroDuration()), 0, false, {}}));
  node(1).Answer(redis::Reply::Nil());
  EXPECT_FALSE(put.came());
  node(2).Fail(absl::UnavailableError("lost"));
  ExpectOutOfRange(put);
}

TEST_F(WriteStampTest, FarAheadIsRefusedWhereNobodyCanBeAsked) {
  Start(3);
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const Version far = VersionAt(absl::Hours(100'000));
  ExpectOutOfRange(PutStamped({far.timestamp + 1, kCaller, NowMs(), far}));
}

TEST_F(WriteStampTest, BoundsItsLatenessByEachNodesClock) {
  Start();
  SetClockOffset(1, absl::Seconds(3));
  const auto put =
      PutStamped(StampAt(-absl::Seconds(2)), "v", Consistency::kOne, absl::Seconds(10));
  const int64_t latest = NowMs() - 2000 + absl::ToInt64Milliseconds(options().max_write_age);
  EXPECT_EQ(WrittenTo(0).latest_ms, latest);
  EXPECT_EQ(WrittenTo(1).latest_ms, latest + 3000);
  EXPECT_EQ(WrittenTo(0).ends_ms, WrittenTo(0).expires_at_ms);
  EXPECT_EQ(WrittenTo(1).ends_ms, WrittenTo(1).expires_at_ms + 3000);
  EXPECT_EQ(WrittenTo(1).limit_ms, WrittenTo(0).limit_ms + 3000);
  EXPECT_EQ(WrittenTo(1).expires_at_ms, WrittenTo(0).expires_at_ms);
}

TEST_F(WriteStampTest, ThatCameTooLateIsNotAcknowledged) {
  Start(3);
  const auto put = PutStamped(StampAt());
  for (size_t i = 0; i < 3; ++i) node(i).Answer(TooLate());
  ExpectOutOfRange(put);
  EXPECT_EQ(metrics().writes_too_late.Value(), 3);
}

// Anybody may send such a stamp: no node is taken out of use for it.
TEST_F(WriteStampTest, ThatCameTooLateToOneNodeLeavesNoDoubtAboutIt) {
  Start();
  const auto put = PutStamped(StampAt());
  node(1).Answer(TooLate());
  node(0).Answer(Stored());
  node(2).Answer(Stored());
  EXPECT_TRUE(put.ok());
  EXPECT_EQ(Status(1).missed, 0u);
}

TEST_F(WriteStampTest, ThatMayHaveBeenStoredIsNotCalledOutOfRange) {
  Start(3);
  const auto put = PutStamped(StampAt());
  node(0).Fail(absl::UnavailableError("lost"));
  for (size_t i : {1, 2}) node(i).Answer(TooLate());
  EXPECT_EQ(put.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(WriteStampTest, AtQuorumThatCameTooLateIsOutOfRange) {
  Start();
  const auto put = PutStamped(StampAt(), "v", Consistency::kQuorum);
  for (size_t i = 0; i < 3; ++i) node(i).Answer(TooLate());
  ExpectOutOfRange(put);
}

TEST_F(WriteStampTest, WhoseLifeIsOverIsNotAcknowledged) {
  Start();
  const auto put = PutStamped(StampAt(-absl::Seconds(5)), "v", Consistency::kOne, absl::Seconds(1));
  for (size_t i = 0; i < 3; ++i) node(i).Answer(LifeOver());
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(put.status()), kLifeOver);
  EXPECT_EQ(Status(0).missed, 0u);
}

TEST_F(WriteStampTest, AReplicaThatStoredItInTimeAcknowledges) {
  Start();
  const auto put = PutStamped(StampAt(), "v", Consistency::kOne, absl::Milliseconds(5));
  node(0).Answer(LifeOver());
  node(1).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteStampTest, IsNotBegunForACallerThatHasGone) {
  Start();
  std::atomic<bool> cancelled{true};
  const auto put = Write({.key = kKey, .value = "v"}, &cancelled);
  EXPECT_EQ(put.status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(WriteStampTest, AWriteOfOursIsNotStampedAnewForACallerThatHasGone) {
  Start();
  std::atomic<bool> cancelled{false};
  const auto put = Write({.key = kKey, .value = "v"}, &cancelled);
  Asked();
  cancelled = true;
  node(0).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(metrics().writes_restamped.Value(), 0);
}

TEST_F(WriteStampTest, AWriteOfOursIsNotStampedAnewAfterItsDeadline) {
  Start();
  const auto put = Put("v");
  Asked();
  clock().Advance(kDeadline);
  node(0).Answer(Holds(VersionAt(absl::Seconds(2))));
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(metrics().writes_restamped.Value(), 0);
}

}  // namespace
}  // namespace kache
