// When what stand-ins hold is brought, on played nodes and a fake clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using ::testing::IsEmpty;
using testing::PlayedCluster;
using testing::PlayedNode;
using ::testing::SizeIs;

constexpr absl::Duration kMoment = absl::Seconds(2);
constexpr char kFencesOfA[] = "kache_recovery_fences_total{node=\"a\"}";

RecoveryConfig OneCopy() {
  RecoveryConfig config;
  config.replication_factor = 1;
  return config;
}

std::map<std::string, std::string> NotesOn(PlayedNode& node) {
  return node.hash(node.keys().Missed());
}

// With one copy nobody shares arcs, and no node is waited for.
TEST(StandInsOverTime, ANodeIsResyncedOnceMoreWhenAStandInIsBackThatWasAwayItself) {
  PlayedCluster cluster(3, 1, OneCopy());
  cluster.Pass(kMoment);
  cluster.Kill(0);
  cluster.coordinator(0).Miss(0);  // Node 2 took the write in its place.
  cluster.Kill(2);
  cluster.Return(0);
  cluster.Pass(absl::Seconds(30));
  EXPECT_EQ(cluster.coordinator(0).Status(0).state, NodeState::kUp);
  EXPECT_EQ(cluster.coordinator(0).Metric(kFencesOfA), 1);
  EXPECT_THAT(NotesOn(cluster.node(2)), SizeIs(1));
  cluster.Return(2);
  cluster.Pass(absl::Minutes(1));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(cluster.coordinator(0).Metric(kFencesOfA), 2);
  EXPECT_THAT(NotesOn(cluster.node(2)), IsEmpty());
}

TEST(StandInsOverTime, ANodeIsNotResyncedAgainForAStandInThatWasThere) {
  PlayedCluster cluster(3, 2, OneCopy());
  cluster.Pass(kMoment);
  cluster.Kill(0);
  cluster.coordinator(0).Miss(0);
  cluster.Return(0);
  cluster.Pass(absl::Minutes(1));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(cluster.coordinator(0).Metric(kFencesOfA), 1);
  EXPECT_THAT(NotesOn(cluster.node(2)), IsEmpty());
}

}  // namespace
}  // namespace kache
