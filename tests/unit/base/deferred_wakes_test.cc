#include "base/deferred_wakes.h"

#include <gtest/gtest.h>

#include <thread>

namespace kache {
namespace {

void CountUp(void* target) { ++*static_cast<int*>(target); }

TEST(DeferredWakes, WakeAtOnceWithoutAnObject) {
  int wakes = 0;
  DeferredWakes::Wake(CountUp, &wakes);
  EXPECT_EQ(wakes, 1);
}

TEST(DeferredWakes, WaitForFlush) {
  int wakes = 0;
  DeferredWakes deferred;
  DeferredWakes::Wake(CountUp, &wakes);
  EXPECT_EQ(wakes, 0);
  deferred.Flush();
  EXPECT_EQ(wakes, 1);
  deferred.Flush();
  EXPECT_EQ(wakes, 1);
}

TEST(DeferredWakes, AreMadeUpForInTheEnd) {
  int wakes = 0;
  {
    const DeferredWakes deferred;
    DeferredWakes::Wake(CountUp, &wakes);
  }
  EXPECT_EQ(wakes, 1);
  DeferredWakes::Wake(CountUp, &wakes);
  EXPECT_EQ(wakes, 2);
}

TEST(DeferredWakes, ConcernTheirOwnThreadOnly) {
  int wakes = 0;
  const DeferredWakes deferred;
  std::thread([&] { DeferredWakes::Wake(CountUp, &wakes); }).join();
  EXPECT_EQ(wakes, 1);
}

}  // namespace
}  // namespace kache
