// When a write is answered, and what every replica is sent.
#include "server/replication/write_operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>

#include "server/bookkeeping/marker.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kTryTimeout = absl::Milliseconds(100);

class WriteOperationTest : public testing::ShardFixture {};

TEST_F(WriteOperationTest, WritesAllHomeReplicasAtOnce) {
  Start();
  const auto put = Put("value");
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  for (size_t i = 0; i < 3; ++i) {
    const Written written = WrittenTo(i);
    EXPECT_EQ(written.key, "kache:d:user:1");
    EXPECT_EQ(written.value, "value");
    EXPECT_EQ(written.version, VersionAt(absl::ZeroDuration(), kCoordinator));
    EXPECT_FALSE(written.tombstone);
    EXPECT_EQ(written.expires_at_ms, 0);
    EXPECT_EQ(written.ends_ms, 0);
    EXPECT_EQ(written.limit_ms, 0);
  }
}

TEST_F(WriteOperationTest, AnswersOnTheFirstHomeReplica) {
  Start();
  const auto put = Put("v");
  node(2).Answer(Stored());
  node(1).Answer(Stored());
  EXPECT_FALSE(put.came());
  node(0).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(WithoutHash(put->version), WrittenTo(0).version);
  EXPECT_EQ(put->acknowledged, 3u);
  EXPECT_EQ(put->required, 1u);
  EXPECT_EQ(put->expires_at_ms, 0);
  EXPECT_FALSE(put->degraded);
  EXPECT_EQ(metrics().writes_degraded.Value(), 0);
}

TEST_F(WriteOperationTest, AnswersWithoutWaitingForTheOthers) {
  Start();
  const auto put = Put("v");
  node(0).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 1u);
  EXPECT_FALSE(put->degraded);
  EXPECT_EQ(shard().running(), 1u);  // It sees the others through.
  node(2).Answer(Stored());
  node(1).Answer(Stored());
  EXPECT_EQ(shard().running(), 0u);
}

TEST_F(WriteOperationTest, AnswersOnTheFirstHomeReplicaThatIsUp) {
  Start();
  MakeSyncing(0);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  node(0).Answer(Stored());
  EXPECT_FALSE(put.came());
  node(1).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 2u);
  EXPECT_FALSE(put->degraded);
}

TEST_F(WriteOperationTest, AnswersOnAnotherAfterAnError) {
  Start();
  const auto put = Put("v");
  node(2).Answer(Stored());
  node(0).Disconnect();
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->acknowledged, 1u);
  EXPECT_TRUE(put->degraded);
  EXPECT_EQ(metrics().writes_degraded.Value(), 1);
  EXPECT_EQ(metrics().write_failures.connection.Value(), 1);
}

TEST_F(WriteOperationTest, AnswersOnAnotherAfterTheTryTimeout) {
  Start();
  const auto put = Put("v");
  node(1).Answer(Stored());
  Pass(kTryTimeout - Shard::kTick);
  EXPECT_FALSE(put.came());
  EXPECT_EQ(metrics().writes_late.Value(), 0);
  Pass(Shard::kTick);
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->degraded);
  EXPECT_EQ(metrics().writes_late.Value(), 1);
  EXPECT_EQ(metrics().writes_degraded.Value(), 1);
}

TEST_F(WriteOperationTest, AnswersOnTheFirstToComeOnceTheTryTimeoutHasPassed) {
  Start();
  const auto put = Put("v");
  Pass(kTryTimeout);
  EXPECT_FALSE(put.came());
  node(2).Answer(Stored());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteOperationTest, ALateFirstReplicaIsAsGoodAsAnother) {
  Start();
  const auto put = Put("v");
  Pass(kTryTimeout);
  node(0).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->acknowledged, 1u);
}

TEST_F(WriteOperationTest, AnswersOnAnotherAtTheDeadline) {
  Start();
  const auto put = Put("v", absl::ZeroDuration(), absl::Milliseconds(50));
  node(1).Answer(Stored());
  Pass(absl::Milliseconds(40));
  EXPECT_FALSE(put.came());
  Pass(absl::Milliseconds(10));
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteOperationTest, SaysDeadlineExceededWhenNobodyAnswers) {
  Start(3);
  const auto put = Put("v", absl::ZeroDuration(), absl::Milliseconds(300));
  Pass(absl::Milliseconds(290));
  EXPECT_FALSE(put.came());
  Pass(absl::Milliseconds(10));
  EXPECT_EQ(put.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(shard().running(), 1u);
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Stored());  // Applied all the same.
  EXPECT_EQ(shard().running(), 0u);
}

