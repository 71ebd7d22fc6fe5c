// Coordinators that an operator declares lost, on played nodes and a fake clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/lost_coordinator.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using ::testing::IsEmpty;
using testing::PlayedCluster;
using testing::PlayedNode;
using ::testing::SizeIs;

using Fields = std::map<std::string, std::string>;

constexpr absl::Duration kMoment = absl::Seconds(2);
// Until a coordinator that gives no heartbeat any more is taken for gone.
constexpr absl::Duration kSilence = absl::Seconds(11);

Fields NotesOn(PlayedNode& node) { return node.hash(node.keys().Missed()); }
Fields HeartbeatsOn(PlayedNode& node) { return node.hash(node.keys().Heartbeats()); }
Fields LostOn(PlayedNode& node) { return node.hash(node.keys().LostCoordinators()); }

// It lives, and can't drain on a node that it can't reach.
TEST(LostCoordinatorsOverTime, ACoordinatorThatIsDeclaredLostHoldsUpNoResync) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Cut(1, 2);
  cluster.RestartEmpty(2);
  cluster.coordinator(1).Miss(2);
  cluster.Pass(absl::Minutes(2), absl::Milliseconds(200));
  EXPECT_EQ(cluster.coordinator(0).Status(2).state, NodeState::kSyncing);
  EXPECT_EQ(cluster.coordinator(0).WaitingFor(2),
            "coordinator " + CoordinatorText(cluster.coordinator(1).id()));
  cluster.Freeze(1, true);
  cluster.DeclareLost(1);
  cluster.Pass(absl::Seconds(5));
  EXPECT_EQ(cluster.coordinator(0).Status(2).state, NodeState::kUp);
  EXPECT_THAT(NotesOn(cluster.node(0)), IsEmpty());
  EXPECT_TRUE(cluster.node(2).marker()->whole);
}

TEST(LostCoordinatorsOverTime, ACoordinatorThatIsLetInNoMoreLeavesNothingOnAnyNode) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(1).Miss(2);
  cluster.coordinator(1).HoldWrites(true);
  cluster.coordinator(1).recovery().OnDeclaredLost();
  EXPECT_TRUE(cluster.coordinator(1).knows_it_is_lost());
  Fields before = HeartbeatsOn(cluster.node(0));
  cluster.Pass(absl::Seconds(5));
  const std::string id = CoordinatorText(cluster.coordinator(1).id());
  EXPECT_EQ(HeartbeatsOn(cluster.node(0))[id], before[id]);
  // Not even a goodbye: what it left half done is for the others to find.
  cluster.coordinator(1).SayGoodbye();
  EXPECT_THAT(HeartbeatsOn(cluster.node(0)), SizeIs(2));
}

// The node was out of the operator's reach, and the lost coordinator still works there.
TEST(LostCoordinatorsOverTime, ANodeThatReturnsIsToldWhoIsLost) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(0);
  cluster.DeclareLost(1);
  cluster.Pass(kMoment);
  EXPECT_FALSE(cluster.coordinator(1).knows_it_is_lost());  // It reaches nobody who could tell.
  cluster.Return(0);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.coordinator(1).knows_it_is_lost());
  const auto lost = LostOn(cluster.node(0));
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_FALSE(ParseLostCoordinator(lost.begin()->first, lost.begin()->second)->is_cut_off);
  cluster.Pass(kSilence);
  EXPECT_EQ(cluster.coordinator(0).Status(0).state, NodeState::kUp);
}

TEST(LostCoordinatorsOverTime, ThatACoordinatorWasLostIsForgottenInTime) {
  RecoveryConfig config;
  config.replication_factor = 2;
  PlayedCluster cluster(2, 2, config);
  cluster.Pass(kMoment);
  cluster.DeclareLost(1);
  cluster.End(1);
  cluster.Pass(kLostCoordinatorKept - absl::Hours(1), absl::Hours(1));
  EXPECT_THAT(LostOn(cluster.node(1)), SizeIs(1));
  cluster.Pass(absl::Hours(3), absl::Hours(1));
  cluster.Pass(kMoment);
  EXPECT_THAT(LostOn(cluster.node(0)), IsEmpty());
  EXPECT_THAT(LostOn(cluster.node(1)), IsEmpty());
}

}  // namespace
}  // namespace kache
