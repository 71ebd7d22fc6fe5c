// What a read makes of the answers: misses, records that are none, and when a nil is believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/replication/get_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;

constexpr Version kVersion{1000, 7};

class GetOperationNilTest : public testing::ShardFixture {
 protected:
  static redis::Reply Nil() { return redis::Reply::Nil(); }
  static redis::Reply Value(std::string_view value) { return Held({kVersion, 0, false, value}); }
};

TEST_F(GetOperationNilTest, ANilOfTheFirstHomeReplicaIsAMiss) {
  Start();
  const auto get = Get();
  node(0).Answer(Nil());
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_TRUE(get->receipt.version.IsZero());
  EXPECT_EQ(get->receipt.acknowledged, 1u);
  EXPECT_EQ(get->receipt.node, NodeId(0));
  EXPECT_FALSE(get->receipt.degraded);
  EXPECT_THAT(Asked(), ElementsAre(0));
  EXPECT_EQ(metrics().reads_walked_on_nil.Value(), 0);
}

TEST_F(GetOperationNilTest, ANilOfADegradedReadGoesOn) {
  Start();
  MakeDown(0);
  const auto get = Get();
  node(1).Answer(Nil());
  EXPECT_FALSE(get.came());
  EXPECT_EQ(metrics().reads_walked_on_nil.Value(), 1);
  node(2).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(get->receipt.acknowledged, 2u);
  EXPECT_THAT(Asked(), ElementsAre(1, 2));
}

TEST_F(GetOperationNilTest, ANilAfterAnErrorGoesOn) {
  Start();
  const auto get = Get();
  node(0).Disconnect();
  node(1).Answer(Nil());
  node(2).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
}

TEST_F(GetOperationNilTest, IsAMissWhenAllThatAnsweredHoldNothing) {
  Start();
  MakeDown(0);
  const auto get = Get();
  node(1).Answer(Nil());
  node(2).Answer(Nil());
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.acknowledged, 2u);
  EXPECT_EQ(get->receipt.node, NodeId(2));
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_THAT(Asked(), ElementsAre(1, 2));  // No stand-in was asked.
}

TEST_F(GetOperationNilTest, IsAMissWhenTheOthersFail) {
  Start();
  MakeDown(0);
  const auto get = Get();
  node(1).Answer(Nil());
  node(2).Disconnect();
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.acknowledged, 1u);
  EXPECT_EQ(get->receipt.node, NodeId(1));
}

// One bad node costs no request: a nil in hand is waited upon for a try's time only.
TEST_F(GetOperationNilTest, IsAMissWhenTheOthersAreSilent) {
  Start();
  MakeDown(0);
  const auto get = Get(absl::Seconds(1));
  node(1).Answer(Nil());
  EXPECT_EQ(node(2).sent().at(0).timeout, absl::Milliseconds(100));
  Pass(absl::Milliseconds(100));
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_TRUE(get->receipt.degraded);
}

TEST_F(GetOperationNilTest, IsAMissWhenTheDeadlineEndsTheWalk) {
  Start();
  MakeDown(0);
  const auto get = Get(absl::Milliseconds(50));
  node(1).Answer(Nil());
  Pass(absl::Milliseconds(50));
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
}

TEST_F(GetOperationNilTest, MaxTriesEndsTheWalkOverNils) {
  ReplicationOptions options;
  options.max_tries = 1;
  Start(5, options);
  MakeDown(0);
  const auto get = Get();
  node(1).Answer(Nil());
  EXPECT_FALSE(get->found);
  EXPECT_THAT(Asked(), ElementsAre(1));
}

TEST_F(GetOperationNilTest, ANilOfAStandInGoesOnToTheNext) {
  Start(6);
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const auto get = Get();
  node(3).Answer(Nil());
  node(4).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(get->receipt.node, NodeId(4));
  EXPECT_THAT(Asked(), ElementsAre(3, 4));
}

TEST_F(GetOperationNilTest, ATombstoneIsAMissWithItsVersion) {
  Start();
  const auto get = Get();
  node(0).Answer(Held({kVersion, NowMs() + 1000, true, {}}));
  ASSERT_TRUE(get.ok());
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.version, kVersion);
  EXPECT_EQ(get->receipt.expires_at_ms, 0);
  EXPECT_EQ(get->receipt.acknowledged, 1u);
}

