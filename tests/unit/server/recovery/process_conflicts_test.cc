#include "server/recovery/process_conflicts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/testing/evidence_of.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using testing::EvidenceOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::PlayedCluster;
using testing::PlayedNode;
using ::testing::SizeIs;

constexpr uint64_t kOther = EvidenceOf::kOther;
constexpr absl::Duration kAgreed = absl::Seconds(10);

absl::Time At(int seconds) { return absl::FromUnixSeconds(seconds); }
MonotonicTime Now(int seconds) { return MonotonicTime(std::chrono::seconds(seconds)); }

// Two nodes; the other coordinator's heartbeats stand on the first.
class ProcessConflictsTest : public ::testing::Test {
 protected:
  ProcessConflictsTest() {
    evidence_.MarkAll();
    evidence_.Of(0).reached = {"a-run", At(0), At(100)};
    evidence_.Beat(0, kOther, /*lives=*/true);
  }
  std::vector<ProcessConflicts::Conflict> Reach(const ReachedProcess& ours,
                                                const ReachedProcess& theirs, int now = 100) {
    evidence_.Of(1).reached = ours;
    evidence_.Reaches(0, {{"a-run", At(0), At(100)}, theirs}, At(now));
    return conflicts_.OnEvidence(evidence_.value, Now(now));
  }
  bool Stands() const { return conflicts_.Stands(NodeId(1)); }

  EvidenceOf evidence_{2};
  ProcessConflicts conflicts_{{NodeId(0), NodeId(1)}, kAgreed};
};

TEST_F(ProcessConflictsTest, TwoThatLiveSideBySideAreFound) {
  const auto begun = Reach({"new", At(50), At(100)}, {"old", At(0), At(90)});
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_EQ(begun[0].node, NodeId(1));
  EXPECT_LE(begun[0].since, At(50));
  EXPECT_GE(begun[0].since, At(45));
  EXPECT_THAT(begun[0].processes, HasSubstr("0000000000000001:new"));
  EXPECT_THAT(begun[0].processes, HasSubstr("0000000000000002:old"));
  EXPECT_TRUE(Stands());
  EXPECT_FALSE(conflicts_.Stands(NodeId(0)));
  EXPECT_THAT(Reach({"new", At(50), At(103)}, {"old", At(0), At(103)}, 103), IsEmpty()) << "told";
}

TEST_F(ProcessConflictsTest, ARestartIsNone) {
  Reach({"new", At(91), At(100)}, {"old", At(0), At(90)});
  EXPECT_FALSE(Stands());
  Reach({"old", At(0), At(90)}, {"new", At(91), At(100)});
  EXPECT_FALSE(Stands());
}

TEST_F(ProcessConflictsTest, WhoDoesNotSaySinceWhenProvesNothing) {
  Reach({"new", At(50), At(100)}, {"old"});
  EXPECT_FALSE(Stands());
}

TEST_F(ProcessConflictsTest, TheDeadProveNothing) {
  evidence_.At(0).heartbeats[0].lives = false;
  Reach({"new", At(50), At(100)}, {"old", At(0), At(90)});
  EXPECT_FALSE(Stands());
}

TEST_F(ProcessConflictsTest, OnlyTheNewestHeartbeatOfEachCounts) {
  evidence_.Beat(1, kOther, /*lives=*/true);
  evidence_.Reaches(1, {{"a-run", At(0), At(100)}, {"new", At(50), At(100)}}, At(100));
  Reach({"new", At(50), At(100)}, {"old", At(0), At(90)}, 99);
  EXPECT_FALSE(Stands());
}

TEST_F(ProcessConflictsTest, EndsOnceAllHaveAgreedForLong) {
  Reach({"new", At(50), At(100)}, {"old", At(0), At(100)});
  Reach({"new", At(50), At(105)}, {"new", At(104), At(105)}, 105);
  Reach({"new", At(50), At(110)}, {}, 110);
  EXPECT_TRUE(Stands());
  Reach({"new", At(50), At(112)}, {"old", At(0), At(100)}, 112);  // It does not hold.
  Reach({"new", At(50), At(113)}, {"new", At(113), At(113)}, 113);
  Reach({"new", At(50), At(122)}, {"new", At(113), At(122)}, 122);
  EXPECT_TRUE(Stands());
  Reach({"new", At(50), At(123)}, {"new", At(113), At(123)}, 123);
  EXPECT_FALSE(Stands());
}

// Over time, by real heartbeats.

TEST(ProcessConflictsOverTime, ANameThatLeadsTwoCoordinatorsToTwoProcessesIsNotUsed) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(absl::Seconds(5));
  PlayedNode twin(cluster.clock(), "twin");
  cluster.coordinator(1).Lead(2, twin);
  cluster.Pass(absl::Seconds(15));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(cluster.coordinator(i).Status(2).state, NodeState::kDown) << i;
    EXPECT_EQ(cluster.coordinator(i).Status(2).reason, "several_processes") << i;
    EXPECT_EQ(cluster.coordinator(i).Status(0).state, NodeState::kUp) << i;
  }
  cluster.Pass(absl::Seconds(30), absl::Milliseconds(100));
  EXPECT_EQ(cluster.coordinator(0).Status(2).reason, "several_processes");
  // All are led to the same one again: it may lack what the other took.
  ASSERT_TRUE(cluster.node(2).marker()->whole);
  cluster.coordinator(0).Lead(2, twin);
  cluster.Pass(absl::Seconds(30));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_TRUE(twin.marker()->whole);
  EXPECT_FALSE(twin.marker()->came_empty);
}

// The new process is reached by one coordinator while the other has not noticed yet.
TEST(ProcessConflictsOverTime, ARestartThatOneNoticesLateIsNoConflict) {
  PlayedCluster cluster(3, 2);
  for (int round = 0; round < 10; ++round) {
    cluster.Pass(absl::Seconds(20) + absl::Milliseconds(170) * round, absl::Milliseconds(50));
    ASSERT_TRUE(cluster.AllUp()) << "round " << round;
    cluster.coordinator(1).Sever(2);
    cluster.coordinator(0).Disconnect(2);
    cluster.node(2).LoseMemory();
    cluster.coordinator(0).Connect(2);
    for (int i = 0; i < 50; ++i) {
      cluster.Pass(absl::Milliseconds(100));
      ASSERT_NE(cluster.coordinator(0).Status(2).reason, "several_processes") << "round " << round;
      ASSERT_NE(cluster.coordinator(1).Status(2).reason, "several_processes") << "round " << round;
    }
    cluster.coordinator(1).Disconnect(2);
    cluster.coordinator(1).Connect(2);
  }
}

}  // namespace
}  // namespace kache