TEST_F(WriteOperationTest, WritesNothingAfterTheDeadline) {
  Start();
  const auto put = Put("v", absl::ZeroDuration(), absl::ZeroDuration());
  EXPECT_EQ(put.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(shard().running(), 0u);
}

TEST_F(WriteOperationTest, SaysUnavailableWhenNobodyCanBeWritten) {
  Start(3);
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const auto put = Put("v");
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(shard().running(), 0u);
}

// A coordinator that has just started with a wrong clock, before nodes have told their time.
TEST_F(WriteOperationTest, WhatNobodyTakesMovesNoClock) {
  Start(3);
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const Version before = shard().versions().Next(1, clock().Now());
  clock().Advance(absl::Hours(1));
  EXPECT_EQ(Put("v").code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(shard().versions().Next(1, clock().Now() - absl::Hours(1)).timestamp,
            before.timestamp + 10);
}

TEST_F(WriteOperationTest, SaysUnavailableWhenAllConnectionsAreLost) {
  Start(3);
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) node(i).Disconnect();
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

// RESOURCE_EXHAUSTED says that nothing was done.
TEST_F(WriteOperationTest, SaysNoFullQueuesWhereANodeMayHaveTakenIt) {
  Start(3);
  const auto put = Put("v");
  node(0).Disconnect();
  for (const size_t i : {1, 2}) node(i).Fail(absl::ResourceExhaustedError("full"));
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

TEST_F(WriteOperationTest, SaysNoFullQueuesWhereANodeTookItUnderAnEarlierStamp) {
  Start(3);
  const auto put = Put("v");
  node(1).Answer(Stored());
  node(0).Answer(Holds(VersionAt(absl::Seconds(1))));
  node(2).Answer(Stored());
  for (size_t i = 0; i < 3; ++i) node(i).Fail(absl::ResourceExhaustedError("full"));
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

TEST_F(WriteOperationTest, SaysResourceExhaustedWhenAllQueuesAreFull) {
  Start(3);
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) node(i).Fail(absl::ResourceExhaustedError("full"));
  EXPECT_EQ(put.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(metrics().write_failures.queue_full.Value(), 3);
}

TEST_F(WriteOperationTest, GivesReplicasInTheBackgroundTheWriteTimeout) {
  Start();
  const auto put = Put("v", absl::ZeroDuration(), absl::Milliseconds(200));
  EXPECT_EQ(node(1).sent().at(0).timeout, options().write_timeout);
  node(0).Answer(Stored());
  node(1).Answer(Stored());
  Pass(options().write_timeout);
  for (const size_t i : {0, 1}) node(i).AnswerHints();
  EXPECT_EQ(metrics().write_failures.timeout.Value(), 1);
  EXPECT_EQ(shard().running(), 0u);
}

TEST_F(WriteOperationTest, GivesReplicasTheCallersTimeWhereThatIsLonger) {
  Start();
  const auto put = Put("v", absl::ZeroDuration(), absl::Seconds(9));
  EXPECT_EQ(node(1).sent().at(0).timeout, absl::Seconds(9));
}

TEST_F(WriteOperationTest, FixesOneExpiryForAllReplicas) {
  Start();
  const auto put = Put("v", absl::Milliseconds(1500));
  const int64_t expiry = NowMs() + 1500;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(WrittenTo(i).expires_at_ms, expiry);
    EXPECT_EQ(WrittenTo(i).ends_ms, expiry);
    EXPECT_EQ(WrittenTo(i).limit_ms, expiry + 3'600'000);
  }
  node(0).Answer(Stored());
  EXPECT_EQ(put->expires_at_ms, expiry);
}

// What it replaces may be on a stand-in, or on another home replica, and be brought to the node
// once the short life is over.
TEST_F(WriteOperationTest, KeepsAShortLifeWhereTheNodeMayLackWhatItReplaces) {
  Start();
  MakeSyncing(1);
  const auto put = Put("v", absl::Milliseconds(1500));
  const int64_t expiry = NowMs() + 1500;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(WrittenTo(i).ends_ms, expiry) << "else the life could be over before it is stored";
    EXPECT_EQ(WrittenTo(i).limit_ms, expiry + 3'600'000);
  }
  EXPECT_EQ(WrittenTo(1).whole, "-") << "no marker begins so: the key is kept until the limit";
  EXPECT_NE(WrittenTo(0).whole, "-");
  node(0).Answer(Stored());
}

// So that one that has just lost its memory, which nobody has noticed, says so.
TEST_F(WriteOperationTest, AShortLifeNamesTheMarkerOfAWholeNode) {
  Start();
  const auto put = Put("v", absl::Milliseconds(1500));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(WrittenTo(i).whole,
              RingPartOf(shard().WholeMarker(NodeId(static_cast<uint16_t>(i)))));
  }
  EXPECT_EQ(WrittenTo(0).whole, "kache1 whole 0000000000000001 ");
  node(0).Answer(Stored());
  const auto forever = Put("v");
  EXPECT_EQ(WrittenTo(0).whole, "");
  node(0).Answer(Stored());
  const auto deletion = Delete();
  EXPECT_EQ(WrittenTo(0).whole, "");
  node(0).Answer(Stored());
}

TEST_F(WriteOperationTest, NoLifeIsShorterThanAskedFor) {
  Start();
  const int64_t before = NowMs();
  Pass(absl::Microseconds(1));
  const auto put = Put("v", absl::Milliseconds(1500));
  EXPECT_EQ(WrittenTo(0).expires_at_ms, before + 1501);
}

TEST_F(WriteOperationTest, DeletesByATombstone) {
  Start();
  const auto deletion = Delete();
  const int64_t end = NowMs() + 3'600'000;
  for (size_t i = 0; i < 3; ++i) {
    const Written written = WrittenTo(i);
    EXPECT_TRUE(written.tombstone);
    EXPECT_EQ(written.value, "");
    EXPECT_EQ(written.expires_at_ms, end);
    EXPECT_EQ(written.ends_ms, end);
    EXPECT_EQ(written.limit_ms, 0);
  }
  node(0).Answer(Stored());
  ASSERT_TRUE(deletion.ok());
  EXPECT_EQ(WithoutHash(deletion->version), WrittenTo(0).version);
  EXPECT_EQ(deletion->expires_at_ms, 0);
}

TEST_F(WriteOperationTest, StampsEachWriteAboveTheOneBefore) {
  Start();
  const auto first = Put("1");
  const Version before = WrittenTo(0).version;
  const auto second = Put("2");
  EXPECT_GT(WrittenTo(0).version, before);
}

TEST_F(WriteOperationTest, LeavesTheCallersBytesAloneOnceAnswered) {
  Start();
  auto value = std::make_unique<std::string>(1000, 'x');
  const auto put = Put(*value);
  node(0).Answer(Stored());
  value.reset();
  node(1).Disconnect();  // A stand-in is written from the operation's own copy.
  EXPECT_EQ(WrittenTo(3).value, std::string(1000, 'x'));
}

TEST_F(WriteOperationTest, WritesAllServersWhenThereAreTooFew) {
  ReplicationOptions options;
  options.replication_factor = 5;
  Start(2, options);
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  node(0).Answer(Stored());
  EXPECT_FALSE(put->degraded);
}

TEST_F(WriteOperationTest, WritesOneSingleServer) {
  Start(1);
  const auto put = Put("v");
  node(0).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 1u);
  EXPECT_FALSE(put->degraded);
}