// Unlike a nil it is an answer: the newest known thing about the key.
TEST_F(GetOperationNilTest, ATombstoneOfADegradedReadEndsIt) {
  Start();
  MakeDown(0);
  const auto get = Get();
  node(1).Answer(Held({kVersion, NowMs() + 1000, true, {}}));
  EXPECT_FALSE(get->found);
  EXPECT_THAT(Asked(), ElementsAre(1));
}

TEST_F(GetOperationNilTest, AnswersWhatIsLeftOfALife) {
  Start();
  const auto get = Get();
  node(0).Answer(Held({kVersion, NowMs() + 1500, false, "v"}));
  EXPECT_TRUE(get->found);
  EXPECT_EQ(get->ttl_ms, 1500);
  EXPECT_EQ(get->receipt.expires_at_ms, NowMs() + 1500);
}

TEST_F(GetOperationNilTest, ARecordIsAMissFromItsExpiryOn) {
  Start();
  const int64_t expiry = NowMs() + 20;
  const auto before = Get();
  Pass(absl::Milliseconds(19));
  node(0).Answer(Held({kVersion, expiry, false, "v"}));
  EXPECT_TRUE(before->found);
  EXPECT_EQ(before->ttl_ms, 1);
  EXPECT_EQ(metrics().expired_records.Value(), 0);
  const auto after = Get();
  Pass(absl::Milliseconds(1));
  node(0).Answer(Held({kVersion, expiry, false, "v"}));
  EXPECT_FALSE(after->found);
  EXPECT_TRUE(after->value.empty());
  EXPECT_EQ(after->receipt.version, kVersion);
  EXPECT_EQ(metrics().expired_records.Value(), 1);
}

TEST_F(GetOperationNilTest, ALifeOfLessThanAMillisecondIsShownAsOne) {
  Start();
  const int64_t expiry = NowMs() + 2;
  const auto before = Get();
  Pass(absl::Microseconds(1));  // 1.999 ms are left, not more than were asked for
  node(0).Answer(Held({kVersion, expiry, false, "v"}));
  EXPECT_EQ(before->ttl_ms, 1);
  const auto last = Get();
  Pass(absl::Microseconds(1'998));
  node(0).Answer(Held({kVersion, expiry, false, "v"}));
  EXPECT_TRUE(last->found);
  EXPECT_EQ(last->ttl_ms, 1);
}

TEST_F(GetOperationNilTest, AForeignValueIsAMissWithACounter) {
  Start();
  const auto get = Get();
  node(0).Answer(redis::Reply::String("set by hand"));
  EXPECT_FALSE(get->found);
  EXPECT_FALSE(get->receipt.degraded);
  EXPECT_EQ(metrics().foreign_records.Value(), 1);
}

TEST_F(GetOperationNilTest, AForeignTypeIsAMissWithACounter) {
  Start();
  const auto get = Get();
  node(0).Answer(redis::Reply::Error("WRONGTYPE Operation against a key"));
  EXPECT_FALSE(get->found);
  EXPECT_FALSE(get->receipt.degraded);
  EXPECT_EQ(metrics().foreign_records.Value(), 1);
  EXPECT_EQ(metrics().read_failures.error_reply.Value(), 0);
}

TEST_F(GetOperationNilTest, ARecordOfANewerKacheIsAFailedPrecondition) {
  Start();
  const auto get = Get();
  std::string bytes = EncodeRecord({kVersion, 0, false, "v"});
  bytes[2] = 2;
  node(0).Answer(redis::Reply::String(bytes));
  EXPECT_EQ(get.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(metrics().newer_format_records.Value(), 1);
  EXPECT_THAT(Asked(), ElementsAre(0));
}

TEST_F(GetOperationNilTest, CarriesAnyBytes) {
  Start();
  std::string bytes(1 << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  const auto get = Get();
  node(0).Answer(Value(bytes));
  EXPECT_EQ(get->value, bytes);
  const auto empty = Get();
  node(0).Answer(Value(""));
  EXPECT_TRUE(empty->found);
  EXPECT_EQ(empty->value, "");
}

}  // namespace
}  // namespace kache
