// Where a comparison goes on, and what it may conclude then.
#include "server/recovery/resync_resume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/evidence_of.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using testing::EvidenceOf;
using ::testing::IsEmpty;

constexpr int64_t kNowMs = 100'000'000;
constexpr int64_t kKnewMs = 5'000;

NodeId Id(size_t index) { return NodeId(static_cast<uint16_t>(index)); }

// Node a lost its memory and is resynced from the others; with b an earlier resync had begun.
class ResyncResumeTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSelf = EvidenceOf::kSelf;
  static constexpr uint64_t kOther = EvidenceOf::kOther;

  ResyncResumeTest() {
    evidence_.MarkAll();
    for (size_t i = 0; i < 4; ++i) {
      evidence_.At(i).now_ms = kNowMs;
      evidence_.At(i).keys = 10;
      rules_.share_arcs.emplace_back(4, true);
    }
    rules_.homes = 3;
    rules_.tombstone_ttl = absl::Hours(1);
    rules_.max_clock_skew = absl::Seconds(5);
    rules_.max_write_age = absl::Seconds(600);
    Marker& marker = evidence_.MarkerOf(0);
    marker.whole = false;
    marker.came_empty = true;
    evidence_.Beat(0, kSelf, true, EvidenceOf::kFence);
    Note(checkpoint_);
  }
  // What stands on node a.
  void Note(const ResyncCheckpoint& checkpoint, bool brought = false) {
    evidence_.At(0).progress = {{CheckpointField("b"), CheckpointText(checkpoint)}};
    if (brought) evidence_.At(0).progress.emplace_back("from:b", "b-run");
  }
  ResyncPlan Plan() const { return PlanResync(evidence_.value, rules_, Id(0), {}); }
  std::vector<std::string> Cursors() const {
    std::vector<std::string> cursors;
    for (const ResyncSource& source : Plan().sources) {
      const std::string& name = evidence_.value.nodes[source.node.index()].name;
      cursors.push_back(name + source.checkpoint.cursor);
    }
    return cursors;
  }
  void ExpectFromStart() const {
    EXPECT_THAT(Cursors(), ElementsAre("b0", "c0", "d0"));
    EXPECT_FALSE(HasBegunBefore(Plan()));
  }

  ResyncCheckpoint checkpoint_{.cursor = "7",
                               .seen = 4,
                               .run_id = "b-run",
                               .fence = EvidenceOf::kFence,
                               .knew_before_ms = kKnewMs};
  EvidenceOf evidence_{4};
  ResyncRules rules_;
};

TEST_F(ResyncResumeTest, GoesOnWhereTheEarlierOneEnded) {
  EXPECT_THAT(Cursors(), ElementsAre("b7", "c0", "d0"));
  EXPECT_TRUE(HasBegunBefore(Plan()));
  EXPECT_EQ(Plan().sources[0].keys, 6u);
  EXPECT_EQ(Plan().sources[0].checkpoint, checkpoint_);
}

// What it came to know since may be in the part that was read before it had that.
TEST_F(ResyncResumeTest, ASourceIsBelievedToBringWhatItKnewWhenThatBegan) {
  EXPECT_EQ(Plan().words[1].knew_before_ms, kKnewMs);
  EXPECT_GT(Plan().words[2].knew_before_ms, kKnewMs);
  Note(checkpoint_, /*brought=*/true);
  EXPECT_EQ(Plan().words[1].knew_before_ms, kKnewMs);
  evidence_.MarkerOf(2).whole = false;  // in a long doubt
  evidence_.MarkerOf(2).away_ms = 1;
  evidence_.At(2).progress = {{"trusted", "1"}};
  ASSERT_TRUE(Plan().prune.has_value());
  EXPECT_GT(Plan().prune->words[1].knew_before_ms, kKnewMs);  // What it lacks was deleted.
}

TEST_F(ResyncResumeTest, BeginsAnewWithAnotherMemoryOfTheSource) {
  evidence_.At(1).emptied = 1;
  ExpectFromStart();
  evidence_.At(1).emptied = 0;
  evidence_.At(1).run_id = evidence_.MarkerOf(1).run_id = "another";
  ExpectFromStart();
}

TEST_F(ResyncResumeTest, BeginsAnewWhereTheNodeMayHaveDroppedWhatWasBrought) {
  evidence_.At(0).emptied = 1;
  ExpectFromStart();
}

