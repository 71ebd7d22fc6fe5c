// Which nodes may be resynced, from where, and whose copies are believed.
#include "server/recovery/resync_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/evidence_of.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using testing::EvidenceOf;

constexpr int64_t kTombstoneMs = 3'600'000;
constexpr int64_t kNowMs = 100'000'000;
constexpr int64_t kShortAgoMs = kNowMs - 60'000;
constexpr int64_t kLongAgoMs = kNowMs - kTombstoneMs;
// A write may come so long after its stamp, by clocks that may differ.
constexpr int64_t kMarginMs = 605'000;
// Without any doubt, a node knew what was written before that: what came later may still be on its
// way to it, or be missed.
constexpr int64_t kLatelyMs = kNowMs - kMarginMs;

NodeId Id(size_t index) { return NodeId(static_cast<uint16_t>(index)); }

// Node a is the one that is resynced.
class ResyncPlanTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSelf = EvidenceOf::kSelf;
  static constexpr uint64_t kOther = EvidenceOf::kOther;

  ResyncPlanTest() {
    evidence_.MarkAll();
    for (size_t i = 0; i < 4; ++i) {
      evidence_.At(i).now_ms = kNowMs;
      evidence_.At(i).keys = 10;
      rules_.share_arcs.emplace_back(4, true);
    }
    rules_.homes = 3;
    rules_.tombstone_ttl = absl::Milliseconds(kTombstoneMs);
    rules_.max_clock_skew = absl::Seconds(5);
    rules_.max_write_age = absl::Seconds(600);
    Fence(0, kShortAgoMs);
  }
  // It kept its memory, and may have lacked writes since then.
  void Fence(size_t node, int64_t away_ms) {
    Marker& marker = evidence_.MarkerOf(node);
    marker.whole = false;
    marker.away_ms = away_ms;
    evidence_.At(node).progress = {{"trusted", std::to_string(EvidenceOf::kWholeSinceMs)}};
  }
  void LoseMemory(size_t node) {
    Marker& marker = evidence_.MarkerOf(node);
    marker.whole = false;
    marker.away_ms = 0;
    marker.came_empty = true;
    evidence_.At(node).progress.clear();
  }
  ResyncPlan Plan(const std::vector<std::string>& in_part = {}) const {
    return PlanResync(evidence_.value, rules_, Id(0), in_part);
  }
  std::vector<bool> Trusted() const {
    std::vector<bool> trusted;
    for (const NodeWord& word : Plan().words) trusted.push_back(word.is_trusted);
    return trusted;
  }
  static std::vector<int64_t> KnewBefore(const std::vector<NodeWord>& words) {
    std::vector<int64_t> knew;
    for (const NodeWord& word : words) knew.push_back(word.knew_before_ms);
    return knew;
  }
  std::vector<std::string> Sources(const std::vector<std::string>& in_part = {}) const {
    std::vector<std::string> names;
    for (const ResyncSource& source : Plan(in_part).sources) {
      names.push_back(evidence_.value.nodes[source.node.index()].name);
    }
    return names;
  }
  std::string Missing() const {
    const auto missing = MissingSource(evidence_.value, rules_, Id(0));
    return missing ? evidence_.value.nodes[missing->index()].name : "";
  }
  std::string Waits() const { return CoordinatorWaitedFor(evidence_.value, Id(0)); }

  EvidenceOf evidence_{4};
  ResyncRules rules_;
};

TEST_F(ResyncPlanTest, OnlyAFencedNodeNeedsOne) {
  EXPECT_TRUE(NeedsResync(evidence_.value, Id(0)));
  EXPECT_FALSE(NeedsResync(evidence_.value, Id(1)));
  evidence_.MarkerOf(0).run_id = "another";
  EXPECT_FALSE(NeedsResync(evidence_.value, Id(0)));
  evidence_.Lose(0);
  EXPECT_FALSE(NeedsResync(evidence_.value, Id(0)));
}

TEST_F(ResyncPlanTest, WaitsUntilAllWhoLiveHaveDrained) {
  EXPECT_EQ(Waits(), "coordinator 0000000000000001");  // ourselves
  evidence_.Beat(0, kSelf, true, EvidenceOf::kFence);
  EXPECT_EQ(Waits(), "");
  evidence_.Beat(1, kOther, true);  // seen elsewhere only
  EXPECT_EQ(Waits(), "coordinator 0000000000000002");
  evidence_.Beat(0, kOther, true, FenceNumber{49});
  EXPECT_NE(Waits(), "");
  evidence_.At(0).heartbeats.back().drained = EvidenceOf::kFence;
  EXPECT_EQ(Waits(), "");
}

