#include "client/stamped_write.h"

#include <gtest/gtest.h>

#include "base/error_details.h"
#include "client/messages.h"
#include "client/rpc_status.h"

namespace kache {
namespace {

using Verdict = StampedWrite::Verdict;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr uint64_t kOther = 0x1234'5678'9abc'0000;

bool Waits() { return true; }

absl::Status Superseded(const Version& held, bool all_heard = false) {
  v1::Superseded superseded;
  *superseded.mutable_held() = ToMessage(held);
  superseded.set_all_heard(all_heard);
  absl::Status status = absl::AbortedError("a newer version is held");
  SetSuperseded(superseded, &status);
  return status;
}

absl::Status OutOfRange() {
  absl::Status status = absl::FailedPreconditionError("the stamp is out of range");
  SetReason(kStampOutOfRange, &status);
  return status;
}

class StampedWriteTest : public testing::Test {
 protected:
  StampedWriteTest() { write_.Stamp(clock_, kNow); }

  Verdict Judge(const absl::Status& error, bool is_waited_for = true, absl::Time now = kNow) {
    return write_.Judge(
        error, [&] { return is_waited_for; }, clock_, now);
  }
  // Of another caller, above the present stamp.
  Version Newer() const { return {write_.version().timestamp + 1, kOther}; }
  v1::Stamp Message() const {
    v1::Stamp stamp;
    write_.CopyTo(&stamp);
    return stamp;
  }

