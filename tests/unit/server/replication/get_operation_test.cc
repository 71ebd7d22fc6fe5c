// Whom a read asks, and for how long.
#include "server/replication/get_operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Version kVersion{1000, 7};
constexpr absl::Duration kTryTimeout = absl::Milliseconds(100);

class GetOperationTest : public testing::ShardFixture {
 protected:
  static redis::Reply Value(std::string_view value) { return Held({kVersion, 0, false, value}); }
};

TEST_F(GetOperationTest, SendsOneCommandInTheQuietCase) {
  Start();
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(0));
  EXPECT_THAT(node(0).sent().at(0).arguments, ElementsAre("GET", "kache:d:user:1"));
  EXPECT_FALSE(get.came());
  node(0).Answer(Value("v"));
  ASSERT_TRUE(get.ok());
  EXPECT_TRUE(get->found);
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(get->ttl_ms, 0);
  EXPECT_EQ(get->receipt.version, kVersion);
  EXPECT_EQ(get->receipt.acknowledged, 1u);
  EXPECT_EQ(get->receipt.required, 1u);
  EXPECT_EQ(get->receipt.node, NodeId(0));
  EXPECT_EQ(get->receipt.expires_at_ms, 0);
  EXPECT_FALSE(get->receipt.degraded);
  EXPECT_THAT(Asked(), IsEmpty());
  EXPECT_EQ(metrics().reads_degraded.Value(), 0);
}

TEST_F(GetOperationTest, AsksTheFirstHomeReplicaThatIsUp) {
  Start();
  MakeDown(0);
  MakeSyncing(1);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(2));
  node(2).Answer(Value("v"));
  EXPECT_EQ(get->receipt.node, NodeId(2));
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().reads_degraded.Value(), 1);
}

TEST_F(GetOperationTest, SkipsANodeThatOnlyThisShardHasLost) {
  Start();
  node(0).set_ready(false);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(1));
  node(1).Answer(Value("v"));
  EXPECT_TRUE(get->receipt.degraded);
}

TEST_F(GetOperationTest, GoesOnAfterALostConnection) {
  Start();
  const auto get = Get();
  node(0).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  node(1).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(get->receipt.node, NodeId(1));
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().read_failures.connection.Value(), 1);
}

TEST_F(GetOperationTest, GoesOnAfterAnErrorReply) {
  Start();
  const auto get = Get();
  node(0).Answer(redis::Reply::Error("NOPERM no rights"));
  node(1).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().read_failures.error_reply.Value(), 1);
}

TEST_F(GetOperationTest, GoesOnAfterAFullQueue) {
  Start();
  const auto get = Get();
  node(0).Fail(absl::ResourceExhaustedError("full"));
  node(1).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_EQ(metrics().read_failures.queue_full.Value(), 1);
}

TEST_F(GetOperationTest, GoesOnAfterTheTryTimeout) {
  Start();
  const auto get = Get();
  EXPECT_EQ(node(0).sent().at(0).timeout, kTryTimeout);
  Pass(kTryTimeout);
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  EXPECT_EQ(node(1).sent().at(0).timeout, kTryTimeout);
  node(1).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().read_failures.timeout.Value(), 1);
}

TEST_F(GetOperationTest, GivesTheLastTryAllTheTimeLeft) {
  Start();
  const auto get = Get(absl::Seconds(1));
  Pass(2 * kTryTimeout);
  EXPECT_EQ(node(2).sent().at(0).timeout, absl::Milliseconds(800));
  Pass(absl::Milliseconds(790));
  node(2).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
}

TEST_F(GetOperationTest, GivesTheOnlyReplicaThatIsUpAllTheTime) {
  Start();
  MakeDown(1);
  MakeDown(2);
  const auto get = Get(absl::Seconds(1));
  EXPECT_EQ(node(0).sent().at(0).timeout, absl::Seconds(1));
  node(0).Answer(Value("v"));
  EXPECT_FALSE(get->receipt.degraded);
}

TEST_F(GetOperationTest, NeverWaitsBeyondTheDeadline) {
  Start();
  const auto get = Get(absl::Milliseconds(60));
  EXPECT_EQ(node(0).sent().at(0).timeout, absl::Milliseconds(60));
  Pass(absl::Milliseconds(60));
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Asked(), ElementsAre(0));
}

TEST_F(GetOperationTest, SaysDeadlineExceededWhenEverybodyIsSilent) {
  Start();
  const auto get = Get(absl::Seconds(1));
  Pass(absl::Milliseconds(990));
  EXPECT_FALSE(get.came());
  Pass(absl::Milliseconds(10));
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
}