// The node lost its memory, and its fences begin lower than the one that was drained for.
TEST_F(ResyncPlanTest, AHigherNumberIsNoneThatWasDrainedFor) {
  evidence_.Beat(0, kSelf, true, FenceNumber{51});
  EXPECT_NE(Waits(), "");
}

TEST_F(ResyncPlanTest, DoesNotWaitForTheDead) {
  evidence_.Beat(0, kSelf, true, EvidenceOf::kFence);
  evidence_.Beat(0, kOther, false);
  EXPECT_EQ(Waits(), "");
}

TEST_F(ResyncPlanTest, TakesAllOthersAsSources) {
  EXPECT_THAT(Sources(), ElementsAre("b", "c", "d"));
  EXPECT_TRUE(Plan().complete);
  EXPECT_EQ(Plan().fence, EvidenceOf::kFence);
  EXPECT_FALSE(Plan().prune.has_value());
}

TEST_F(ResyncPlanTest, IsNotCompleteWhileASourceIsAway) {
  evidence_.Lose(2);
  EXPECT_EQ(Missing(), "c");
  EXPECT_FALSE(Plan().complete);
  EXPECT_THAT(Sources(), ElementsAre("b", "d"));
  evidence_.At(1).lost.push_back({"c", 7});
  EXPECT_EQ(Missing(), "");
  EXPECT_TRUE(Plan().complete);
}

TEST_F(ResyncPlanTest, ASourceThatSharesNoKeysIsNotWaitedForUnlessTheRingChanged) {
  rules_.share_arcs[0][2] = false;
  evidence_.Lose(2);
  EXPECT_EQ(Missing(), "");
  evidence_.MarkerOf(0).from_all = true;
  EXPECT_EQ(Missing(), "c");
}

TEST_F(ResyncPlanTest, WhatWasBroughtIsNotBroughtAgain) {
  evidence_.At(0).progress.emplace_back("from:b", "b-run");
  EXPECT_THAT(Sources(), ElementsAre("c", "d"));
  evidence_.At(1).run_id = "another";  // Its memory is another one, too.
  EXPECT_THAT(Sources(), ElementsAre("b", "c", "d"));
}

TEST_F(ResyncPlanTest, WhatADeadCoordinatorLeftUndoneMayBeAnywhere) {
  evidence_.At(0).progress.emplace_back("from:b", "b-run");
  evidence_.Note(2, "a", kOther);
  EXPECT_THAT(Sources(), ElementsAre("b", "c", "d"));
  EXPECT_EQ(NotesOfTheDead(evidence_.value, Id(0)).size(), 1u);
  evidence_.Beat(2, kOther, true);
  EXPECT_THAT(Sources(), ElementsAre("c", "d"));
  EXPECT_TRUE(NotesOfTheDead(evidence_.value, Id(0)).empty());
}

TEST_F(ResyncPlanTest, WhatWasBroughtInPartComesAgainInTheEnd) {
  Fence(1, kShortAgoMs);
  evidence_.Lose(3);
  EXPECT_THAT(Sources({"b-run"}), ElementsAre("c"));
  evidence_.value.nodes[3].inspection = evidence_.inspections[3];
  EXPECT_THAT(Sources({"b-run"}), ElementsAre("b", "c", "d"));
}

// Whose word counts.

TEST_F(ResyncPlanTest, AShortDoubtLeavesANodesOldRecordsTrusted) {
  Fence(1, kShortAgoMs);
  LoseMemory(2);
  Fence(3, kLongAgoMs);
  EXPECT_THAT(Trusted(), ElementsAre(true, true, false, false));
}

// Whatever happened to a node that kept its memory, it had what was written before.
TEST_F(ResyncPlanTest, ANodeKnewWhatWasWrittenBeforeItsDoubt) {
  Fence(1, kLongAgoMs);
  LoseMemory(2);
  EXPECT_THAT(KnewBefore(Plan().words),
              ElementsAre(kShortAgoMs - kMarginMs, kLongAgoMs - kMarginMs, 0, kLatelyMs));
}

