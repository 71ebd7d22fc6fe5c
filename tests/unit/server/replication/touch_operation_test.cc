// When a touch is answered, and what every replica is sent.
#include "server/replication/touch_operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/error_details.h"
#include "tests/unit/server/replication/touch_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kTryTimeout = absl::Milliseconds(100);

class TouchOperationTest : public testing::TouchFixture {};

TEST_F(TouchOperationTest, LooksAtTheFirstHomeReplicaThenTouchesAll) {
  Start();
  const Result touch = TouchAt();
  EXPECT_THAT(Asked(), ElementsAre(0));
  node(0).Answer(Header(Value()));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(WasTouched(i));
  EXPECT_EQ(node(0).sent().back().arguments[3], "kache:d:user:1");
  node(1).Answer(Touched(Value()));
  EXPECT_FALSE(touch.came());
  node(0).Answer(Touched(Value()));
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->found);
  EXPECT_EQ(touch->receipt.version, TouchOf(Value()).version);
  EXPECT_EQ(touch->receipt.expires_at_ms, NowMs() + 60'000);
  EXPECT_EQ(touch->receipt.acknowledged, 2u);
  EXPECT_FALSE(touch->receipt.degraded);
  node(2).Answer(Touched(Value()));
  EXPECT_EQ(shard().running(), 0u);
}

TEST_F(TouchOperationTest, AMissIsAnAnswerAndNothingIsDone) {
  Start();
  Record ended = Value();
  ended.expires_at_ms = NowMs();
  for (const std::optional<Record>& held :
       {std::optional<Record>(), std::optional<Record>(Tombstone(Value().version)),
        std::optional<Record>(ended)}) {
    const Result touch = TouchAt();
    Asked();
    node(0).Answer(Header(held));
    EXPECT_THAT(Asked(), IsEmpty());
    ASSERT_TRUE(touch.ok());
    EXPECT_FALSE(touch->found);
    EXPECT_TRUE(touch->receipt.version.IsZero());
  }
  EXPECT_EQ(shard().running(), 0u);
}

// It may hold the value for longer than the others.
TEST_F(TouchOperationTest, AReplicaInDoubtIsNotLookedAt) {
  Start();
  MakeSyncing(0);
  const Result touch = TouchAt();
  EXPECT_THAT(Asked(), ElementsAre(1));
  node(1).Answer(Header(std::nullopt));
  ASSERT_TRUE(touch.ok());
  EXPECT_FALSE(touch->found);
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(TouchOperationTest, AReplicaInDoubtIsTouched) {
  Start();
  MakeSyncing(0);
  const Result touch = TouchAt();
  node(1).Answer(Header(Value()));
  EXPECT_TRUE(WasTouched(0));
}

TEST_F(TouchOperationTest, LooksAtTheNextOneAfterAnError) {
  Start();
  const Result touch = TouchAt();
  node(0).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  node(1).Answer(Header(std::nullopt));
  EXPECT_THAT(Asked(), ElementsAre(2)) << "a nil of a further replica is no miss";
  node(2).Answer(Header(Value()));
  node(2).Answer(Touched(Value()));
  EXPECT_FALSE(touch.came()) << "the next one may answer";
  Pass(kTryTimeout);
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->receipt.degraded);
}

TEST_F(TouchOperationTest, LooksAtTheNextOneAfterTheTryTimeout) {
  Start();
  const Result touch = TouchAt();
  Pass(kTryTimeout);
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
}

TEST_F(TouchOperationTest, AMissWhenAllThatAnsweredHoldNothing) {
  Start();
  const Result touch = TouchAt();
  node(0).Disconnect();
  node(1).Answer(Header(std::nullopt));
  node(2).Answer(Header(std::nullopt));
  ASSERT_TRUE(touch.ok());
  EXPECT_FALSE(touch->found);
  EXPECT_TRUE(touch->receipt.degraded);
}

TEST_F(TouchOperationTest, UnavailableWhenNobodyAnswers) {
  Start();
  const Result touch = TouchAt();
  for (size_t i = 0; i < 3; ++i) node(i).Disconnect();
  EXPECT_EQ(touch.code(), absl::StatusCode::kUnavailable);
}

// Puts and deletes may still be allowed.
TEST_F(TouchOperationTest, AMissingPermissionDoesNotStopOtherWrites) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  for (size_t i = 0; i < 3; ++i) {
    node(i).Answer(redis::Reply::Error("NOPERM this user has no permissions to run 'setrange'"));
  }
  EXPECT_EQ(touch.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(touch.status().message()), HasSubstr("+setrange"));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(Status(i).state, NodeState::kUp) << i;
  EXPECT_TRUE(node(0).notes().empty());
}

// It was touched in time on another one.
TEST_F(TouchOperationTest, TheFirstOneMayFindItOver) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  node(0).Answer(Says(TouchSaid::kEnded, Value()));
  EXPECT_FALSE(touch.came());
  node(1).Answer(Touched(Value()));
  EXPECT_FALSE(touch.came());
  Asked();
  node(2).Answer(Touched(Value()));
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->found);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2)) << "the first one is repaired";
  EXPECT_EQ(metrics().touches_repaired.Value(), 1);
}

TEST_F(TouchOperationTest, AReplicaThatLacksTheValueIsRepairedInTheBackground) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Touched(Value()));
  ASSERT_TRUE(touch.ok());
  Asked();
  node(2).Answer(Says(TouchSaid::kAbsent));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(TouchOf(Value())));
  node(2).Answer(Seen(std::nullopt));
  const Written repaired = WrittenTo(2);
  EXPECT_EQ(repaired.expires_at_ms, NowMs() + 60'000);
  node(2).Answer(Stored());
  EXPECT_EQ(shard().running(), 0u);
}

