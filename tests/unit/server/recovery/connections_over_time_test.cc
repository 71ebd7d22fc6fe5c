// What a recovery makes of connections that come and go, on played nodes and a fake clock.
#include <gtest/gtest.h>

#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using testing::PlayedCluster;
using testing::PlayedCoordinator;

constexpr absl::Duration kMoment = absl::Seconds(2);

// Its writes would pass by a node that is well.
TEST(ConnectionsOverTime, ACoordinatorServesOnceAllItsConnectionsWereTried) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.ReplaceUnconnected(1);
  PlayedCoordinator& late = cluster.coordinator(1);
  late.Connect(0);
  late.Connect(1);
  late.ConnectShard(0, 2, cluster.node(2).run_id());
  cluster.Pass(absl::Seconds(1));
  EXPECT_EQ(late.Status(0).state, NodeState::kDown);
  EXPECT_EQ(late.Status(0).reason, "checking");
  late.Connect(2);
  cluster.Pass(kMoment);
  EXPECT_TRUE(cluster.AllUp());
  // A connection that takes for ever does not hold it up for ever.
  cluster.ReplaceUnconnected(1);
  cluster.coordinator(1).Connect(0);
  cluster.coordinator(1).Connect(1);
  cluster.Pass(3 * cluster.config().connect_timeout);
  EXPECT_EQ(cluster.coordinator(1).Status(0).state, NodeState::kUp);
}

TEST(ConnectionsOverTime, ANodeThatSeveralProcessesAnswerForIsMissedAtOnce) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.RestartEmpty(2);
  cluster.Pass(absl::Seconds(1));
  ASSERT_EQ(cluster.coordinator(0).WaitingFor(2), "node b");
  cluster.coordinator(0).ConnectShard(1, 0, "another-run");
  cluster.Pass(2 * Recovery::kTick);
  EXPECT_EQ(cluster.coordinator(0).WaitingFor(2), "node a");
}

}  // namespace
}  // namespace kache
