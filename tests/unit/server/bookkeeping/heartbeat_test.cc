#include "server/bookkeeping/heartbeat.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr char kId[] = "00000000000000c0";
constexpr char kRunId[] = "0123456789abcdef0123456789abcdef01234567";
const absl::Time kAsOf = absl::FromUnixSeconds(1000);

HeartbeatNews Reaching(std::vector<ReachedProcess> reached) {
  return {absl::Seconds(3), FenceNumber{12}, 0xAB, std::move(reached), kAsOf};
}

std::vector<std::string> RunIds(const Heartbeat& heartbeat) {
  std::vector<std::string> run_ids;
  for (const ReachedProcess& process : heartbeat.reached) run_ids.push_back(process.run_id);
  return run_ids;
}

TEST(Heartbeat, IsReadAsItWasWritten) {
  const HeartbeatNews news = Reaching({{kRunId}, {}, {kRunId}});
  const auto heartbeat = ParseHeartbeat(kId, "1 99000 " + HeartbeatText(news));
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->coordinator, 0xC0u);
  EXPECT_EQ(heartbeat->at_ms, 99000);
  EXPECT_EQ(heartbeat->interval, absl::Seconds(3));
  EXPECT_EQ(heartbeat->drained, FenceNumber{12});
  EXPECT_EQ(heartbeat->ring, 0xABu);
  EXPECT_EQ(RunIds(*heartbeat), (std::vector<std::string>{"01234567", "", "01234567"}));
  EXPECT_EQ(heartbeat->as_of, kAsOf);
}

TEST(Heartbeat, MaySayMoreInALaterRelease) {
  const auto heartbeat =
      ParseHeartbeat(kId, "1 99000 3000 0 00000000000000ab -,x 5000 -,3/1 4 later words");
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(RunIds(*heartbeat), (std::vector<std::string>{"", "x"}));
  EXPECT_EQ(heartbeat->reached[1].known_since, absl::FromUnixSeconds(2));
  EXPECT_EQ(heartbeat->drained_note, 4u);
  EXPECT_TRUE(ParseOldHeartbeat(kId, "99000 3000 7 later").has_value());
}

TEST(Heartbeat, ClaimsNoMoreOfALifeThanIsKnown) {
  const auto told = [](absl::Duration known, absl::Duration alive) {
    const HeartbeatNews news = Reaching({{kRunId, kAsOf - known, kAsOf - alive}});
    return ParseHeartbeat(kId, "1 99000 " + HeartbeatText(news))->reached[0];
  };
  ReachedProcess process = told(absl::Milliseconds(7900), absl::Milliseconds(1100));
  EXPECT_EQ(process.known_since, kAsOf - absl::Seconds(7));
  EXPECT_EQ(process.alive_at, kAsOf - absl::Seconds(2));
  process = told(absl::Hours(1000), absl::ZeroDuration());
  EXPECT_EQ(process.known_since, kAsOf - absl::Hours(24));
  EXPECT_EQ(process.alive_at, kAsOf);
  process = told(absl::Hours(1000), absl::Hours(500));
  EXPECT_EQ(process.known_since, absl::InfiniteFuture());
}

TEST(Heartbeat, MaySayNothingOfLives) {
  for (const char* lives : {"", " 5000", " soon 3/1", " -1 3/1", " 5000 3/1,3/1", " 5000 3",
                            " 5000 -", " 5000 -3/1", " 5000 3/-1", " 5000 3/9223372036854775808"}) {
    const auto heartbeat =
        ParseHeartbeat(kId, std::string("1 99000 3000 0 00000000000000ab x") + lives);
    ASSERT_TRUE(heartbeat) << lives;
    EXPECT_EQ(heartbeat->reached[0].run_id, "x");
    EXPECT_EQ(heartbeat->reached[0].known_since, absl::InfiniteFuture()) << lives;
    EXPECT_EQ(heartbeat->reached[0].alive_at, absl::InfinitePast()) << lives;
  }
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

TEST(Heartbeat, IsNoNumberThatDoesNotFit) {
  const std::string ring = " 00000000000000ab -";
  EXPECT_TRUE(ParseHeartbeat(kId, "1 9007199254740992 3000 18446744073709551615" + ring));
  for (const char* numbers :
       {"9007199254740993 3000 0", "-1 3000 0", "9223372036854775808 3000 0",
        "99000 9223372036854775808 0", "99000 3000 18446744073709551616", "99000 3000 -1",
        "99e3 3000 0", "0x99 3000 0", " 3000 0", "99000  0", "99000 3000 "}) {
    EXPECT_FALSE(ParseHeartbeat(kId, std::string("1 ") + numbers + ring)) << numbers;
    EXPECT_FALSE(ParseOldHeartbeat(kId, numbers)) << numbers;
  }
  for (const char* odd : {"", "xyz", "1ffffffffffffffff"}) {
    EXPECT_FALSE(ParseHeartbeat(kId, std::string("1 99000 3000 0 ") + odd + " -")) << odd;
  }
}

TEST(Heartbeat, OfAClusterOfOneNodeAndOfNone) {
  EXPECT_EQ(HeartbeatText(Reaching({{}})), "3000 12 00000000000000ab - 1000000 - 0");
  const auto none = ParseHeartbeat(kId, "1 99000 " + HeartbeatText(Reaching({})));
  ASSERT_TRUE(none);
  EXPECT_EQ(RunIds(*none), std::vector<std::string>{""});
}

TEST(Heartbeat, TellsOfWhichNotesAllWritesHaveEnded) {
  HeartbeatNews news = Reaching({{kRunId}, {}});
  news.drained_note = 7;
  EXPECT_EQ(ParseHeartbeat(kId, "1 99000 " + HeartbeatText(news))->drained_note, 7u);
  const std::string text = "1 99000 3000 0 00000000000000ab -,x 5000 -,3/1";
  for (const char* note : {"", " ", " -", " -1", " x", " 18446744073709551616"}) {
    EXPECT_EQ(ParseHeartbeat(kId, text + note)->drained_note, 0u) << note;
  }
}

TEST(Heartbeat, NamesProcessesByTheirBeginnings) {
  EXPECT_EQ(ShortRunId(kRunId), "01234567");
  EXPECT_EQ(ShortRunId("0123"), "0123");
  EXPECT_EQ(ShortRunId(""), "");
}

// Whoever writes it without end could otherwise not be told to have ended.
TEST(Heartbeat, HasAnIntervalThatPasses) {
  for (const char* interval : {"0", "-3000", "86400001", "9223372036854775807"}) {
    const std::string text = std::string("99000 ") + interval + " 0";
    EXPECT_FALSE(ParseHeartbeat(kId, "1 " + text + " 00000000000000ab -")) << interval;
    EXPECT_FALSE(ParseOldHeartbeat(kId, text)) << interval;
  }
  EXPECT_TRUE(ParseOldHeartbeat(kId, "99000 86400000 0"));
}

TEST(Heartbeat, MissesSomeIntervalsBeforeItsCoordinatorIsGone) {
  EXPECT_EQ(HeartbeatLimit(absl::Seconds(3)), absl::Seconds(10));
}

}  // namespace
}  // namespace kache