// It has just returned, and others have notes about it.
TEST_F(ResyncPlanTest, ADoubtThatNoFenceStandsForYetCounts) {
  evidence_.Note(2, "b", kOther, kLongAgoMs);
  EXPECT_THAT(Trusted(), ElementsAre(true, false, true, true));
  EXPECT_EQ(Plan().words[1].knew_before_ms, kLongAgoMs - kMarginMs);
  EXPECT_TRUE(Plan().sources[0].distrusted);
}

TEST_F(ResyncPlanTest, ADoubtThatIsNotKnownToHaveBegunTrustedIsNot) {
  Fence(1, kShortAgoMs);
  evidence_.At(1).progress.clear();  // evicted
  EXPECT_THAT(Trusted(), ElementsAre(true, false, true, true));
  EXPECT_EQ(Plan().words[1].knew_before_ms, 0);
}

TEST_F(ResyncPlanTest, ASourceThatWasInDoubtForLongIsDistrusted) {
  Fence(1, kLongAgoMs);
  const ResyncPlan plan = Plan();
  EXPECT_TRUE(plan.sources[0].distrusted);
  EXPECT_FALSE(plan.sources[1].distrusted);
  evidence_.Lose(3);  // It is brought once the others are there who know better.
  EXPECT_THAT(Sources(), ElementsAre("c"));
}

// It was loaded from a snapshot of any age, and its marker is the process's before.
TEST_F(ResyncPlanTest, ASourceWhoseMarkerIsAnotherProcesssIsDistrusted) {
  evidence_.At(1).run_id = "another";
  EXPECT_TRUE(Plan().sources[0].distrusted);
  EXPECT_THAT(Trusted(), ElementsAre(true, false, true, true));
  EXPECT_EQ(Plan().words[1].knew_before_ms, 0);
}

TEST_F(ResyncPlanTest, ALongAbsenceIsPruned) {
  Fence(0, kLongAgoMs);
  const ResyncPlan plan = Plan();
  ASSERT_TRUE(plan.prune.has_value());
  EXPECT_THAT(plan.prune->reachable, ElementsAre(false, true, true, true));
  EXPECT_THAT(KnewBefore(plan.prune->words),
              ElementsAre(kLongAgoMs - kMarginMs, kLatelyMs, kLatelyMs, kLatelyMs));
  EXPECT_THAT(Trusted(), ElementsAre(false, true, true, true));
}

TEST_F(ResyncPlanTest, ALongAbsenceIsNotPrunedBeforeAllWereHeard) {
  Fence(0, kLongAgoMs);
  evidence_.Lose(3);
  EXPECT_FALSE(Plan().prune.has_value());
}

// Two nodes that were away for long, and one that stayed.
TEST_F(ResyncPlanTest, NodesThatWereAwayForLongDoNotVouchForEachOther) {
  Fence(0, kLongAgoMs);
  Fence(1, kLongAgoMs);
  const ResyncPlan plan = Plan();
  EXPECT_FALSE(plan.prune->words[1].is_trusted);
  EXPECT_TRUE(plan.prune->words[2].is_trusted);
  EXPECT_TRUE(plan.sources[0].distrusted);
}

// It lost its memory, and can't be written to: it never got a marker. Its word is none.
TEST_F(ResyncPlanTest, ANodeWithoutAMarkerCanBeAsked) {
  Fence(0, kLongAgoMs);
  evidence_.Reach(1, "b-run-2");
  const ResyncPlan plan = Plan();
  ASSERT_TRUE(plan.prune.has_value());
  EXPECT_TRUE(plan.prune->reachable[1]);
  EXPECT_FALSE(plan.prune->words[1].is_trusted);
  EXPECT_EQ(plan.prune->words[1].knew_before_ms, 0);
}

// What a source that slept brings, another may have seen deleted which slept later.
TEST_F(ResyncPlanTest, WhatADistrustedSourceBringsIsPruned) {
  EXPECT_FALSE(Plan().prune.has_value());
  Fence(1, kLongAgoMs);
  ASSERT_TRUE(Plan().prune.has_value());
  // But not what the node had itself, which was away for a moment only.
  EXPECT_TRUE(Plan().prune->words[0].is_trusted);
  EXPECT_EQ(Plan().prune->words[0].knew_before_ms, kShortAgoMs - kMarginMs);
}

