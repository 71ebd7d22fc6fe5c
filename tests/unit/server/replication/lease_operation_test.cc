// Leases, and fills, of a key whose nodes are played.
#include "server/replication/lease_operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "base/big_endian.h"
#include "server/replication/fill_operation.h"
#include "server/replication/lease_scripts.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using testing::Answer;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = LeaseResult::Kind;

constexpr absl::Duration kTryTimeout = absl::Milliseconds(100);
constexpr Version kToken{uint64_t{77} << 16, 0xAB0000};

std::string Bytes(uint64_t number) {
  char text[8];
  PutBigEndian(text, number);
  return {text, sizeof text};
}

class LeaseOperationTest : public testing::ShardFixture {
 protected:
  void TearDown() override {
    if (waits_) waits_->Clear();
    End();
  }
  Answer<LeaseResult> Ask(absl::Duration wait = {}, absl::Duration lease = absl::Seconds(10),
                          const std::atomic<bool>* cancelled = nullptr) {
    if (!waits_) waits_ = std::make_unique<LeaseWaits>(shard());
    Answer<LeaseResult> answer;
    const MonotonicTime deadline = clock().Monotonic() + absl::ToChronoMicroseconds(kDeadline);
    (new LeaseOperation(shard(), *waits_, {kKey, lease, wait}, ShardFixture::kToken,
                        {deadline, nullptr, cancelled}, answer.Callback()))
        ->Run();
    return answer;
  }
  Answer<Receipt> Fill(int64_t made_at_ms = 0) {
    Answer<Receipt> answer;
    WriteOperation::Write write{kKey, "filled", absl::Minutes(1)};
    write.stamp = {kToken.timestamp, kToken.clock, made_at_ms, {}, true};
    const MonotonicTime deadline = clock().Monotonic() + absl::ToChronoMicroseconds(kDeadline);
    (new FillOperation(shard(), write, ShardFixture::kToken, {deadline}, answer.Callback()))->Run();
    return answer;
  }
  void PassTicks(absl::Duration duration) {
    for (absl::Duration passed; passed < duration; passed += Shard::kTick) {
      Pass(Shard::kTick);
      waits_->Tick();
    }
  }

  // What nodes say.
  redis::Reply Live() const {
    return redis::Reply::String("H" + EncodeRecord({VersionAt(-absl::Seconds(1)), 0, false, "v"}));
  }
  static redis::Reply Given() {
    return redis::Reply::String("L" + Bytes(kToken.timestamp) + Bytes(kToken.clock) + Bytes(0) +
                                Bytes(0));
  }
  static redis::Reply HeldFor(absl::Duration left) {
    return redis::Reply::String("W" +
                                Bytes(static_cast<uint64_t>(absl::ToInt64Milliseconds(left))));
  }
  static redis::Reply Mark() {
    std::string header = EncodeRecord({{}, 0, true, {}});
    header[3] = 9;
    return redis::Reply::String(header);
  }

  std::unique_ptr<LeaseWaits> waits_;
};

TEST_F(LeaseOperationTest, AsksTheFirstHomeReplicaAlone) {
  Start();
  const auto hit = Ask();
  EXPECT_THAT(Asked(), ::testing::ElementsAre(0));
  EXPECT_EQ(node(0).sent()[0].script, &LeaseScript());
  node(0).Answer(Live());
  ASSERT_TRUE(hit.ok()) << hit.status();
  EXPECT_EQ(hit->kind, Kind::kHit);
  EXPECT_EQ(hit->read.value, "v");
  EXPECT_FALSE(hit->read.receipt.degraded);
  EXPECT_EQ(metrics().lease_hits.Value(), 1);
}

TEST_F(LeaseOperationTest, AMissIsALease) {
  Start();
  const auto lease = Ask();
  node(0).Answer(Given());
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->kind, Kind::kGiven);
  EXPECT_EQ(lease->token, kToken);
  EXPECT_EQ(lease->left, absl::Seconds(10));
}

TEST_F(LeaseOperationTest, ALeaseIsCut) {
  Start();
  const auto lease = Ask({}, absl::Hours(1));
  node(0).Answer(Given());
  EXPECT_EQ(lease->left, options().max_write_age - options().max_clock_skew);
}

TEST_F(LeaseOperationTest, TheNextHomeReplicaDecidesAfterAnError) {
  Start();
  const auto lease = Ask();
  node(0).Answer(redis::Reply::Error("OOM command not allowed"));
  node(1).Answer(Given());
  ASSERT_TRUE(lease.ok());
  EXPECT_TRUE(lease->read.receipt.degraded);
  EXPECT_NE(Status(0).reason, "ok");
}

TEST_F(LeaseOperationTest, TheNextHomeReplicaDecidesWhereTheFirstIsLate) {
  Start();
  const auto hit = Ask();
  Pass(kTryTimeout);
  node(1).Answer(Live());
  ASSERT_TRUE(hit.ok());
  EXPECT_EQ(hit->kind, Kind::kHit);
}

TEST_F(LeaseOperationTest, WhereNoHomeReplicaIsUpThereIsNone) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const auto lease = Ask();
  EXPECT_TRUE(absl::IsUnavailable(lease.status()));
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(LeaseOperationTest, SaysAtOnceThatAnotherOneFills) {
  Start();
  const auto other = Ask();
  node(0).Answer(HeldFor(absl::Seconds(3)));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->kind, Kind::kHeld);
  EXPECT_EQ(other->left, absl::Seconds(3));
}

