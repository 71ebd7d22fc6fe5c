#include "server/recovery/inspections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/ring_id.h"
#include "tests/testing/inspection_reply.h"
#include "tests/testing/recovery_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using testing::InspectionReply;

class InspectionsTest : public testing::RecoveryFixture {
 protected:
  void Tick() {
    Refresh();
    inspections_.Tick();
  }
  size_t Sent(size_t index) { return node(index).sent().size(); }
  InspectionReply Found(size_t index, uint64_t fence = 7) {
    InspectionReply reply{.run_id = RunId(index), .now_ms = absl::ToUnixMillis(clock_.Now())};
    reply.marker = WholeMarker(context().fingerprint, RunId(index), ring_->names()[index]) +
                   std::to_string(fence) + " 1000 0 arcs";
    return reply;
  }
  void AnswerAll() {
    for (size_t i = 0; i < kNodes; ++i) {
      while (node(i).waiting() > 0) node(i).Answer(Found(i).ToReply());
    }
  }
  // All have been inspected.
  void Settle() {
    Tick();
    AnswerAll();
    inspected_.clear();
  }
  NodeEvidence EvidenceOf(size_t index) {
    NodeEvidence evidence;
    inspections_.Describe(Id(index), evidence);
    return evidence;
  }

  std::vector<size_t> inspected_;  // as it was told
  Inspections inspections_{context(),
                           [this](NodeId) {
                             InspectionOrder order;
                             order.coordinator = kSelf;
                             order.heartbeat.interval = context().config.check_interval;
                             return order;
                           },
                           [this](NodeId node) { inspected_.push_back(node.index()); }};
};

TEST_F(InspectionsTest, EveryNodeIsInspectedAtOnceAndThenEachInterval) {
  Tick();
  for (size_t i = 0; i < kNodes; ++i) EXPECT_EQ(LastSent(i).script, &InspectScript());
  AnswerAll();
  EXPECT_THAT(inspected_, ElementsAre(0, 1, 2));
  clock_.Advance(context().config.check_interval - absl::Milliseconds(1));
  Tick();
  EXPECT_EQ(Sent(0), 1u);
  clock_.Advance(absl::Milliseconds(1));
  Tick();
  EXPECT_EQ(Sent(0), 2u);
}

TEST_F(InspectionsTest, OneAtATimeIsUnderWayOnANode) {
  Tick();
  inspections_.Hurry(Id(0));
  clock_.Advance(absl::Seconds(10));
  Tick();
  EXPECT_EQ(Sent(0), 1u);
  AnswerAll();
  Tick();  // What was asked for meanwhile comes now.
  EXPECT_EQ(Sent(0), 2u);
}

TEST_F(InspectionsTest, AHurriedOneComesAtOnceAndAlone) {
  Settle();
  inspections_.Hurry(Id(1));
  Tick();
  EXPECT_EQ(Sent(0), 1u);
  EXPECT_EQ(Sent(1), 2u);
}

TEST_F(InspectionsTest, AllComeOftenWhileANodeThatCanBeAskedIsNotUp) {
  Settle();
  Disconnect(2);
  clock_.Advance(Inspections::kHurriedInterval);
  Tick();
  EXPECT_EQ(Sent(0), 2u);
  EXPECT_EQ(Sent(1), 2u);
  EXPECT_EQ(Sent(2), 2u);
}

TEST_F(InspectionsTest, ANodeThatCantBeReachedCostsTheOthersNothing) {
  Settle();
  Disconnect(2);
  node(2).set_ready(false);
  clock_.Advance(Inspections::kHurriedInterval);
  Tick();
  EXPECT_EQ(Sent(0), 1u);
  EXPECT_EQ(Sent(1), 1u);
  EXPECT_EQ(Sent(2), 1u);  // which can't be asked
}

TEST_F(InspectionsTest, AllCanBeHurried) {
  Settle();
  inspections_.HurryAll();
  Tick();
  for (size_t i = 0; i < kNodes; ++i) EXPECT_EQ(Sent(i), 2u);
}

TEST_F(InspectionsTest, AFailedOneIsToldOfAndCounted) {
  Tick();
  node(0).Fail(absl::UnavailableError("the connection was lost"));
  node(1).Answer(redis::Reply::Error("LOADING Redis is loading the dataset in memory"));
  node(2).Answer(redis::Reply::Nil());
  EXPECT_THAT(inspected_, ElementsAre(0, 1, 2));
  for (size_t i = 0; i < kNodes; ++i) {
    EXPECT_TRUE(inspections_.attempted(Id(i)));
    EXPECT_EQ(inspections_.of(Id(i)), nullptr);
  }
  EXPECT_EQ(Metric("kache_recovery_looks_failed_total"), 3);
}

TEST_F(InspectionsTest, AFailedOneLeavesTheNewest) {
  Settle();
  const auto before = inspections_.of(Id(0));
  ASSERT_NE(before, nullptr);
  inspections_.Hurry(Id(0));
  Tick();
  node(0).Answer(redis::Reply::Error("BUSY Redis is busy running a script."));
  EXPECT_EQ(inspections_.of(Id(0)), before);
}

