// What a touch leaves about home replicas that miss it, as a write does (write_hints_test.cc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/big_endian.h"
#include "server/replication/late_hints.h"
#include "server/replication/missed_write.h"
#include "tests/unit/server/replication/touch_fixture.h"

namespace kache {
namespace {

using ::testing::SizeIs;

constexpr absl::Duration kTryTimeout = absl::Milliseconds(100);
// Half a tombstone's life, and MAX_WRITE_AGE_SECONDS.
constexpr int64_t kKeptMs = (1800 + 600) * 1000;
constexpr size_t kLeastOffset = 84;
constexpr size_t kRoleOffset = 92;

class TouchHintsTest : public testing::TouchFixture {
 protected:
  // EVALSHA sha1 1 key terms
  const std::string& TermsSentTo(size_t index) { return node(index).sent().back().arguments.at(4); }
  int64_t LeastMsSentTo(size_t index) {
    return static_cast<int64_t>(GetBigEndian(TermsSentTo(index).data() + kLeastOffset));
  }
};

TEST_F(TouchHintsTest, AReplicaThatMayLackItIsNoted) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  node(0).Answer(Touched(Value()));
  node(1).Answer(Touched(Value()));
  node(2).Disconnect();
  EXPECT_FALSE(node(0).notes().empty());
}

TEST_F(TouchHintsTest, ItsHintFollowsWhereItWasTaken) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  node(0).Answer(Touched(Value()));
  node(1).Answer(Touched(Value()));
  const Record touched = TouchOf(Value());
  bool drained = false;
  shard().AwaitWrites([&] { drained = true; });
  node(2).Fail(absl::DeadlineExceededError("late"));
  EXPECT_FALSE(drained);
  Pass(absl::Milliseconds(10));
  for (size_t i = 0; i < 2; ++i) {
    // EVALSHA sha1 2 key set version kept_until hint keys_bound bytes_bound
    ASSERT_THAT(node(i).hints(), SizeIs(1));
    const std::vector<std::string>& hint = node(i).hints()[0].arguments;
    EXPECT_EQ(hint[4], SetOf(2));
    EXPECT_EQ(hint[5], BytesOf(touched.version));
    EXPECT_EQ(hint[6], std::to_string(touched.expires_at_ms + kKeptMs));
    EXPECT_EQ(hint[7], kKey);
    EXPECT_LT(node(i).notes().back().order, node(i).hints()[0].order);
  }
  EXPECT_FALSE(drained);
  node(0).AnswerHints();
  EXPECT_TRUE(drained);
}

TEST_F(TouchHintsTest, EveryTouchNamesTheHomeReplicasThatWereSkipped) {
  Start();
  MakeDown(1);
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  // EVALSHA sha1 2 key set terms kept_until hint keys_bound bytes_bound
  for (const size_t i : {0, 2, 3}) {  // the stand-in, too
    ASSERT_TRUE(WasTouched(i));
    const std::vector<std::string>& sent = node(i).sent().back().arguments;
    ASSERT_THAT(sent, SizeIs(10)) << i;
    EXPECT_EQ(sent[4], SetOf(1));
    const int64_t kept_ms = i == 3 ? 0 : TouchOf(Value()).expires_at_ms + kKeptMs;
    EXPECT_EQ(sent[6], std::to_string(kept_ms)) << i;
    EXPECT_EQ(sent[7], kKey);
    EXPECT_EQ(sent[8], std::to_string(options().hint_keys));
    EXPECT_EQ(sent[9], std::to_string(shard().HintBytesBoundOn(NodeId(static_cast<uint16_t>(i)))));
    EXPECT_LT(node(i).notes().at(0).order, node(i).sent().back().order);  // the sentinel first
  }
  node(0).Answer(Touched(Value()));
  EXPECT_TRUE(touch->receipt.degraded);
}

// Only the limit says for how long the touch has to be remembered there.
TEST_F(TouchHintsTest, AReplicaInDoubtMayNotKnowTheLifeThatEnds) {
  Start();
  MakeSyncing(1);
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  EXPECT_EQ(TermsSentTo(0)[kRoleOffset], '\1');
  EXPECT_EQ(TermsSentTo(1)[kRoleOffset], '\3');
}

// What it missed of the first stamp is not held anywhere any more.
TEST_F(TouchHintsTest, WhatIsMissedAfterANewStampIsHintedAnew) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  const Record later = OtherLife(TouchOf(Value(), absl::Seconds(10)));
  node(0).Answer(Says(TouchSaid::kNewer, later));
  Pass(kTryTimeout);
  node(0).Answer(Header(later));
  node(1).Answer(Touched(Value()));  // of the first stamp
  node(2).Fail(absl::DeadlineExceededError("late"));
  Pass(absl::Milliseconds(10));
  for (size_t i = 0; i < 2; ++i) node(i).AnswerHints(redis::Reply::Integer(0));
  for (size_t i = 0; i < 2; ++i) node(i).Answer(Touched(Value()));
  EXPECT_TRUE(touch.ok());
  node(2).Fail(absl::DeadlineExceededError("late"));
  Pass(absl::Milliseconds(10));
  ASSERT_THAT(node(1).hints(), SizeIs(2));
  EXPECT_NE(node(1).hints()[1].arguments[5], node(1).hints()[0].arguments[5]);
}

// Redis's user may not leave hints. The touch is done by then, so its caller hears of no error.
TEST_F(TouchHintsTest, AHintThatIsRefusedIsLostAndTheTouchIsNot) {
  Start();
  MakeDown(1);
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  const redis::Reply refused{redis::Reply::Type::kArray,
                             0,
                             "",
                             {Touched(Value()), redis::Reply::String("NOPERM no SADD")}};
  for (const size_t i : {0, 2}) node(i).Answer(refused);
  ASSERT_TRUE(touch.ok()) << touch.status();
  EXPECT_TRUE(touch->found);
  EXPECT_EQ(touch->receipt.version, TouchOf(Value()).version);
  EXPECT_EQ(Status(1).hints_lost, 1u);
  EXPECT_EQ(Status(0).reason, "ok");
}

// As of a write: no replica is waited for longer than a life that ends is kept for.
TEST_F(TouchHintsTest, ALongDeadlineKeepsNoEndedLifeForLong) {
  Start();
  const Result touch = Touch({kKey, kLife}, absl::Seconds(60));
  node(0).Answer(Header(Value()));
  const int64_t after_ms =
      absl::ToInt64Milliseconds(options().write_timeout + LateHints::kPatience);
  EXPECT_EQ(LeastMsSentTo(0), absl::ToInt64Milliseconds(kLongestCopy) + after_ms);
  for (const size_t i : {0, 1}) node(i).Answer(Touched(Value()));
  Pass(kLongestCopy - absl::Milliseconds(100));
  EXPECT_THAT(node(0).hints(), SizeIs(0));
  Pass(absl::Milliseconds(200));
  EXPECT_THAT(node(0).hints(), SizeIs(1));
}

TEST_F(TouchHintsTest, NobodyIsNotedWhereNobodyTookIt) {
  Start();
  const Result touch = TouchAt();
  node(0).Answer(Header(Value()));
  node(2).Disconnect();
  node(0).Answer(Says(TouchSaid::kEnded, Value()));
  node(1).Answer(Says(TouchSaid::kAbsent));
  ASSERT_TRUE(touch.ok());
  EXPECT_FALSE(touch->found);
  EXPECT_TRUE(node(0).notes().empty());
}

}  // namespace
}  // namespace kache