TEST_F(TouchOperationTest, AnOlderVersionOnTheFirstOneIsLookedAtAnew) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  const Record newer = Value(-absl::Seconds(1));
  Asked();
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Says(TouchSaid::kChanged, newer));
  EXPECT_THAT(Asked(), ElementsAre(0));
  node(0).Answer(Header(newer));
  node(0).Answer(Touched(newer));
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->found);
}

TEST_F(TouchOperationTest, IsStampedAnewAboveALaterTouch) {
  Start();
  const Result touch = TouchAt();
  const Record later = OtherLife(TouchOf(Value(), absl::Seconds(10)));  // a second ahead
  node(0).Answer(Header(later));
  EXPECT_EQ(metrics().writes_restamped.Value(), 1);
  EXPECT_FALSE(touch.came());
  node(0).Answer(Header(later));
  EXPECT_TRUE(WasTouched(0));
}

TEST_F(TouchOperationTest, DoesNotWaitForOneThatIsLateToStampAnew) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  const Record later = OtherLife(TouchOf(Value(), absl::Seconds(10)));
  node(0).Answer(Says(TouchSaid::kNewer, later));
  node(1).Answer(Says(TouchSaid::kNewer, later));
  EXPECT_EQ(metrics().writes_restamped.Value(), 0);
  Pass(kTryTimeout);
  EXPECT_EQ(metrics().writes_restamped.Value(), 1);
  node(0).Answer(Header(later));
  node(0).Answer(Touched(Value()));
  EXPECT_TRUE(touch.ok());
}

TEST_F(TouchOperationTest, ALaterTouchThatGaveTheSameLifeWillDo) {
  Start();
  Record later = TouchOf(Value(), absl::Seconds(10));
  later.expires_at_ms += 50;
  const Result touch = TouchAt(Consistency::kOne, StampAt(absl::ZeroDuration()));
  node(0).Answer(Header(later));
  ASSERT_TRUE(touch.ok()) << touch.status();
  EXPECT_TRUE(touch->found);
  EXPECT_EQ(touch->receipt.version, later.version);
  EXPECT_EQ(touch->receipt.expires_at_ms, later.expires_at_ms);
}

TEST_F(TouchOperationTest, ACallersStampIsNeverChanged) {
  Start();
  const Record later = OtherLife(TouchOf(Value(), absl::Seconds(10)));
  const Result touch = TouchAt(Consistency::kOne, StampAt(absl::ZeroDuration()));
  node(0).Answer(Header(later));
  ASSERT_TRUE(touch.came());
  EXPECT_EQ(ReasonOf(touch.status()), kSuperseded);
  ASSERT_TRUE(SupersededOf(touch.status()).has_value());
  EXPECT_EQ(MillisOf(SupersededOf(touch.status())->held.timestamp), NowMs() + 1000);
  ASSERT_TRUE(ReceiptOf(touch.status()).has_value());
  EXPECT_EQ(ReceiptOf(touch.status())->version, later.version);
  EXPECT_THAT(Asked(), ElementsAre(0));
}

TEST_F(TouchOperationTest, ASecondAttemptFindsItsOwnTouch) {
  Start();
  const Stamp stamp = StampAt(absl::ZeroDuration());
  const Result touch = TouchAt(Consistency::kOne, stamp);
  node(0).Answer(Header(TouchOf(Value())));
  EXPECT_TRUE(WasTouched(0));
  node(0).Answer(Touched(Value()));
  EXPECT_TRUE(touch->found);
}

TEST_F(TouchOperationTest, ALateAttemptDoesNotTouchANewerValue) {
  Start();
  const Result touch = TouchAt(Consistency::kOne, StampAt(-absl::Seconds(30)));
  node(0).Answer(Header(Value()));
  EXPECT_EQ(ReasonOf(touch.status()), kSuperseded);
  EXPECT_FALSE(WasTouched(0));
}

TEST_F(TouchOperationTest, AStampOutOfRangeIsRefused) {
  Start();
  for (const absl::Duration from_now : {-absl::Seconds(3600), absl::Seconds(60)}) {
    const Result touch = TouchAt(Consistency::kOne, StampAt(from_now));
    EXPECT_EQ(ReasonOf(touch.status()), kStampOutOfRange);
  }
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(TouchOperationTest, WithoutHomeReplicasTheStandInsCopyIsTouched) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const Result touch = TouchAt();
  EXPECT_THAT(Asked(), ElementsAre(3, 4));
  Record copy = Value();
  copy.stand_in = true;
  node(3).Answer(Header(copy));
  node(4).Answer(Header(std::nullopt));
  EXPECT_TRUE(WasTouched(3));
  node(3).Answer(Touched(copy));
  node(4).Answer(Says(TouchSaid::kAbsent));
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->found);
  EXPECT_TRUE(touch->receipt.degraded);
}

// An earlier ring left it; it may have been deleted since.
TEST_F(TouchOperationTest, WhatAStandInHoldsOtherwiseDoesNotCount) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const Result touch = TouchAt();
  node(3).Answer(Header(Value()));
  node(4).Answer(Header(std::nullopt));
  ASSERT_TRUE(touch.ok());
  EXPECT_FALSE(touch->found);
}

}  // namespace
}  // namespace kache
