#include "server/replication/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ShardTest : public testing::ShardFixture {
 protected:
  // One turn of the event loop that comes so late.
  void TickAfter(absl::Duration delay) {
    clock().Advance(delay);
    shard().Tick();
  }
};

TEST_F(ShardTest, PutsKeysUnderThePrefix) {
  ReplicationOptions options;
  options.key_prefix = "mine:";
  Start(1, options);
  EXPECT_EQ(shard().RedisKey("k"), "mine:d:k");
  EXPECT_EQ(shard().RedisKey(std::string("\0\r\n", 3)), std::string("mine:d:\0\r\n", 10));
}

TEST_F(ShardTest, HasNoMoreHomeReplicasThanServers) {
  Start(2);
  EXPECT_EQ(shard().homes(), 2u);
  End();
  Start(5);
  EXPECT_EQ(shard().homes(), 3u);
}

TEST_F(ShardTest, SeesANodeAsDownWhileItsOwnConnectionIsNotReady) {
  Start();
  EXPECT_EQ(shard().View(NodeId(1)).state, NodeState::kUp);
  node(1).set_ready(false);
  EXPECT_EQ(shard().View(NodeId(1)).state, NodeState::kDown);
  EXPECT_FALSE(shard().View(NodeId(1)).takes_writes);
}

TEST_F(ShardTest, SeesNobodyWithoutClients) {
  Start();
  shard().SetClients({});
  EXPECT_EQ(shard().View(NodeId(0)).state, NodeState::kDown);
  const auto get = Get();
  const auto put = Put("v");
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

TEST_F(ShardTest, NeverHasLessThanNoTimeLeft) {
  Start();
  const MonotonicTime deadline = clock().Monotonic() + std::chrono::milliseconds(5);
  EXPECT_EQ(shard().Left(deadline), absl::Milliseconds(5));
  clock().Advance(absl::Seconds(1));
  EXPECT_EQ(shard().Left(deadline), absl::ZeroDuration());
}

TEST_F(ShardTest, CountsOperationsUntilTheirLastReply) {
  Start();
  EXPECT_EQ(shard().running(), 0u);
  const auto put = Put("v");
  const auto get = Get();
  EXPECT_EQ(shard().running(), 2u);
  node(0).Answer(Stored());
  node(0).Answer(redis::Reply::Nil());
  EXPECT_EQ(shard().running(), 1u);
  node(1).Answer(Stored());
  node(2).Answer(Stored());
  EXPECT_EQ(shard().running(), 0u);
}

// A process that stood still must not take its own pause for the servers' silence.
TEST_F(ShardTest, LetsRepliesComeInFirstAfterAPause) {
  ReplicationOptions options;
  options.replication_factor = 1;
  Start(3, options);
  const auto put = Put("v");
  Asked();
  TickAfter(absl::Milliseconds(300));
  EXPECT_THAT(Asked(), IsEmpty());
  node(0).Answer(Stored());
  EXPECT_FALSE(put->degraded);
}

TEST_F(ShardTest, TellsTimeThoughEveryTurnIsLate) {
  ReplicationOptions options;
  options.replication_factor = 1;
  Start(3, options);
  const auto put = Put("v");
  Asked();
  TickAfter(absl::Milliseconds(300));
  TickAfter(absl::Milliseconds(300));
  EXPECT_THAT(Asked(), ElementsAre(1));
  TickAfter(absl::Milliseconds(300));
  TickAfter(absl::Milliseconds(300));
  EXPECT_EQ(put.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ShardTest, CountsEveryVersionFarAhead) {
  Start();
  shard().ObserveVersion(VersionAt(options().max_clock_skew));
  EXPECT_EQ(metrics().versions_far_ahead.Value(), 0);
  shard().ObserveVersion(VersionAt(options().max_clock_skew + absl::Milliseconds(1)));
  shard().ObserveVersion({UINT64_MAX, kOtherCoordinator});
  EXPECT_EQ(metrics().versions_far_ahead.Value(), 2);
}

}  // namespace
}  // namespace kache
