#include "server/api/capture_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace kache {
namespace {

using std::chrono::milliseconds;

TEST(CaptureWatch, AThreadThatTakesEventsIsFree) {
  CaptureWatch watch;
  std::vector<QueueWork> queues = {{.turns = 1, .cpu = milliseconds(10)}};
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(watch.IsCaptured(queues));
    ++queues[0].turns;
    queues[0].cpu += milliseconds(50);
  }
}

TEST(CaptureWatch, AThreadThatSleepsIsFree) {
  CaptureWatch watch;
  const std::vector<QueueWork> queues = {{.turns = 1, .cpu = milliseconds(10)}};
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.IsCaptured(queues));
}

TEST(CaptureWatch, AThreadThatWorksInOneTurnIsCaptured) {
  CaptureWatch watch;
  std::vector<QueueWork> queues = {{.turns = 7, .cpu = milliseconds(10)},
                                   {.turns = 7, .cpu = milliseconds(500)}};
  EXPECT_FALSE(watch.IsCaptured(queues));
  queues[1].cpu += milliseconds(49);
  EXPECT_FALSE(watch.IsCaptured(queues));
  queues[1].cpu += milliseconds(1);
  EXPECT_TRUE(watch.IsCaptured(queues));
  EXPECT_TRUE(watch.IsCaptured(queues));
  ++queues[1].turns;
  EXPECT_FALSE(watch.IsCaptured(queues));
}

// It may have begun its turn long before the watch did.
TEST(CaptureWatch, JudgesByWhatItSaw) {
  CaptureWatch watch;
  std::vector<QueueWork> queues = {{.turns = 0, .cpu = milliseconds(400)}};
  EXPECT_TRUE(watch.IsCaptured(queues));
  queues[0] = {.turns = 3, .cpu = milliseconds(900)};
  EXPECT_FALSE(watch.IsCaptured(queues));
}

}  // namespace
}  // namespace kache