  StampClock clock_;
  StampedWrite write_;
};

TEST_F(StampedWriteTest, IsMadeWhenItIsStampedFirst) {
  EXPECT_EQ(Message().timestamp(), TimestampAt(kNow));
  EXPECT_EQ(Message().clock(), clock_.id());
  EXPECT_EQ(Message().made_at_unix_ms(), 0) << "the timestamp says it";
  EXPECT_FALSE(Message().has_above());
}

TEST_F(StampedWriteTest, SaysWhenItWasMadeWhereTheTimestampDoesNot) {
  clock_.Observe({TimestampAt(kNow + absl::Seconds(1)), kOther}, kNow);
  write_.Stamp(clock_, kNow);
  EXPECT_EQ(Message().made_at_unix_ms(), absl::ToUnixMillis(kNow));
}

TEST_F(StampedWriteTest, OneThatLostIsStampedAboveWhatIsHeldAndKeepsItsLife) {
  const Version held = Newer();
  EXPECT_EQ(Judge(Superseded(held), true, kNow + absl::Seconds(1)), Verdict::kSendAgain);
  EXPECT_GT(write_.version(), held);
  EXPECT_EQ(FromMessage(Message().above()), held);
  EXPECT_EQ(Message().made_at_unix_ms(), absl::ToUnixMillis(kNow));
}

TEST_F(StampedWriteTest, IsStampedAnewFiveTimes) {
  for (int i = 0; i < StampedWrite::kMaxRestamps; ++i) {
    EXPECT_EQ(Judge(Superseded(Newer())), Verdict::kSendAgain);
  }
  const Version last = write_.version();
  EXPECT_EQ(Judge(Superseded(Newer())), Verdict::kFailed);
  EXPECT_EQ(write_.version(), last);
}

TEST_F(StampedWriteTest, OneThatNobodyWaitsForIsNotStampedAnew) {
  EXPECT_EQ(Judge(Superseded(Newer()), /*is_waited_for=*/false), Verdict::kFailed);
}

TEST_F(StampedWriteTest, OneThatALaterWriteOfThisCallerOvertookCountsAsStored) {
  Version later = clock_.Next(kNow);
  later.clock |= 0x1234;
  EXPECT_EQ(Judge(Superseded(later), /*is_waited_for=*/false), Verdict::kStored);
}

TEST_F(StampedWriteTest, OneThatWasAboveAllCountsAsStored) {
  EXPECT_EQ(Judge(Superseded(Newer(), /*all_heard=*/true)), Verdict::kSendAgain);
  EXPECT_EQ(Judge(Superseded(Newer()), /*is_waited_for=*/false), Verdict::kStored);
}

TEST_F(StampedWriteTest, OneAnswerAfterAllWereHeardIsNotEnough) {
  EXPECT_EQ(Judge(Superseded(Newer())), Verdict::kSendAgain);
  EXPECT_EQ(Judge(Superseded(Newer(), /*all_heard=*/true)), Verdict::kSendAgain);
  EXPECT_EQ(Judge(Superseded(Newer())), Verdict::kStored);
}

TEST_F(StampedWriteTest, AWrongClocksVersionDoesNotMakeTheKeyUnwritable) {
  const Version held{TimestampAt(kNow + absl::Hours(24 * 365 * 74)), kOther};
  EXPECT_EQ(Judge(Superseded(held)), Verdict::kSendAgain);
  EXPECT_EQ(write_.version().timestamp, held.timestamp + 1);
  EXPECT_EQ(FromMessage(Message().above()), held);
  // The next write of the same caller and key meets that stamp, and is no earlier one.
  StampedWrite next;
  next.Stamp(clock_, kNow);
  EXPECT_EQ(next.Judge(Superseded(write_.version()), Waits, clock_, kNow), Verdict::kSendAgain);
  EXPECT_GT(next.version(), write_.version());
}

TEST_F(StampedWriteTest, NothingIsAboveTheHighestTimestamp) {
  EXPECT_EQ(Judge(Superseded({UINT64_MAX, kOther})), Verdict::kFailed);
}

TEST_F(StampedWriteTest, OneOutOfRangeIsStampedAnewByTheTimeThatWasTold) {
  const absl::Time told = kNow - absl::Minutes(1);
  const Version refused = write_.version();
  EXPECT_EQ(Judge(OutOfRange(), true, told), Verdict::kSendAgain);
  EXPECT_EQ(MillisOf(write_.version().timestamp), absl::ToUnixMillis(told));
  EXPECT_NE(write_.version().clock, refused.clock) << "a stamp of this id is never given again";
  EXPECT_EQ(Message().made_at_unix_ms(), 0);
}

// Servers may differ about the time for a while.
TEST_F(StampedWriteTest, OneThatIsOutOfRangeEverywhereFailsAtLast) {
  for (int i = 0; i < StampedWrite::kMaxRefusals; ++i) {
    EXPECT_EQ(Judge(OutOfRange(), true, kNow + i * absl::Minutes(1)), Verdict::kSendAgain);
  }
  EXPECT_EQ(Judge(OutOfRange(), true, kNow), Verdict::kFailed);
}

TEST_F(StampedWriteTest, OneThatIsTooOldIsStampedByTheTimeThatWasTold) {
  const absl::Time told = kNow + absl::Hours(1);
  EXPECT_EQ(Judge(OutOfRange(), true, told), Verdict::kSendAgain);
  EXPECT_EQ(write_.version(), (Version{TimestampAt(told), clock_.id()}));
}

TEST_F(StampedWriteTest, OtherErrorsAreNoneOfItsBusiness) {
  EXPECT_EQ(Judge(absl::AbortedError("too few replicas")), Verdict::kFailed);
  EXPECT_EQ(Judge(absl::UnavailableError("draining")), Verdict::kFailed);
  absl::Status life_over = absl::AbortedError("the life was over");
  SetReason(kLifeOver, &life_over);
  EXPECT_EQ(Judge(life_over), Verdict::kFailed);
}

TEST_F(StampedWriteTest, AGivenStampIsNeverChanged) {
  v1::Stamp given;
  given.set_timestamp(TimestampAt(kNow));
  given.set_clock(kOther);
  StampedWrite write;
  write.TakeGiven(given);
  EXPECT_TRUE(write.is_given());
  EXPECT_EQ(write.Judge(Superseded({given.timestamp() + 1, kOther}, true), Waits, clock_, kNow),
            Verdict::kFailed);
  EXPECT_EQ(write.Judge(OutOfRange(), Waits, clock_, kNow), Verdict::kFailed);
  EXPECT_EQ(write.version(), (Version{given.timestamp(), kOther}));
}

TEST(ReceiptOfLost, IsWhatTheErrorCarries) {
  absl::Status error = Superseded({7, 8});
  EXPECT_EQ(ReceiptOfLost(error).version().timestamp(), 7u);
  v1::Receipt receipt;
  receipt.mutable_version()->set_timestamp(5);
  receipt.set_acknowledged(2);
  SetReceipt(receipt, &error);
  EXPECT_EQ(ReceiptOfLost(error).version().timestamp(), 5u);
  EXPECT_EQ(ReceiptOfLost(error).acknowledged(), 2u);
}

}  // namespace
}  // namespace kache
