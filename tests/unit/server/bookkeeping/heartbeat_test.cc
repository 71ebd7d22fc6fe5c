#include "server/bookkeeping/heartbeat.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr char kId[] = "00000000000000c0";
constexpr char kRunId[] = "0123456789abcdef0123456789abcdef01234567";

TEST(Heartbeat, IsReadAsItWasWritten) {
  const HeartbeatNews news{absl::Seconds(3), FenceNumber{12}, 0xAB, {kRunId, "", kRunId}};
  const auto heartbeat = ParseHeartbeat(kId, "1 99000 " + HeartbeatText(news));
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->coordinator, 0xC0u);
  EXPECT_EQ(heartbeat->at_ms, 99000);
  EXPECT_EQ(heartbeat->interval, absl::Seconds(3));
  EXPECT_EQ(heartbeat->drained, FenceNumber{12});
  EXPECT_EQ(heartbeat->ring, 0xABu);
  EXPECT_EQ(heartbeat->reached, (std::vector<std::string>{"01234567", "", "01234567"}));
}

TEST(Heartbeat, MaySayMoreInALaterRelease) {
  const auto heartbeat = ParseHeartbeat(kId, "1 99000 3000 0 00000000000000ab -,x later words");
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->reached, (std::vector<std::string>{"", "x"}));
  EXPECT_TRUE(ParseOldHeartbeat(kId, "99000 3000 7 later").has_value());
}

TEST(Heartbeat, OfTheReleaseBeforeSaysLess) {
  const auto heartbeat = ParseOldHeartbeat(kId, "99000 3000 7");
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->drained, FenceNumber{7});
  EXPECT_EQ(heartbeat->ring, 0u);
  EXPECT_TRUE(heartbeat->reached.empty());
}

TEST(Heartbeat, IsNothingElse) {
  EXPECT_FALSE(ParseHeartbeat("no id", "1 99000 3000 0 00000000000000ab -").has_value());
  EXPECT_FALSE(ParseHeartbeat(kId, "2 99000 3000 0 00000000000000ab -").has_value());
  EXPECT_FALSE(ParseHeartbeat(kId, "1 99000 3000 0").has_value());
  EXPECT_FALSE(ParseOldHeartbeat(kId, "99000 3000").has_value());
  EXPECT_FALSE(ParseOldHeartbeat(kId, "").has_value());
}

TEST(Heartbeat, MissesSomeIntervalsBeforeItsCoordinatorIsGone) {
  EXPECT_EQ(HeartbeatLimit(absl::Seconds(3)), absl::Seconds(10));
}

}  // namespace
}  // namespace kache