// Whatever three replicas say, in whatever order: the write is answered once, with success as soon
// as somebody holds it, and ends.
TEST_F(WriteOperationTest, SurvivesEveryOrderOfEveryReply) {
  enum Reply { kStored, kTimeout, kLost, kOutOfMemory, kHoldsNewer, kReplies };
  const auto answer = [this](size_t index, int reply) {
    if (node(index).waiting() == 0) return;
    switch (reply) {
      case kStored:
        return node(index).Answer(Stored());
      case kTimeout:
        return node(index).Fail(absl::DeadlineExceededError("late"));
      case kLost:
        return node(index).Disconnect();
      case kOutOfMemory:
        return node(index).Answer(redis::Reply::Error("OOM command not allowed"));
      default:
        return node(index).Answer(Holds(VersionAt(absl::Seconds(1))));
    }
  };
  std::array<size_t, 3> order = {0, 1, 2};
  do {
    for (int replies = 0; replies < kReplies * kReplies * kReplies; ++replies) {
      Start();
      const auto put = Put("v");
      for (const size_t i : order) {
        const std::array said = {replies % kReplies, replies / kReplies % kReplies,
                                 replies / kReplies / kReplies};
        answer(i, said[i]);
      }
      bool more = true;
      while (more) {  // From here on all is well.
        more = false;
        for (size_t i = 0; i < 5; ++i) {
          node(i).AnswerHints();
          if (node(i).waiting() == 0) continue;
          node(i).Answer(Stored());
          more = true;
        }
      }
      ASSERT_TRUE(put.ok()) << put.status() << " replies " << replies;
      EXPECT_GE(put->acknowledged, 1u);
      EXPECT_FALSE(replies == 0 && put->degraded);
      EXPECT_EQ(shard().running(), 0u) << "replies " << replies;
      End();
    }
  } while (std::ranges::next_permutation(order).found);
  Start();
}

}  // namespace
}  // namespace kache
