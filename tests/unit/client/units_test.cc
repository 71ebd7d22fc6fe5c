#include "client/units.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

TEST(ParseDuration, TakesWhatPeopleWrite) {
  EXPECT_EQ(ParseDuration("90").value(), absl::Seconds(90));
  EXPECT_EQ(ParseDuration("90s").value(), absl::Seconds(90));
  EXPECT_EQ(ParseDuration("5m").value(), absl::Minutes(5));
  EXPECT_EQ(ParseDuration("1h30m").value(), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("2d").value(), absl::Hours(48));
  EXPECT_EQ(ParseDuration("1d12h").value(), absl::Hours(36));
  EXPECT_EQ(ParseDuration("250ms").value(), absl::Milliseconds(250));
}

TEST(ParseDuration, RefusesAllElse) {
  for (const char* text : {"", "0", "-5", "-5s", "+5s", "5 minutes", "d", "xd", "5x", "1us", "inf",
                           "5m!", "1h2d", "99999999999999999999"}) {
    const auto parsed = ParseDuration(text);
    EXPECT_FALSE(parsed.ok()) << text;
  }
}

TEST(DurationText, HasTwoUnitsAtMost) {
  EXPECT_EQ(DurationText(absl::Microseconds(3)), "0s");
  EXPECT_EQ(DurationText(absl::Milliseconds(250)), "250ms");
  EXPECT_EQ(DurationText(absl::Milliseconds(42'900)), "42s");
  EXPECT_EQ(DurationText(absl::Seconds(200)), "3m20s");
  EXPECT_EQ(DurationText(absl::Hours(5)), "5h");
  EXPECT_EQ(DurationText(absl::Hours(52) + absl::Seconds(9)), "2d4h");
  EXPECT_EQ(DurationText(-absl::Minutes(2)), "2m");
}

TEST(InstantText, IsRelativeToNow) {
  const absl::Time now = absl::FromUnixMillis(1'000'000);
  EXPECT_EQ(AgoText(0, now), "never");
  EXPECT_EQ(AgoText(995'000, now), "5s ago");
  EXPECT_EQ(ExpiryText(0, now), "never");
  EXPECT_EQ(ExpiryText(1'060'000, now), "in 1m");
  EXPECT_EQ(ExpiryText(940'000, now), "1m ago");
}

TEST(BytesText, PicksTheUnit) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(20 * 1024 * 1024), "20.0 MiB");
}

}  // namespace
}  // namespace kache
