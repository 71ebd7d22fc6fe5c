// The hints that writes leave about home replicas that missed them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/replication/hint_scripts.h"
#include "server/replication/late_hints.h"
#include "server/replication/missed_write.h"
#include "server/replication/store_terms.h"
#include "server/replication/write_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kTtl = absl::Seconds(10);
// Beyond its expiry: half a tombstone's life, and the age up to which a write may arrive.
constexpr int64_t kKeptMs = (1800 + 600) * 1000;

class WriteHintsTest : public testing::ShardFixture {
 protected:
  std::string SetOf(size_t node) {
    return shard().keys().Hints(
        shard().ring().names()[NodeId(static_cast<uint16_t>(node)).index()]);
  }
  // EVALSHA sha1 2 key set version kept_until hint bound
  const std::vector<std::string>& HintSentTo(size_t index) {
    return node(index).hints().at(0).arguments;
  }
};

TEST_F(WriteHintsTest, AWriteThatAllTakeLeavesNone) {
  Start();
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(WrittenTo(i).hint_sets, IsEmpty());
    node(i).Answer(Stored());
    EXPECT_THAT(node(i).hints(), IsEmpty());
    EXPECT_THAT(node(i).notes(), IsEmpty());
  }
}

TEST_F(WriteHintsTest, EveryCopyNamesTheHomeReplicasThatWereSkipped) {
  Start();
  MakeDown(1);
  const auto put = Put("v");
  for (const size_t i : {0, 2, 3}) {  // the stand-in, too
    EXPECT_THAT(WrittenTo(i).hint_sets, ElementsAre(SetOf(1))) << i;
    EXPECT_EQ(WrittenTo(i).hint, kKey);
    EXPECT_LT(node(i).notes().at(0).order, node(i).sent().at(0).order);  // the sentinel first
  }
}

TEST_F(WriteHintsTest, ANoteIsLookedForWhereItWasSentAndElseSent) {
  Start();
  MakeDown(1);
  const auto put = Put("v");
  ASSERT_THAT(node(0).notes(), SizeIs(1));
  shard().RestoreNote(NodeId(1), NodeId(0));
  ASSERT_THAT(node(0).notes(), SizeIs(2));
  EXPECT_EQ(node(0).notes()[1].script, &RestoreNote());
  EXPECT_EQ(node(0).notes()[1].arguments[6], node(0).notes()[0].arguments[6]);  // the note
  shard().OnConnected(NodeId(0));
  shard().RestoreNote(NodeId(1), NodeId(0));
  ASSERT_THAT(node(0).notes(), SizeIs(3));
  EXPECT_EQ(node(0).notes()[2].script, &OpenHints());
  shard().RestoreNote(NodeId(2), NodeId(0));  // It missed nothing of this shard's.
  EXPECT_THAT(node(0).notes(), SizeIs(3));
}

TEST_F(WriteHintsTest, SeveralMayHaveBeenSkipped) {
  Start();
  MakeDown(0);
  MakeDown(2);
  const auto put = Put("v");
  EXPECT_THAT(WrittenTo(1).hint_sets, ElementsAre(SetOf(0), SetOf(2)));
}

TEST_F(WriteHintsTest, ALateFailureLeavesItsHintOnEveryOtherTarget) {
  Start();
  const auto put = Put("v");
  node(0).Answer(Stored());
  node(1).Fail(absl::DeadlineExceededError("late"));
  for (const size_t i : {0, 2}) {  // the one that has not answered, too
    ASSERT_THAT(node(i).hints(), SizeIs(1)) << i;
    EXPECT_EQ(HintSentTo(i)[4], SetOf(1));
    EXPECT_EQ(HintSentTo(i)[7], kKey);
  }
  EXPECT_THAT(node(1).hints(), IsEmpty());
  EXPECT_GT(node(2).hints()[0].order, node(2).sent()[0].order);
}

// Draining must cover the hint.
TEST_F(WriteHintsTest, TheOperationEndsWithItsHints) {
  Start();
  const auto put = Put("v");
  bool drained = false;
  shard().AwaitWrites([&] { drained = true; });
  node(0).Answer(Stored());
  node(1).Fail(absl::DeadlineExceededError("late"));
  node(2).Answer(Stored());
  EXPECT_FALSE(drained);
  node(0).AnswerHints();
  EXPECT_FALSE(drained);
  node(2).AnswerHints();
  EXPECT_TRUE(drained);
}

