// How fences are raised and drained for, and what is kept about them, over fake nodes.
#include "server/recovery/fences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/ring_id.h"
#include "server/replication/hint_scripts.h"
#include "tests/testing/captured_log.h"
#include "tests/testing/inspection_reply.h"
#include "tests/testing/recovery_fixture.h"
#include "tests/unit/server/recovery/fences_fixture.h"

namespace kache {
namespace {

using testing::FakeNodeClient;
using testing::InspectionReply;
using ::testing::IsEmpty;

constexpr char kGone[] = "00000000000000dd";  // a coordinator
constexpr FenceOrder kOrder{"if_wrong", 900};

TEST_F(FencesTest, RaisesTheFenceThatIsOrdered) {
  Act(0, {.fence = kOrder});
  EXPECT_TRUE(Described(0).fencing);
  EXPECT_EQ(ArgumentsOf(0, FenceScript()),
            (std::vector<std::string>{RingText(ring_now_.id()), "a", context().DescribeRing(),
                                      "if_wrong", "900", "7", "kept"}));
  AnswerLast(0, FenceScript(), redis::Reply::String(MarkerText(0, false, 8)));
  EXPECT_FALSE(Described(0).fencing);
  EXPECT_EQ(Metric("kache_recovery_fences_total{node=\"a\"}"), 1);
  EXPECT_EQ(fences_.doubts(Id(0)).highest_fence(), FenceNumber{8});
}

// Another coordinator was faster.
TEST_F(FencesTest, AFenceThatStoodBeforeIsNotCounted) {
  InspectOne(0, Found(0, /*whole=*/false, 8));
  Act(0, {.fence = kOrder});
  AnswerLast(0, FenceScript(), redis::Reply::String(MarkerText(0, false, 8)));
  EXPECT_EQ(Metric("kache_recovery_fences_total{node=\"a\"}"), 0);
}

TEST_F(FencesTest, AFenceThatCouldNotBeRaisedIsTriedAgainLater) {
  for (const absl::StatusOr<redis::Reply>& reply :
       {absl::StatusOr<redis::Reply>(absl::UnavailableError("the connection was lost")),
        absl::StatusOr<redis::Reply>(redis::Reply::Nil()),
        absl::StatusOr<redis::Reply>(redis::Reply::String("no marker"))}) {
    const size_t before = Calls(0, FenceScript());
    Act(0, {.fence = kOrder});
    AnswerLast(0, FenceScript(), reply);
    Act(0, {.fence = kOrder});
    EXPECT_EQ(Calls(0, FenceScript()), before + 1);
    clock_.Advance(RecoveryContext::kRetry);
    Act(0, {.fence = kOrder});
    EXPECT_EQ(Calls(0, FenceScript()), before + 2);
    AnswerLast(0, FenceScript(), redis::Reply::String(MarkerText(0, false, 8)));
  }
}

TEST_F(FencesTest, ANodeThatRefusesAFenceIsLeftAlone) {
  Act(0, {.fence = kOrder});
  AnswerLast(0, FenceScript(), redis::Reply::Error("OOM command not allowed"));
  EXPECT_TRUE(Status(0).refuses_writes);
  EXPECT_EQ(log_.Count("a fence could not be raised node=a"), 1u);
}

// First all further misses count anew, and what was begun before has ended.
TEST_F(FencesTest, DrainsBeforeItFencesForMissesOfItsOwn) {
  monitor_.OnWriteMissed(Id(1));
  EXPECT_TRUE(Described(1).missed_unfenced);
  Act(1, {.fence_missed = true});
  EXPECT_EQ(Calls(1, FenceScript()), 0u);
  EXPECT_TRUE(Described(1).fencing);
  Drained();
  EXPECT_EQ(ArgumentsOf(1, FenceScript()).at(3), "always");
  AnswerLast(1, FenceScript(), redis::Reply::String(MarkerText(1, false, 8)));
  EXPECT_FALSE(Described(1).missed_unfenced);
  // One that comes later is for another fence.
  monitor_.OnWriteMissed(Id(1));
  EXPECT_TRUE(Described(1).missed_unfenced);
}

TEST_F(FencesTest, AMissWhileItDrainsIsForAnotherFence) {
  monitor_.OnWriteMissed(Id(1));
  Act(1, {.fence_missed = true});
  monitor_.OnWriteMissed(Id(1));
  Drained();
  AnswerLast(1, FenceScript(), redis::Reply::String(MarkerText(1, false, 8)));
  EXPECT_TRUE(Described(1).missed_unfenced);
}

TEST_F(FencesTest, FencesNoNodeThatWasLostWhileItDrained) {
  monitor_.OnWriteMissed(Id(1));
  Act(1, {.fence_missed = true});
  fences_.OnDown(Id(1));
  Drained();
  EXPECT_EQ(Calls(1, FenceScript()), 0u);
  EXPECT_FALSE(Described(1).fencing);
  EXPECT_TRUE(Described(1).missed_unfenced);
}

TEST_F(FencesTest, TellsTheFenceThatItHasDrainedForOfThatProcessOnly) {
  monitor_.OnWriteMissed(Id(0));
  InspectOne(0, Found(0, /*whole=*/false, 8));
  Act(0, {.drain = FenceNumber{8}});
  EXPECT_TRUE(Described(0).draining);
  EXPECT_EQ(Described(0).drained, FenceNumber{});
  Drained();
  EXPECT_FALSE(Described(0).draining);
  EXPECT_EQ(Described(0).drained, FenceNumber{8});
  EXPECT_FALSE(Described(0).missed_unfenced) << "the refill of a lost memory brings it";
  InspectionReply next = Found(0, /*whole=*/false, 8);
  next.run_id = "another process";
  InspectOne(0, next);
  EXPECT_EQ(Described(0).drained, FenceNumber{});
}

TEST_F(FencesTest, HasNotDrainedWhereTheConnectionWasLostMeanwhile) {
  InspectOne(0, Found(0, /*whole=*/false, 8));
  Act(0, {.drain = FenceNumber{8}});
  fences_.OnDown(Id(0));
  Drained();
  EXPECT_EQ(Described(0).drained, FenceNumber{});
}

TEST_F(FencesTest, WritesAFirstMarkerOnceForAnInspection) {
  Act(0, {.init = true});
  Act(0, {.init = true});
  EXPECT_EQ(Calls(0, InitScript()), 1u);
  AnswerLast(0, InitScript(), absl::UnavailableError("the connection was lost"));
  InspectOne(0, Found(0));
  Act(0, {.init = true});
  EXPECT_EQ(Calls(0, InitScript()), 2u);
}

TEST_F(FencesTest, ProbesWhetherANodeTakesWritesAgain) {
  monitor_.OnWriteRefused(Id(0), "OOM command not allowed");
  Act(0, {.probe_write = true});
  EXPECT_EQ(LastSent(0).arguments.at(1), context().keys.Probe());
  node(0).Answer(node(0).sent().size() - 1, redis::Reply::Error("OOM command not allowed"));
  EXPECT_TRUE(Status(0).refuses_writes);
  Act(0, {.probe_write = true});
  node(0).Answer(node(0).sent().size() - 1, redis::Reply::Status("OK"));
  EXPECT_FALSE(Status(0).refuses_writes);
}

TEST_F(FencesTest, ForgetsItsNotesOnceTheirFenceWasLifted) {
  monitor_.OnWriteMissed(Id(1));
  Act(1, {.fence_missed = true});
  Drained();
  AnswerLast(1, FenceScript(), redis::Reply::String(MarkerText(1, false, 8)));
  InspectOne(1, Found(1, /*whole=*/false, 8));
  for (size_t i = 0; i < kNodes; ++i) EXPECT_EQ(Calls(i, ForgetScript()), 0u);
  InspectOne(1, Found(1, /*whole=*/true, 8));
  for (size_t i = 0; i < kNodes; ++i) {
    EXPECT_EQ(ArgumentsOf(i, ForgetScript()),
              (std::vector<std::string>{"b 00000000000000c0", "1"}));
  }
  EXPECT_EQ(Described(1).missed_resolved, 1u);
}

TEST_F(FencesTest, AssertsAnOpenDoubtWhereItIsNotKnown) {
  monitor_.OnWriteMissed(Id(1));
  fences_.UpdateNode(MakeEvidence(), Id(0));
  ASSERT_EQ(node(0).notes().size(), 1u);
  EXPECT_EQ(node(0).notes()[0].script, &OpenHints());
  EXPECT_EQ(node(0).notes()[0].arguments.at(6), "b 00000000000000c0");
  InspectionReply knows = Found(0);
  knows.missed = {"b 00000000000000c0", "1 900"};
  InspectOne(0, knows);
  fences_.UpdateNode(MakeEvidence(), Id(0));
  EXPECT_EQ(node(0).notes().size(), 1u);
  fences_.UpdateNode(MakeEvidence(), Id(1));  // not on the node itself
  EXPECT_THAT(node(1).notes(), IsEmpty());
}

// A busy node takes what the data path sent it later than it answers an inspection.
TEST_F(FencesTest, ANoteThatDoesNotStandYetIsLookedForBehindTheDataPaths) {
  fences_.UpdateNode(MakeEvidence(), Id(0));
  clock_.Advance(absl::Seconds(1));
  monitor_.OnWriteMissed(Id(1));
  InspectOne(0, Found(0));
  fences_.UpdateNode(MakeEvidence(), Id(0));
  EXPECT_THAT(restored_, IsEmpty());
  for (size_t looked = 1; looked <= 2; ++looked) {
    clock_.Advance(absl::Seconds(3));
    InspectOne(0, Found(0));
    fences_.UpdateNode(MakeEvidence(), Id(0));
    ASSERT_EQ(restored_.size(), looked);
    EXPECT_EQ(restored_.back(), std::pair(Id(1), Id(0)));
  }
  EXPECT_THAT(node(0).notes(), IsEmpty());
}

TEST_F(FencesTest, ANoteThatStoodAndIsGoneIsAnOverflow) {
  fences_.UpdateNode(MakeEvidence(), Id(0));
  clock_.Advance(absl::Seconds(1));
  monitor_.OnWriteMissed(Id(1));
  InspectionReply knows = Found(0);
  knows.missed = {"b 00000000000000c0", "1 900"};
  InspectOne(0, knows);
  fences_.UpdateNode(MakeEvidence(), Id(0));
  clock_.Advance(absl::Seconds(1));
  InspectOne(0, Found(0));
  fences_.UpdateNode(MakeEvidence(), Id(0));
  ASSERT_EQ(node(0).notes().size(), 1u);
  EXPECT_EQ(node(0).notes()[0].script, &ReassertNote());
  EXPECT_THAT(restored_, IsEmpty());
}

// Nobody left hints of what another process took under the node's name.
TEST_F(FencesTest, ADoubtAboutTheMemoryIsAnOverflow) {
  monitor_.OnWriteMissed(Id(1));
  inspections_.DistrustMemory(Id(1));
  fences_.UpdateNode(MakeEvidence(), Id(0));
  ASSERT_EQ(node(0).notes().size(), 1u);
  EXPECT_EQ(node(0).notes()[0].script, &ReassertNote());
  Act(1, {.fence_missed = true});
  Drained();
  EXPECT_EQ(ArgumentsOf(1, FenceScript()).back(), "lost");
  AnswerLast(1, FenceScript(), redis::Reply::String(MarkerText(1, false, 8)));
  EXPECT_FALSE(inspections_.IsMemoryUntrusted(Id(1)));
}

TEST_F(FencesTest, WhereACoordinatorIsBuriedHintsAboutNodesInDoubtAreMissing) {
  InspectOne(1, Found(1, /*whole=*/false));
  InspectOne(2, Found(2));
  InspectionReply found = Found(0);
  found.heartbeats = {kGone, "1 1000 3000 0 " + RingText(ring_now_.id()) + " -"};
  InspectOne(0, found);
  clock_.Advance(absl::Seconds(20));
  InspectOne(0, found);
  const size_t before = node(0).sent().size();
  fences_.UpdateNode(MakeEvidence(), Id(0));
  ASSERT_GT(node(0).sent().size(), before);
  EXPECT_EQ(node(0).sent()[before].script, &MarkOverflow());  // ahead of the rest
  EXPECT_EQ(node(0).sent()[before].arguments.at(3), context().keys.Hints("b"));
  EXPECT_EQ(Calls(0, MarkOverflow()), 1u);
}

TEST_F(FencesTest, WritesNothingOnANodeWhoseMarkerIsNotRight) {
  monitor_.OnWriteMissed(Id(1));
  InspectionReply foreign = Found(0);
  foreign.marker = "kache1 whole 00000000000000ff " + RunId(0) + " a 7 1000 0 arcs";
  foreign.members = {};
  foreign.heartbeats = {kGone, "1 1000 3000 0 00000000000000ff -"};
  InspectOne(0, foreign);
  const size_t before = node(0).sent().size();
  fences_.UpdateNode(MakeEvidence(), Id(0));
  EXPECT_THAT(node(0).notes(), IsEmpty());
  EXPECT_EQ(node(0).sent().size(), before);
}

TEST_F(FencesTest, TellsANodeWhoHasBeenWhole) {
  InspectionReply knows_less = Found(0);
  knows_less.members = {"a"};
  InspectOne(0, knows_less);
  InspectOne(2, Found(2, /*whole=*/false));
  fences_.UpdateNode(MakeEvidence(), Id(0));
  ASSERT_EQ(node(0).notes().size(), 1u);
  EXPECT_EQ(node(0).notes()[0].arguments,
            (std::vector<std::string>{"HSET", context().keys.Members(), "b", "1"}));
}

// Buried.

TEST_F(FencesTest, FindsACoordinatorGoneOnceAndForgetsItOnEachNode) {
  InspectionReply found = Found(0);
  found.heartbeats = {kGone, "1 1000 3000 0 " + RingText(ring_now_.id()) + " -"};
  InspectionReply other = Found(1);
  other.heartbeats = found.heartbeats;
  InspectOne(0, found);
  InspectOne(1, other);
  clock_.Advance(absl::Seconds(20));
  InspectOne(0, found);
  InspectOne(1, other);
  fences_.UpdateNode(MakeEvidence(), Id(0));
  EXPECT_EQ(Calls(0, ForgetScript()), 2u);  // in both forms
  EXPECT_EQ(ArgumentsOf(0, ForgetScript()), (std::vector<std::string>{kGone, ""}));
  EXPECT_EQ(demands_, 1);
  fences_.UpdateNode(MakeEvidence(), Id(0));
  EXPECT_EQ(demands_, 1);
  EXPECT_EQ(Metric("kache_recovery_coordinators_vanished_total"), 1);
  EXPECT_EQ(log_.Count("a server is gone without a goodbye"), 1u);
}

TEST_F(FencesTest, ACoordinatorThatLivesByAnotherNodesWordIsNotGone) {
  InspectionReply old = Found(0);
  old.heartbeats = {kGone, "1 1000 3000 0 " + RingText(ring_now_.id()) + " -"};
  InspectOne(0, old);
  clock_.Advance(absl::Seconds(20));
  InspectOne(0, old);
  InspectionReply fresh = Found(1);
  fresh.heartbeats = {
      kGone, "1 " + std::to_string(fresh.now_ms) + " 3000 0 " + RingText(ring_now_.id()) + " -"};
  InspectOne(1, fresh);
  fences_.UpdateNode(MakeEvidence(), Id(0));
  EXPECT_EQ(Calls(0, ForgetScript()), 0u);
  EXPECT_EQ(demands_, 0);
}

// Declared lost.

TEST_F(FencesTest, ANodeIsDeclaredLostOnAllOthersThatCanBeTold) {
  node(2).set_ready(false);
  Refresh();
  std::optional<absl::Status> told;
  fences_.DeclareLost(Id(0), [&](absl::Status status) { told = std::move(status); });
  EXPECT_THAT(node(0).notes(), IsEmpty());
  ASSERT_EQ(node(1).notes().size(), 1u);
  EXPECT_EQ(node(1).notes()[0].arguments.at(1), context().keys.Lost());
  EXPECT_EQ(node(1).notes()[0].arguments.at(2), "a");
  EXPECT_THAT(node(2).notes(), IsEmpty());
}

TEST_F(FencesTest, ANodeCannotBeDeclaredLostToNobody) {
  for (size_t i = 0; i < kNodes; ++i) node(i).set_ready(false);
  std::optional<absl::Status> told;
  fences_.DeclareLost(Id(0), [&](absl::Status status) { told = std::move(status); });
  ASSERT_TRUE(told);
  EXPECT_TRUE(absl::IsUnavailable(*told)) << *told;
  EXPECT_EQ(Metric("kache_recovery_nodes_forsaken_total"), 0);
  EXPECT_EQ(log_.Count("an operator gave the node up"), 0u);
}

// It had been declared lost while this node was away.
TEST_F(FencesTest, ForgetsThatANodeWasLostOnceItIsWholeAgain) {
  InspectionReply remembers = Found(0);
  remembers.lost = {"b", "1000"};  // Its marker says "whole" since then.
  InspectOne(0, remembers);
  EXPECT_EQ(ArgumentsOf(0, ForgetScript()), (std::vector<std::string>{"b", "1000"}));
}

TEST_F(FencesTest, RemembersANodeThatWasLostAfterItWasWhole) {
  InspectionReply remembers = Found(0);
  remembers.lost = {"b", "1001"};
  InspectOne(0, remembers);
  EXPECT_EQ(Calls(0, ForgetScript()), 0u);
}

}  // namespace
}  // namespace kache
