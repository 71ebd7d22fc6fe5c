// What becomes of a hint that is lost: the fence for its miss says so.
#include <gtest/gtest.h>

#include "tests/unit/server/recovery/fences_fixture.h"

namespace kache {
namespace {

// Nobody else knows of it, and by the time that the fence is raised nobody need.
TEST_F(FencesTest, AHintThatWasLostIsSaidByTheFenceForItsMiss) {
  monitor_.OnWriteMissed(Id(0));
  Act(0, {.fence_missed = true});
  monitor_.OnHintLost(Id(0));  // while it drains: its topology may come later
  EXPECT_TRUE(fences_.HasUnfencedHintLoss());
  Drained();
  EXPECT_EQ(ArgumentsOf(0, FenceScript()).back(), "lost");
  EXPECT_TRUE(Described(0).missed_unfenced);
  fences_.NoteHintsLost(Id(0), Status(0).hints_lost);
  AnswerLast(0, FenceScript(), redis::Reply::String(MarkerText(0, false, 8)));
  EXPECT_FALSE(inspections_.IsMemoryUntrusted(Id(0)));
  EXPECT_FALSE(fences_.HasUnfencedHintLoss());
}

TEST_F(FencesTest, AHintThatIsLostBesideAFenceNeedsAnotherOne) {
  monitor_.OnHintLost(Id(0));
  Act(0, {.fence_missed = true});
  Drained();
  monitor_.OnHintLost(Id(0));
  fences_.NoteHintsLost(Id(0), Status(0).hints_lost);
  AnswerLast(0, FenceScript(), redis::Reply::String(MarkerText(0, false, 8)));
  EXPECT_TRUE(inspections_.IsMemoryUntrusted(Id(0)));
  EXPECT_TRUE(fences_.HasUnfencedHintLoss());
}

// Another coordinator raised the fence, and would go by hints.
TEST_F(FencesTest, WhileALostHintIsUnfencedItHasNotDrained) {
  InspectOne(0, Found(0, /*whole=*/false, 8));
  Act(0, {.drain = FenceNumber{8}});
  monitor_.OnHintLost(Id(0));
  Drained();
  EXPECT_EQ(Described(0).drained, FenceNumber{});
  EXPECT_FALSE(Described(0).draining);
}

}  // namespace
}  // namespace kache