// A replay asks every node.
TEST_F(WriteHintsTest, OneHintIsEnough) {
  Start();
  const auto put = Put("v");
  bool drained = false;
  shard().AwaitWrites([&] { drained = true; });
  node(0).Answer(Stored());
  node(2).Answer(Stored());
  node(1).Fail(absl::DeadlineExceededError("late"));
  node(2).AnswerHints();
  EXPECT_FALSE(drained);
  node(0).Disconnect();
  EXPECT_TRUE(drained);
  EXPECT_EQ(metrics().hints_late.Value(), 0);
}

// As where all connections of a coordinator are reset under load.
TEST_F(WriteHintsTest, AHintThatCannotBeLeftYetIsLeftLater) {
  Start(3);
  const auto put = Put("v");
  bool drained = false;
  shard().AwaitWrites([&] { drained = true; });
  node(0).Answer(Stored());
  node(0).Disconnect();
  for (size_t i = 1; i < 3; ++i) node(i).Disconnect();
  Pass(absl::Seconds(1));
  EXPECT_FALSE(drained);
  node(0).set_ready(true);
  shard().OnConnected(NodeId(0));
  Pass(absl::Milliseconds(200));
  ASSERT_THAT(node(0).hints(), SizeIs(2));  // about both
  EXPECT_EQ(HintSentTo(0)[4], SetOf(2));
  EXPECT_EQ(HintSentTo(0)[7], kKey);
  EXPECT_EQ(node(0).hints()[1].arguments[4], SetOf(1));
  EXPECT_LT(node(0).notes().back().order, node(0).hints().back().order);  // the sentinel first
  EXPECT_FALSE(drained);
  node(0).AnswerHints();
  EXPECT_TRUE(drained);
  EXPECT_EQ(metrics().hints_late.Value(), 2);
  EXPECT_EQ(metrics().hints_lost.Value(), 0);
}

// It holds a newer one, which has hints of its own.
TEST_F(WriteHintsTest, AHintOfAWriteThatIsNotHeldAnyMoreIsNotMissing) {
  Start();
  const auto put = Put("v");
  bool drained = false;
  shard().AwaitWrites([&] { drained = true; });
  node(0).Answer(Stored());
  node(2).Answer(Stored());
  node(1).Fail(absl::DeadlineExceededError("late"));
  node(0).AnswerHints(redis::Reply::Integer(0));
  node(2).AnswerHints(redis::Reply::Integer(0));
  Pass(absl::Milliseconds(200));  // They are asked once more.
  node(0).AnswerHints(redis::Reply::Integer(0));
  EXPECT_FALSE(drained);
  node(2).AnswerHints(redis::Reply::Integer(0));
  EXPECT_TRUE(drained);
  EXPECT_EQ(metrics().hints_lost.Value(), 0);
}

// The coordinator says so itself, with its fence: nobody need be told first, as all others may be
// gone for good.
TEST_F(WriteHintsTest, AHintThatCannotBeLeftInTimeIsLost) {
  Start();
  const auto put = Put("v");
  bool drained = false;
  shard().AwaitWrites([&] { drained = true; });
  node(0).Answer(Stored());
  node(2).Answer(Stored());
  node(1).Fail(absl::DeadlineExceededError("late"));
  for (size_t i = 3; i < 5; ++i) node(i).set_ready(false);
  node(2).Disconnect();
  node(0).Disconnect();  // Both acknowledged, and the hint is lost.
  const uint64_t missed = Status(1).missed;
  Pass(absl::Seconds(2));
  EXPECT_FALSE(drained);
  EXPECT_EQ(Status(1).hints_lost, 0u);
  Pass(absl::Seconds(3));
  EXPECT_TRUE(drained);
  EXPECT_EQ(Status(1).hints_lost, 1u);
  EXPECT_GT(Status(1).missed, missed);  // So a fence follows.
  EXPECT_EQ(shard().running(), 0u);     // Nothing keeps it from ending.
  EXPECT_EQ(metrics().hints_lost.Value(), 1);
}

// Redis's user may not leave hints. The record is stored by then, so its caller hears of no error.
TEST_F(WriteHintsTest, AHintThatIsRefusedIsLostAndTheWriteIsNot) {
  Start();
  MakeDown(1);
  const auto put = Put("v");
  const auto refused = redis::Reply{
      redis::Reply::Type::kArray, 0, "", {Stored(), redis::Reply::String("NOPERM no SADD")}};
  for (const size_t i : {0, 2, 3}) node(i).Answer(refused);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->acknowledged, 1u);
  EXPECT_EQ(Status(1).hints_lost, 1u);  // The monitor is told once, until the next fence.
  EXPECT_EQ(Status(0).reason, "ok");
  shard().CloseMissed(NodeId(1));
  const auto again = Put("w");
  for (const size_t i : {0, 2, 3}) node(i).Answer(refused);
  EXPECT_EQ(Status(1).hints_lost, 2u);
}

