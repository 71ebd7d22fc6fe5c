#include "server/recovery/heartbeat_watch.h"

#include <gtest/gtest.h>

#include <chrono>

namespace kache {
namespace {

constexpr uint64_t kCoordinator = 0xC0;
constexpr absl::Duration kInterval = absl::Seconds(3);

class HeartbeatWatchTest : public ::testing::Test {
 protected:
  // Whether the coordinator lives, by what an inspection finds now.
  bool Lives(int64_t at_ms) {
    Inspection inspection;
    inspection.run_id = run_id_;
    inspection.now_ms = node_now_ms_;
    inspection.heartbeats.push_back(
        {.coordinator = kCoordinator, .at_ms = at_ms, .interval = kInterval});
    watch_.OnInspection(inspection, now_);
    return inspection.heartbeats[0].lives;
  }
  void Pass(int seconds) {
    now_ += std::chrono::seconds(seconds);
    node_now_ms_ += 1000 * seconds;
  }

  HeartbeatWatch watch_;
  MonotonicTime now_{std::chrono::seconds(100)};
  int64_t node_now_ms_ = 1'000'000;
  std::string run_id_ = "run";
};

TEST_F(HeartbeatWatchTest, WhoRenewsItLives) {
  for (int i = 0; i < 20; ++i, Pass(3)) EXPECT_TRUE(Lives(node_now_ms_));
}

TEST_F(HeartbeatWatchTest, WhoLeavesSeveralOutIsGone) {
  EXPECT_TRUE(Lives(1'000'000));
  Pass(10);
  EXPECT_TRUE(Lives(1'000'000));
  Pass(1);
  EXPECT_FALSE(Lives(1'000'000));
  EXPECT_TRUE(Lives(node_now_ms_));  // and may come back
}

TEST_F(HeartbeatWatchTest, AnOldOneAtFirstSightNeedsItsIntervalToProveIt) {
  EXPECT_TRUE(Lives(node_now_ms_ - 60'000));
  Pass(4);
  EXPECT_TRUE(Lives(node_now_ms_ - 64'000));
  Pass(1);
  EXPECT_FALSE(Lives(node_now_ms_ - 65'000));
}

TEST_F(HeartbeatWatchTest, ANodesClockThatIsSetBackKeepsNobodyAlive) {
  EXPECT_TRUE(Lives(1'000'000));
  node_now_ms_ -= 3'600'000;
  Pass(11);
  EXPECT_FALSE(Lives(1'000'000));
}

TEST_F(HeartbeatWatchTest, ANodesClockThatIsSetForwardEndsNobody) {
  EXPECT_TRUE(Lives(1'000'000));
  node_now_ms_ += 3'600'000;
  Pass(3);
  EXPECT_TRUE(Lives(1'000'000));
}

TEST_F(HeartbeatWatchTest, ANewProcessOfTheNodeShowsThemAtFirstSightAgain) {
  EXPECT_TRUE(Lives(1'000'000));
  Pass(11);
  run_id_ = "loaded from a disk";
  EXPECT_TRUE(Lives(1'000'000));
  Pass(5);
  EXPECT_FALSE(Lives(1'000'000));
}

}  // namespace
}  // namespace kache