// As a tombstone may have ended since.
TEST_F(ResyncPlanTest, AResyncThatTookLongIsNotTheLast) {
  const ResyncPlan plan = Plan();
  EXPECT_FALSE(HasFurtherWork(evidence_.value, rules_, plan, {}));
  Fence(0, kLongAgoMs);
  EXPECT_TRUE(HasFurtherWork(evidence_.value, rules_, plan, {}));
  EXPECT_FALSE(HasFurtherWork(evidence_.value, rules_, Plan(), {}));
}

// It was made whole from this node, too, among others.
TEST_F(ResyncPlanTest, ANodeThatWasResyncedLatelyKnowsAll) {
  Fence(0, kLongAgoMs);
  evidence_.MarkerOf(1).since_ms = kShortAgoMs;
  EXPECT_EQ(Plan().prune->words[1].knew_before_ms, kLatelyMs);
}

// Those that became whole meanwhile may lack what only this node holds.
TEST_F(ResyncPlanTest, OfANodeThatWasDeclaredLostOnlyThoseKnewWhoWereThereAllTheTime) {
  Fence(0, kLongAgoMs);
  evidence_.At(3).lost.push_back({"a", kLongAgoMs});
  evidence_.MarkerOf(1).since_ms = kShortAgoMs;  // whole again since then, after a short absence
  evidence_.MarkerOf(1).away_ms = EvidenceOf::kWholeSinceMs;
  evidence_.MarkerOf(2).since_ms = kLongAgoMs - 4000;  // whose clock may have been ahead
  Fence(3, kShortAgoMs);
  EXPECT_THAT(KnewBefore(Plan().prune->words),
              ElementsAre(kLongAgoMs - kMarginMs, kLatelyMs, 0, kShortAgoMs - kMarginMs));
  evidence_.At(3).lost.clear();
  evidence_.MarkerOf(0).from_all = true;  // It was outside of the ring.
  EXPECT_EQ(Plan().prune->words[2].knew_before_ms, 0);
}

// What a ring before left is misplaced by the present one.
TEST_F(ResyncPlanTest, TakesMisplacedRecordsWhileTheRingChanges) {
  EXPECT_FALSE(Plan().takes_misplaced);
  evidence_.MarkerOf(2).ring = 0xDEF;
  EXPECT_TRUE(Plan().takes_misplaced);
  evidence_.Mark(2);
  evidence_.MarkerOf(0).from_all = true;
  EXPECT_TRUE(Plan().takes_misplaced);
}

TEST_F(ResyncPlanTest, NothingIsTakenFromANodeOfAnotherCluster) {
  evidence_.Mark(2, 0xDEF);
  evidence_.Beat(2, kOther, /*lives=*/true);
  evidence_.Note(2, "a", kOther);
  EXPECT_THAT(Sources(), ElementsAre("b", "d"));
  EXPECT_FALSE(Plan().takes_misplaced);
  // Ours of that name is away.
  EXPECT_EQ(Missing(), "c");
  EXPECT_FALSE(Plan().complete);
  EXPECT_TRUE(NotesOfTheDead(evidence_.value, Id(0)).empty());
}

TEST_F(ResyncPlanTest, ANodeThatWasNotWaitedForIsAFurtherSourceOnceItIsThere) {
  rules_.share_arcs[0][2] = false;
  evidence_.Lose(2);
  const ResyncPlan plan = Plan();
  EXPECT_TRUE(plan.complete);
  EXPECT_FALSE(HasFurtherWork(evidence_.value, rules_, plan, {}));
  evidence_.Reach(2, "c-run");
  evidence_.Mark(2);
  EXPECT_TRUE(HasFurtherWork(evidence_.value, rules_, plan, {}));
}

TEST_F(ResyncPlanTest, AllAreFilledWhenAllAreWhole) {
  EXPECT_FALSE(AllAreFilled(evidence_.value));
  evidence_.Mark(0);
  EXPECT_TRUE(AllAreFilled(evidence_.value));
  evidence_.MarkerOf(1).ring = 0xDEF;
  EXPECT_FALSE(AllAreFilled(evidence_.value));
  evidence_.Mark(1);
  evidence_.Lose(3);
  EXPECT_FALSE(AllAreFilled(evidence_.value));
  evidence_.At(1).lost.push_back({"d", 7});
  EXPECT_TRUE(AllAreFilled(evidence_.value));
}

}  // namespace
}  // namespace kache