TEST_F(ResyncResumeTest, BeginsAnewWhereTheSourceWasInDoubtSince) {
  evidence_.MarkerOf(1).fence = FenceNumber{51};
  ExpectFromStart();
  evidence_.MarkerOf(1).fence = EvidenceOf::kFence;
  evidence_.MarkerOf(1).whole = false;
  ExpectFromStart();
}

TEST_F(ResyncResumeTest, BeginsAnewWhileTheRingChanges) {
  evidence_.MarkerOf(2).ring = 0xDEF;
  ExpectFromStart();
}

TEST_F(ResyncResumeTest, BeginsAnewWhereItCantBeRead) {
  evidence_.At(0).progress = {{CheckpointField("b"), "1 7 4"}};
  ExpectFromStart();
}

// Of those who are gone.

TEST_F(ResyncResumeTest, ANoteOfWhichAllWritesHadEndedHoldsNothingUp) {
  checkpoint_.drained = {{kOther, 3}};
  Note(checkpoint_);
  evidence_.Note(2, "a", kOther, /*since_ms=*/900, /*number=*/3);
  EXPECT_THAT(Cursors(), ElementsAre("b7", "c0", "d0"));
}

TEST_F(ResyncResumeTest, ALaterNoteMayBeAboutWhatWasReadBefore) {
  checkpoint_.drained = {{kOther, 2}};
  Note(checkpoint_);
  evidence_.Note(2, "a", kOther, /*since_ms=*/900, /*number=*/3);
  ExpectFromStart();
  Note(checkpoint_, /*brought=*/true);
  ExpectFromStart();
  checkpoint_.drained = {{kOther, 3}};
  Note(checkpoint_, /*brought=*/true);
  EXPECT_THAT(Cursors(), ElementsAre("c0", "d0"));
}

// That one raises a fence.
TEST_F(ResyncResumeTest, ANoteOfOneThatLivesHoldsNothingUp) {
  evidence_.Note(2, "a", kOther, /*since_ms=*/900, /*number=*/3);
  evidence_.Beat(2, kOther, true);
  EXPECT_THAT(Cursors(), ElementsAre("b7", "c0", "d0"));
}

// Heartbeats on the node say what had ended for its fence.
TEST_F(ResyncResumeTest, WhatBeginsNowMakesUpForWhatIsDrained) {
  evidence_.Beat(0, kOther, true, EvidenceOf::kFence, 3);
  evidence_.Beat(0, 77, true, FenceNumber{49}, 5);  // for the fence before
  evidence_.Note(2, "a", 88, /*since_ms=*/900, /*number=*/6);
  const ResyncPlan plan = Plan();
  EXPECT_EQ(plan.sources[1].checkpoint.drained, (DrainedNotes{{kOther, 3}, {88, 6}}));
  EXPECT_EQ(plan.sources[1].checkpoint.run_id, "c-run");
  EXPECT_EQ(plan.sources[1].checkpoint.fence, EvidenceOf::kFence);
  EXPECT_EQ(plan.sources[1].checkpoint.knew_before_ms, plan.words[2].knew_before_ms);
}

TEST_F(ResyncResumeTest, MakesUpForNotesThatAllSourcesDo) {
  checkpoint_.drained = {{kOther, 2}};
  Note(checkpoint_);
  evidence_.Beat(0, kOther, true, EvidenceOf::kFence, 3);
  const ResyncPlan plan = Plan();
  evidence_.At(0).heartbeats.pop_back();  // It died.
  evidence_.Note(2, "a", kOther, /*since_ms=*/900, /*number=*/3);
  EXPECT_THAT(NotesMadeUpFor(evidence_.value, plan), IsEmpty());
  evidence_.At(2).missed.back().note.number = 2;
  EXPECT_EQ(NotesMadeUpFor(evidence_.value, plan).size(), 1u);
}

TEST_F(ResyncResumeTest, AllMayBeBroughtFromTheFirstKey) {
  ResyncPlan plan = Plan();
  BringAll(plan);
  EXPECT_FALSE(HasBegunBefore(plan));
  EXPECT_EQ(plan.sources[0].keys, 10u);
  Note(checkpoint_, /*brought=*/true);
  plan = Plan();
  EXPECT_TRUE(HasBegunBefore(plan));
  BringAll(plan);
  EXPECT_FALSE(HasBegunBefore(plan));
  EXPECT_EQ(plan.sources.size(), 3u);
}

}  // namespace
}  // namespace kache