TEST_F(WriteHintsTest, AWriteThatNobodyTookLeavesNone) {
  Start();
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) node(i).Fail(absl::DeadlineExceededError("late"));
  for (size_t i = 0; i < 5; ++i) EXPECT_THAT(node(i).hints(), IsEmpty()) << i;
}

// A stand-in that is tried after the failure.
TEST_F(WriteHintsTest, CopiesThatAreSentLaterBringTheHintAlong) {
  Start();
  const auto put = Put("v");
  node(0).Answer(Stored());
  node(1).Disconnect();
  node(2).Disconnect();
  const auto written = WrittenTo(4);
  EXPECT_THAT(written.hint_sets, ElementsAre(SetOf(1)));
}

TEST_F(WriteHintsTest, AMissedWriteIsKeptBeyondItsLife) {
  Start();
  MakeDown(1);
  const int64_t expires_ms = NowMs() + absl::ToInt64Milliseconds(kTtl);
  const auto put = Put("v", kTtl);
  EXPECT_EQ(WrittenTo(0).expires_at_ms, expires_ms);
  EXPECT_EQ(WrittenTo(0).ends_ms, expires_ms);
  EXPECT_EQ(WrittenTo(0).kept_until_ms, expires_ms + kKeptMs);
  EXPECT_EQ(WrittenTo(3).kept_until_ms, 0);  // A stand-in's copy has an end of its own.
}

TEST_F(WriteHintsTest, ALateHintKeepsTheWriteBeyondItsLife) {
  Start();
  SetClockOffset(2, absl::Seconds(1));
  const int64_t expires_ms = NowMs() + absl::ToInt64Milliseconds(kTtl);
  const auto put = Put("v", kTtl);
  EXPECT_EQ(WrittenTo(0).ends_ms, expires_ms);
  node(0).Answer(Stored());
  node(1).Fail(absl::DeadlineExceededError("late"));
  EXPECT_EQ(HintSentTo(0)[6], std::to_string(expires_ms + kKeptMs));
  EXPECT_EQ(HintSentTo(2)[6], std::to_string(expires_ms + kKeptMs + 1000));
}

TEST_F(WriteHintsTest, ATombstoneAndAValueWithoutAnEndKeepTheirLives) {
  Start();
  MakeDown(1);
  const auto put = Put("v");
  EXPECT_EQ(WrittenTo(0).ends_ms, 0);
  EXPECT_EQ(WrittenTo(0).kept_until_ms, 0);
  const auto deleted = Delete();
  EXPECT_EQ(WrittenTo(0).ends_ms, WrittenTo(0).expires_at_ms);
  EXPECT_EQ(WrittenTo(0).kept_until_ms, 0);
  node(0).Answer(0, Stored());
  node(2).Fail(0, absl::DeadlineExceededError("late"));
  EXPECT_EQ(HintSentTo(0)[6], "0");
}

// Redis would keep a value of a second for a minute.
TEST_F(WriteHintsTest, ALongDeadlineKeepsNoValueForLong) {
  Start();
  const auto least_ms = [this] {
    const std::vector<std::string>& words = node(0).sent().back().arguments;
    return DecodeTerms(words[6]).least_ms;
  };
  const auto put = Put("v", kTtl, absl::Seconds(60));
  const int64_t after_ms =
      absl::ToInt64Milliseconds(options().write_timeout + LateHints::kPatience);
  EXPECT_EQ(least_ms(), absl::ToInt64Milliseconds(kLongestCopy) + after_ms);
  node(0).Answer(Stored());
  node(2).Answer(Stored());
  Pass(absl::Milliseconds(4900));
  EXPECT_THAT(node(0).hints(), IsEmpty());
  Pass(absl::Milliseconds(200));  // Nor is anybody waited for any longer, so the hint finds it.
  EXPECT_THAT(node(0).hints(), SizeIs(1));
  const auto short_one = Put("v", kTtl);
  const absl::Duration waited = std::max(kDeadline, options().write_timeout);
  EXPECT_EQ(least_ms(), absl::ToInt64Milliseconds(waited) + after_ms);
}

}  // namespace
}  // namespace kache