TEST_F(InspectionsTest, WhatANodeAnswersThatCountsNoMoreIsNotTaken) {
  Tick();
  node(0).set_ready(false);
  node(0).Answer(0, Found(0).ToReply());
  EXPECT_EQ(inspections_.of(Id(0)), nullptr);
}

TEST_F(InspectionsTest, ALostNodeHasNone) {
  Settle();
  inspections_.Lose(Id(0));
  EXPECT_EQ(inspections_.of(Id(0)), nullptr);
  EXPECT_TRUE(inspections_.attempted(Id(0)));
  EXPECT_FALSE(inspections_.IsCurrent(Id(0)));
}

// What was asked before the connection was made proves nothing for it.
TEST_F(InspectionsTest, IsCurrentOnlyIfItIsNewerThanEveryConnection) {
  Tick();
  Disconnect(0);
  Connect(0);
  AnswerAll();
  Refresh();
  EXPECT_FALSE(inspections_.IsCurrent(Id(0)));
  EXPECT_TRUE(inspections_.IsCurrent(Id(1)));
  inspections_.Hurry(Id(0));
  Tick();
  AnswerAll();
  EXPECT_TRUE(inspections_.IsCurrent(Id(0)));
}

TEST_F(InspectionsTest, WhatIsAskedWithoutTheDataPathProvesNothingForIt) {
  Disconnect(0);
  Tick();
  AnswerAll();
  EXPECT_EQ(inspections_.connection_changes(Id(0)), UINT64_MAX);
  Connect(0);
  Refresh();
  EXPECT_FALSE(inspections_.IsCurrent(Id(0)));
}

TEST_F(InspectionsTest, CountsHowOftenThereWasNoMarker) {
  InspectionReply without = Found(0);
  without.marker.clear();
  for (uint32_t i = 1; i <= 3; ++i) {
    inspections_.Hurry(Id(0));
    Tick();
    node(0).Answer(without.ToReply());
    EXPECT_EQ(EvidenceOf(0).without_marker, i);
  }
  inspections_.Hurry(Id(0));
  Tick();
  node(0).Answer(Found(0).ToReply());
  EXPECT_EQ(EvidenceOf(0).without_marker, 0u);
}

TEST_F(InspectionsTest, TellsSinceWhenTheMarkerStandsAsItIs) {
  Settle();
  const MonotonicTime first = EvidenceOf(0).marker_seen_at;
  clock_.Advance(absl::Seconds(5));
  inspections_.Hurry(Id(0));
  Tick();
  clock_.Advance(absl::Seconds(1));
  node(0).Answer(Found(0).ToReply());
  EXPECT_EQ(EvidenceOf(0).marker_seen_at, first);
  EXPECT_TRUE(inspections_.IsAfterMarkerOf(Id(0), Id(1)));
  inspections_.Hurry(Id(0));
  Tick();
  node(0).Answer(Found(0, /*fence=*/8).ToReply());
  EXPECT_EQ(EvidenceOf(0).marker_seen_at, clock_.Monotonic());
  // What was seen of the other node is older than that.
  EXPECT_FALSE(inspections_.IsAfterMarkerOf(Id(1), Id(0)));
}

// An inspection tells of the instant at which it was sent.
TEST_F(InspectionsTest, IsAsOldAsItsQuestion) {
  Tick();
  const MonotonicTime sent = clock_.Monotonic();
  clock_.Advance(absl::Seconds(1));
  AnswerAll();
  EXPECT_EQ(EvidenceOf(0).inspected_at, sent);
}

TEST_F(InspectionsTest, SaysSinceWhenTheNodeIsSeenWithoutABreak) {
  Settle();
  const absl::Time first = inspections_.seen_at(Id(0));
  clock_.Advance(absl::Seconds(5));
  Settle();
  EXPECT_EQ(inspections_.seen_at(Id(0)), first);
  inspections_.Lose(Id(0));
  clock_.Advance(absl::Seconds(5));
  Settle();
  EXPECT_GT(inspections_.seen_at(Id(0)), first + absl::Seconds(9));
}

// Its clock ended lives that are not over.
TEST_F(InspectionsTest, ANodeWhoseClockRanFarAheadMayLackAnything) {
  Settle();
  const uint64_t missed = Status(0).missed;
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(absl::Seconds(5));
    Tick();
    InspectionReply ahead = Found(0);
    ahead.now_ms += 60'000;
    node(0).Answer(ahead.ToReply());
    AnswerAll();
  }
  EXPECT_TRUE(cluster_clock_.node_clock(Id(0)).skewed);
  EXPECT_EQ(Status(0).missed, missed + 1);  // noted once
}

TEST_F(InspectionsTest, ANodeWhoseClockIsFarBehindLacksNothing) {
  Settle();
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(absl::Seconds(5));
    Tick();
    InspectionReply behind = Found(0);
    behind.now_ms -= 60'000;
    node(0).Answer(behind.ToReply());
    AnswerAll();
  }
  EXPECT_TRUE(cluster_clock_.node_clock(Id(0)).skewed);
  EXPECT_EQ(Status(0).missed, 0u);
}

TEST_F(InspectionsTest, TheRoundTripIsAPing) {
  Tick();
  clock_.Advance(absl::Milliseconds(30));
  AnswerAll();
  EXPECT_EQ(monitor_.pings()[0].round_trip, absl::Milliseconds(30));
}

}  // namespace
}  // namespace kache
