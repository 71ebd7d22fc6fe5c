// Which nodes are whole, and what is to be done about the others.
#include "server/recovery/judge.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

using Verdict = Standing::Verdict;

constexpr uint64_t kSelf = 1;
constexpr uint64_t kOther = 2;
constexpr uint64_t kRing = 0xABC;
constexpr uint64_t kSync = 50;

class JudgeTest : public ::testing::Test {
 protected:
  JudgeTest() {
    evidence_.self = kSelf;
    evidence_.ring = kRing;
    for (const char* name : {"a", "b", "c", "d"}) {
      NodeEvidence node;
      node.name = name;
      node.attempted = true;
      node.look = Look();
      node.look->run_id = node.name + "-run";
      evidence_.nodes.push_back(node);
    }
  }
  // All nodes carry the marker of a whole node.
  void MarkAll() {
    for (size_t i = 0; i < evidence_.nodes.size(); ++i) Mark(i);
  }
  void Mark(size_t node) {
    Look& look = *evidence_.nodes[node].look;
    look.has_marker = true;
    look.marker =
        Marker{true, kRing, look.run_id, evidence_.nodes[node].name, kSync, 1000, 0, false};
  }
  Marker& marker(size_t node) { return *evidence_.nodes[node].look->marker; }
  void Lose(size_t node) { evidence_.nodes[node].look.reset(); }
  void Sign(size_t on, uint64_t coordinator, absl::Duration age, uint64_t settled = 0) {
    evidence_.nodes[on].look->coordinators.push_back({coordinator, age, absl::Seconds(3), settled});
  }
  void Note(size_t on, const std::string& about, uint64_t coordinator) {
    evidence_.nodes[on].look->missed.push_back({{about, coordinator}, {1, 900}});
  }
  Assessment Of(size_t node) const { return Judge(evidence_)[node]; }

  Evidence evidence_;
};

TEST_F(JudgeTest, DecidesNothingBeforeAllWereTried) {
  MarkAll();
  evidence_.nodes[3].attempted = false;
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(Of(i).verdict, Verdict::kUnchecked);
}

TEST_F(JudgeTest, WithoutAnyMarkerItIsAFirstStart) {
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(Of(i).init) << i;
    EXPECT_EQ(Of(i).fence_mode, "");
  }
}

TEST_F(JudgeTest, AFirstStartNeedsHalfOfTheNodes) {
  Lose(0);
  Lose(1);
  EXPECT_TRUE(Of(2).init);
  Lose(3);
  EXPECT_FALSE(Of(2).init);
  EXPECT_EQ(Of(2).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(2).reason, "first_start_needs_half");
}

TEST_F(JudgeTest, NodesWithTheRightMarkerAreWhole) {
  MarkAll();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Of(i).verdict, Verdict::kWhole) << i;
    EXPECT_EQ(Of(i).fence_mode, "") << i;
  }
}

TEST_F(JudgeTest, ANodeWithoutAMarkerIsFencedWhereOthersHaveOne) {
  MarkAll();
  evidence_.nodes[1].look->has_marker = false;
  evidence_.nodes[1].look->marker.reset();
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "no_marker");
  EXPECT_EQ(Of(1).fence_mode, "if_wrong");
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, AnotherProcessOrNameIsFenced) {
  MarkAll();
  marker(1).run_id = "earlier";
  marker(2).name = "a";
  EXPECT_EQ(Of(1).reason, "restarted");
  EXPECT_EQ(Of(1).fence_mode, "if_wrong");
  EXPECT_EQ(Of(2).reason, "renamed");
  EXPECT_EQ(Of(2).fence_mode, "if_wrong");
}

TEST_F(JudgeTest, ASyncingMarkerKeepsItInDoubt) {
  MarkAll();
  marker(1).whole = false;
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "resync");
  EXPECT_EQ(Of(1).fence_mode, "");
}

TEST_F(JudgeTest, AForeignRingAnywhereExcludesAll) {
  MarkAll();
  marker(2).ring = 0xDEF;
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Of(i).verdict, Verdict::kExcluded);
    EXPECT_EQ(Of(i).reason, "ring_mismatch");
  }
}

TEST_F(JudgeTest, AForeignRingThatIsAcceptedIsFenced) {
  MarkAll();
  marker(2).ring = 0xDEF;
  evidence_.nodes[2].accepts_ring = true;
  EXPECT_EQ(Of(2).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(2).reason, "ring_changed");
  EXPECT_EQ(Of(2).fence_mode, "if_wrong");
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, OwnMissedWritesKeepItInDoubtUntilFenced) {
  MarkAll();
  evidence_.nodes[1].missed_unfenced = true;
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "missed_writes");
}

TEST_F(JudgeTest, ALivingCoordinatorsNoteKeepsItInDoubt) {
  MarkAll();
  Note(0, "b", kOther);
  Sign(2, kOther, absl::Seconds(1));
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "missed_writes");
  EXPECT_EQ(Of(1).fence_mode, "");  // it does that itself
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, ADeadCoordinatorsNoteIsFenced) {
  MarkAll();
  Note(0, "b", kOther);
  Sign(0, kOther, absl::Seconds(60));
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).fence_mode, std::to_string(kSync));  // that very marker
  EXPECT_EQ(Of(1).fence_since_ms, 900);
}

// The resync that made the node whole may have removed the note since.
TEST_F(JudgeTest, ADeadCoordinatorsNoteIsLookedForAgainOnceTheNodeIsWhole) {
  MarkAll();
  Note(0, "b", kOther);
  const MonotonicTime whole_at = MonotonicTime() + std::chrono::seconds(10);
  evidence_.nodes[1].marker_seen_at = whole_at;
  evidence_.nodes[0].look_sent_at = whole_at - std::chrono::milliseconds(1);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).fence_mode, "");
  evidence_.nodes[0].look_sent_at = whole_at;
  EXPECT_EQ(Of(1).fence_mode, std::to_string(kSync));
}

TEST_F(JudgeTest, OwnNotesAreForTheTrackerToJudge) {
  MarkAll();
  Note(0, "b", kSelf);
  EXPECT_EQ(Of(1).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, ANodeThatCantBeReachedIsInDoubt) {
  MarkAll();
  Lose(1);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, AResyncWaitsForAllWhoLive) {
  MarkAll();
  marker(1).whole = false;
  EXPECT_NE(ResyncBlockedBy(evidence_, 1), "");  // we have not settled
  Sign(1, kSelf, absl::ZeroDuration(), kSync);
  EXPECT_EQ(ResyncBlockedBy(evidence_, 1), "");
  Sign(0, kOther, absl::Seconds(1), kSync);  // seen elsewhere only
  EXPECT_EQ(ResyncBlockedBy(evidence_, 1), "coordinator 0000000000000002");
  Sign(1, kOther, absl::Seconds(1), kSync - 1);
  EXPECT_NE(ResyncBlockedBy(evidence_, 1), "");
  evidence_.nodes[1].look->coordinators.back().settled = kSync;
  EXPECT_EQ(ResyncBlockedBy(evidence_, 1), "");
}

TEST_F(JudgeTest, AResyncDoesNotWaitForTheDead) {
  MarkAll();
  marker(1).whole = false;
  Sign(1, kSelf, absl::ZeroDuration(), kSync);
  Sign(1, kOther, absl::Seconds(11));
  EXPECT_EQ(ResyncBlockedBy(evidence_, 1), "");
}

}  // namespace
}  // namespace kache
