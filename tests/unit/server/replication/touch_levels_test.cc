// Touches at QUORUM and ALL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/server/replication/touch_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TouchLevelsTest : public testing::TouchFixture {};

TEST_F(TouchLevelsTest, AtQuorumAMajorityHasToHoldTheSame) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  node(0).Answer(Seen(Value()));
  EXPECT_THAT(Asked(), IsEmpty());
  node(1).Answer(Seen(Value()));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  node(2).Answer(Seen(Value()));  // Late, and of no account.
  node(0).Answer(Touched(Value()));
  EXPECT_FALSE(touch.came());
  node(1).Answer(Touched(Value()));
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->found);
  EXPECT_EQ(touch->receipt.required, 2u);
}

TEST_F(TouchLevelsTest, AtQuorumOneThatLostItsMemoryDoesNotCount) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  node(0).Answer(Seen(Value(), 0));
  node(0).Answer(Seen(Value(), 0));  // asked whether it kept it
  node(1).Answer(Seen(Value()));
  EXPECT_FALSE(WasTouched(1));
  node(2).Answer(Seen(Value()));
  EXPECT_TRUE(WasTouched(1));
}

TEST_F(TouchLevelsTest, AtQuorumOneThatIsMerelyBehindCounts) {
  Start();
  MakeDown(0);
  MakeSyncing(1, Doubt::kBehind);
  const Result touch = TouchAt(Consistency::kQuorum);
  node(1).Answer(Seen(Value(), kIsBehind));
  node(2).Answer(Seen(Value()));
  for (size_t i = 1; i < 3; ++i) node(i).Answer(Touched(Value()));
  ASSERT_TRUE(touch.ok()) << touch.status();
  EXPECT_TRUE(touch->found);
  EXPECT_TRUE(touch->receipt.degraded);
}

TEST_F(TouchLevelsTest, AtQuorumWhatDiffersIsMadeEqualFirst) {
  Start();
  const Result touch = TouchAt(Consistency::kAll);
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(Value()));
  Asked();
  node(2).Answer(Seen(std::nullopt));
  EXPECT_THAT(Asked(), ElementsAre(2)) << "a repair";
  EXPECT_FALSE(WasTouched(0));
  node(2).Answer(Stored());
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Touched(Value()));
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->found);
  EXPECT_EQ(touch->receipt.acknowledged, 3u);
}

// What a minority took of an earlier touch counts once a majority has it.
TEST_F(TouchLevelsTest, AtQuorumATouchedValueIsTouchedAgain) {
  Start();
  const Record earlier = OtherLife(TouchOf(Value(), absl::Seconds(5)));
  const Result touch = TouchAt(Consistency::kQuorum);
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(earlier));
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(WasTouched(i));
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Touched(Value()));
  ASSERT_TRUE(touch.ok());
  EXPECT_EQ(touch->receipt.version, TouchOf(Value()).version);
}

TEST_F(TouchLevelsTest, AtQuorumAMissIsAMajoritysWord) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(touch.came());
    node(i).Answer(Seen(std::nullopt));
  }
  ASSERT_TRUE(touch.ok());
  EXPECT_FALSE(touch->found);
  for (size_t i = 0; i < 3; ++i) EXPECT_FALSE(WasTouched(i));
}

TEST_F(TouchLevelsTest, ALaterTouchThatGaveTheSameLifeWillDo) {
  Start();
  Record later = TouchOf(Value(), absl::Seconds(10));
  later.expires_at_ms += 50;
  const Result touch = TouchAt(Consistency::kQuorum, StampAt(absl::ZeroDuration()));
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(later));
  ASSERT_TRUE(touch.ok()) << touch.status();
  EXPECT_EQ(touch->receipt.version, later.version);
  EXPECT_EQ(touch->receipt.acknowledged, 2u);
}

TEST_F(TouchLevelsTest, AtQuorumOneThatLacksItIsRepairedBeforeTheAnswer) {
  Start();
  const Result touch = TouchAt(Consistency::kAll);
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Seen(Value()));
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Touched(Value()));
  node(2).Answer(Says(TouchSaid::kAbsent));
  EXPECT_FALSE(touch.came());
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(TouchOf(Value())));
  node(2).Answer(Seen(std::nullopt));
  node(2).Answer(Stored());
  ASSERT_TRUE(touch.ok());
  EXPECT_TRUE(touch->found);
  EXPECT_EQ(touch->receipt.acknowledged, 3u);
  EXPECT_EQ(touch->receipt.version, TouchOf(Value()).version);
}

TEST_F(TouchLevelsTest, ALifeThatEndedMeanwhileIsAMiss) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(Value()));
  node(0).Answer(Says(TouchSaid::kEnded, Value()));
  node(1).Answer(Says(TouchSaid::kAbsent));
  EXPECT_FALSE(touch.came()) << "the third one may have been in time";
  Pass(absl::Milliseconds(100));
  ASSERT_TRUE(touch.ok()) << touch.status();
  EXPECT_FALSE(touch->found);
}

TEST_F(TouchLevelsTest, AMinorityIsNoMiss) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(Value()));
  node(1).Disconnect();
  node(2).Disconnect();
  node(0).Answer(Says(TouchSaid::kEnded, Value()));
  EXPECT_EQ(touch.code(), absl::StatusCode::kAborted);
}

TEST_F(TouchLevelsTest, ARecordThatCannotBeTouched) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(Value()));
  node(2).Answer(Seen(Value()));
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Says(TouchSaid::kUntouched, Value()));
  EXPECT_EQ(touch.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TouchLevelsTest, AtQuorumUnavailableWithTooFewUp) {
  Start();
  MakeDown(0);
  MakeDown(1);
  EXPECT_EQ(TouchAt(Consistency::kQuorum).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(TouchLevelsTest, AtQuorumAbortedWhenTooFewTakeIt) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(Value()));
  node(0).Answer(Touched(Value()));
  node(1).Disconnect();
  node(2).Disconnect();
  EXPECT_EQ(touch.code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(ReceiptOf(touch.status()).has_value());
  EXPECT_EQ(ReceiptOf(touch.status())->acknowledged, 1u);
}

TEST_F(TouchLevelsTest, TheDeadlineEndsIt) {
  Start();
  const Result touch = TouchAt(Consistency::kQuorum);
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Seen(Value()));
  Pass(kDeadline);
  EXPECT_EQ(touch.code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace kache