// One look for all of a key.
TEST_F(LeaseOperationTest, ThoseWhoWaitHearOfAFillElsewhere) {
  Start();
  std::vector<Answer<LeaseResult>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(Ask(absl::Milliseconds(900)));
    node(0).Answer(HeldFor(absl::Seconds(3)));
  }
  EXPECT_EQ(waits_->waiting(), 3u);
  PassTicks(LeaseWaits::kPollInterval);
  EXPECT_EQ(node(0).waiting(), 1u);
  node(0).Answer(Mark());
  PassTicks(LeaseWaits::kPollInterval);
  EXPECT_EQ(node(0).waiting(), 1u);
  node(0).Answer(redis::Reply::String(EncodeRecord({VersionAt({}), 0, false, {}})));
  EXPECT_EQ(node(0).waiting(), 3u) << "each asks for itself";
  for (int i = 0; i < 3; ++i) node(0).Answer(Live());
  for (const auto& each : waiting) EXPECT_EQ(each->kind, Kind::kHit);
  EXPECT_EQ(waits_->waiting(), 0u);
}

TEST_F(LeaseOperationTest, AnEndedLeaseGoesToOneWhoWaits) {
  Start();
  const auto first = Ask(absl::Milliseconds(900));
  node(0).Answer(HeldFor(absl::Milliseconds(15)));
  const auto second = Ask(absl::Milliseconds(900));
  node(0).Answer(HeldFor(absl::Milliseconds(15)));
  PassTicks(absl::Milliseconds(20));
  EXPECT_EQ(node(0).waiting(), 2u);
  node(0).Answer(Given());
  node(0).Answer(HeldFor(absl::Seconds(3)));
  EXPECT_EQ(first->kind, Kind::kGiven);
  EXPECT_FALSE(second.came());
}

TEST_F(LeaseOperationTest, WaitsNoLongerThanItIsTold) {
  Start();
  const auto other = Ask(absl::Milliseconds(50));
  node(0).Answer(HeldFor(absl::Seconds(3)));
  PassTicks(absl::Milliseconds(10));
  EXPECT_FALSE(other.came());
  PassTicks(absl::Milliseconds(40));
  ASSERT_TRUE(other.came());
  EXPECT_EQ(other->kind, Kind::kHeld);
  EXPECT_EQ(waits_->waiting(), 0u);
}

TEST_F(LeaseOperationTest, ACallerThatIsGoneDoesNotWait) {
  Start();
  std::atomic<bool> cancelled{false};
  const auto other = Ask(absl::Milliseconds(900), absl::Seconds(10), &cancelled);
  node(0).Answer(HeldFor(absl::Seconds(3)));
  cancelled = true;
  PassTicks(absl::Milliseconds(10));
  EXPECT_TRUE(other.came());
}

TEST_F(LeaseOperationTest, WhoseNodeFailsWhileItWaitsAsksTheNext) {
  Start();
  const auto other = Ask(absl::Milliseconds(900));
  node(0).Answer(HeldFor(absl::Seconds(3)));
  PassTicks(LeaseWaits::kPollInterval);
  MakeDown(0);
  node(0).Disconnect();
  node(1).Answer(Given());
  EXPECT_EQ(other->kind, Kind::kGiven);
  EXPECT_TRUE(other->read.receipt.degraded);
}

TEST_F(LeaseOperationTest, AShardThatIsStoppedAnswers) {
  Start();
  const auto other = Ask(absl::Milliseconds(900));
  node(0).Answer(HeldFor(absl::Seconds(3)));
  waits_->Clear();
  EXPECT_TRUE(absl::IsUnavailable(other.status()));
}

using FillOperationTest = LeaseOperationTest;

TEST_F(FillOperationTest, IsAPutWhereTheLeaseStands) {
  Start();
  Asked();
  const auto fill = Fill();
  EXPECT_THAT(Asked(), ::testing::ElementsAre(0));
  EXPECT_EQ(node(0).sent()[0].script, &CheckLease());
  node(0).Answer(redis::Reply::Integer(1));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(WrittenTo(i).version, kToken) << i;
    EXPECT_EQ(WrittenTo(i).value, "filled");
    EXPECT_EQ(WrittenTo(i).expires_at_ms, NowMs() + 60'000) << "its life begins now";
    EXPECT_EQ(WrittenTo(i).latest_ms, NowMs() + absl::ToInt64Milliseconds(options().write_timeout));
    node(i).Answer(Stored());
  }
  EXPECT_TRUE(fill.ok());
}

TEST_F(FillOperationTest, IsSupersededWhereTheLeaseDoesNotStand) {
  Start();
  const auto newer = Fill();
  node(0).Answer(Holds(VersionAt({})));
  EXPECT_TRUE(absl::IsAborted(newer.status()));
  EXPECT_EQ(SupersededOf(newer.status())->held, VersionAt({}));
  const auto nothing = Fill();
  node(0).Answer(redis::Reply::Integer(0));
  EXPECT_TRUE(SupersededOf(nothing.status())->held.IsZero());
  EXPECT_EQ(metrics().fills_refused.Value(), 2);
  EXPECT_THAT(node(1).sent(), IsEmpty());
}

TEST_F(FillOperationTest, NothingIsDoneWhereTheLeaseCannotBeSeen) {
  Start();
  const auto fill = Fill();
  node(0).Disconnect();
  EXPECT_TRUE(absl::IsUnavailable(fill.status()));
  EXPECT_THAT(node(1).sent(), IsEmpty());
}

TEST_F(FillOperationTest, ALifeThatBeganAtNoTimeIsRefused) {
  Start();
  for (const int64_t made_ms : {NowMs() - 3'600'000, NowMs() + 60'000}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(Fill(made_ms).status()));
  }
  EXPECT_THAT(node(0).sent(), IsEmpty());
}

}  // namespace
}  // namespace kache