TEST_F(GetOperationTest, AsksNobodyAfterTheDeadline) {
  Start();
  const auto get = Get(absl::ZeroDuration());
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(GetOperationTest, TriesMaxTriesNodesAtMost) {
  ReplicationOptions options;
  options.max_tries = 2;
  Start(5, options);
  const auto get = Get(absl::Seconds(1));
  node(0).Disconnect();
  EXPECT_EQ(node(1).sent().at(0).timeout, absl::Seconds(1));  // the last try
  node(1).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
}

TEST_F(GetOperationTest, WithMaxTriesZeroWalksOn) {
  ReplicationOptions options;
  options.max_tries = 0;
  Start(6, options);
  const auto get = Get();
  for (size_t i = 0; i < 6; ++i) node(i).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
}

TEST_F(GetOperationTest, SaysUnavailableWhenNobodyCanBeAsked) {
  Start(3);
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const auto get = Get();
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(GetOperationTest, ReadsStandInsWhenNoHomeReplicaCanBeAsked) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeDown(i);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(3));
  EXPECT_EQ(metrics().reads_from_stand_in.Value(), 1);
  EXPECT_EQ(node(3).sent().at(0).timeout, kTryTimeout);  // There is another.
  Pass(kTryTimeout);
  EXPECT_EQ(node(4).sent().at(0).timeout, absl::Milliseconds(900));
  node(4).Answer(Value("v"));
  EXPECT_EQ(get->receipt.node, NodeId(4));
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().reads_from_stand_in.Value(), 2);
}

TEST_F(GetOperationTest, LeavesStandInsAloneWhileAHomeReplicaIsUp) {
  ReplicationOptions options;
  options.max_tries = 0;
  Start(5, options);
  const auto get = Get();
  for (size_t i = 0; i < 3; ++i) node(i).Answer(redis::Reply::Error("ERR no"));
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
}

TEST_F(GetOperationTest, OfOneCopyReadsTheStandInWhileTheHomeReplicaIsDown) {
  ReplicationOptions options;
  options.replication_factor = 1;
  Start(3, options);
  MakeDown(0);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(1));
  node(1).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_TRUE(get->receipt.degraded);
}

TEST_F(GetOperationTest, TakesAllServersForHomeReplicasWhenThereAreTooFew) {
  ReplicationOptions options;
  options.replication_factor = 5;
  options.max_tries = 0;
  Start(2, options);
  const auto get = Get();
  node(0).Disconnect();
  node(1).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  EXPECT_EQ(get.code(), absl::StatusCode::kUnavailable);
}

TEST_F(GetOperationTest, ServesFromOneSingleServer) {
  Start(1);
  const auto get = Get(absl::Seconds(1));
  EXPECT_EQ(node(0).sent().at(0).timeout, absl::Seconds(1));
  node(0).Answer(Value("v"));
  EXPECT_EQ(get->value, "v");
  EXPECT_FALSE(get->receipt.degraded);
}

TEST_F(GetOperationTest, WaitsForALateReplicaWhereTheOthersHaveGoneMeanwhile) {
  Start();
  const auto get = Get(absl::Seconds(1));
  MakeSyncing(1);
  MakeSyncing(2);
  Pass(absl::Milliseconds(100));
  EXPECT_FALSE(get.came());
  EXPECT_THAT(Asked(), ElementsAre(0, 0));
  Pass(absl::Milliseconds(500));
  node(0).Answer(Value("v"));
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "v");
}

TEST_F(GetOperationTest, ALateReplicaIsWaitedForUntilTheDeadlineOnly) {
  Start(1);
  const auto get = Get(absl::Seconds(1));
  Pass(absl::Milliseconds(990));
  EXPECT_FALSE(get.came());
  Pass(absl::Milliseconds(10));
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(GetOperationTest, TurnsToTheSyncingReplicasWhenTheLastOneThatIsUpFails) {
  Start();
  MakeSyncing(1);
  MakeSyncing(2);
  const auto get = Get();
  node(0).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2, 3, 4));
  node(1).Answer(redis::Reply::Nil());
  node(2).Answer(Value("v"));
  node(3).Answer(redis::Reply::Nil());
  node(4).Answer(redis::Reply::Nil());
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "v");
  EXPECT_TRUE(get->receipt.degraded);
}

}  // namespace
}  // namespace kache
