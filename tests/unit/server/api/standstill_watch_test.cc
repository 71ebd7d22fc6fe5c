#include "server/api/standstill_watch.h"

#include <gtest/gtest.h>

#include <chrono>

namespace kache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StandstillWatchTest : public ::testing::Test {
 protected:
  // Ticks at each interval from the last tick on, until `until` after the begin.
  void TickUntil(milliseconds until) {
    while (ticked_at_ < until) {
      ticked_at_ += milliseconds(100);
      watch_.Tick(At(ticked_at_));
    }
  }
  // The thread stands still until `until` after the begin, and then ticks.
  void StandStillUntil(milliseconds until) {
    ticked_at_ = until;
    watch_.Tick(At(ticked_at_));
  }
  MonotonicTime::duration UnreadFor(milliseconds at) const { return watch_.UnreadFor(At(at)); }

  static MonotonicTime At(milliseconds after_begin) {
    return MonotonicTime() + std::chrono::hours(1) + after_begin;
  }

  milliseconds ticked_at_{0};
  StandstillWatch watch_{At(milliseconds(0))};
};

TEST_F(StandstillWatchTest, AThreadThatRunsLeavesNothingUnread) {
  EXPECT_EQ(UnreadFor(milliseconds(50)), milliseconds(0));
  TickUntil(milliseconds(5000));
  EXPECT_EQ(UnreadFor(milliseconds(5000)), milliseconds(0));
  EXPECT_EQ(UnreadFor(milliseconds(5199)), milliseconds(0));
}

TEST_F(StandstillWatchTest, ATickThatIsALittleLateIsNoStandstill) {
  TickUntil(milliseconds(1000));
  StandStillUntil(milliseconds(1199));
  EXPECT_EQ(UnreadFor(milliseconds(1199)), milliseconds(0));
}

TEST_F(StandstillWatchTest, ACallThatIsReadBeforeTheLateTick) {
  TickUntil(milliseconds(1000));
  EXPECT_EQ(UnreadFor(milliseconds(13000)), seconds(12));
  StandStillUntil(milliseconds(13000));
  EXPECT_EQ(UnreadFor(milliseconds(13000)), seconds(12));
}

TEST_F(StandstillWatchTest, ACallThatIsReadAfterTheLateTickMayBeAsOld) {
  TickUntil(milliseconds(1000));
  StandStillUntil(milliseconds(13000));
  TickUntil(milliseconds(13400));
  EXPECT_EQ(UnreadFor(milliseconds(13400)), milliseconds(12400));
  EXPECT_EQ(UnreadFor(milliseconds(13499)), milliseconds(12499));
}

TEST_F(StandstillWatchTest, AllIsReadUpHalfASecondLater) {
  TickUntil(milliseconds(1000));
  StandStillUntil(milliseconds(13000));
  TickUntil(milliseconds(13500));
  EXPECT_EQ(UnreadFor(milliseconds(13500)), milliseconds(0));
  TickUntil(milliseconds(20000));
  EXPECT_EQ(UnreadFor(milliseconds(20000)), milliseconds(0));
}

// On a machine where each tick is late no call is taken for older than one standstill makes it.
TEST_F(StandstillWatchTest, StandstillsOneAfterTheOtherDoNotAddUp) {
  TickUntil(milliseconds(1000));
  for (int at = 1250; at <= 60'000; at += 250) StandStillUntil(milliseconds(at));
  EXPECT_EQ(UnreadFor(ticked_at_), milliseconds(250));
}

}  // namespace
}  // namespace kache
