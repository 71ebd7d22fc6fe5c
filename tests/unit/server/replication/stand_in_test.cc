// How long stand-ins keep copies.
#include "server/replication/stand_in.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

const absl::Time kStamped = absl::FromUnixSeconds(2'000'000'000);

int64_t After(absl::Duration time) { return absl::ToUnixMillis(kStamped + time); }

ReplicationOptions Options(absl::Duration standin_ttl, absl::Duration tombstone_ttl,
                           absl::Duration skew = absl::Seconds(5)) {
  ReplicationOptions options;
  options.standin_ttl = standin_ttl;
  options.tombstone_ttl = tombstone_ttl;
  options.max_clock_skew = skew;
  return options;
}

TEST(StandIn, KeepsACopyForItsTtlAfterTheStamp) {
  const ReplicationOptions options = Options(absl::Minutes(10), absl::Hours(1));
  const KeyEnds ends = EndsOnStandIn({{1, 1}, 0, false, "v"}, kStamped, options);
  EXPECT_EQ(ends.ends_ms, After(absl::Minutes(10)));
  EXPECT_EQ(ends.limit_ms, ends.ends_ms);
}

TEST(StandIn, KeepsACopyForLessThanATombstoneLives) {
  EXPECT_EQ(StandInLife(Options(absl::Hours(1), absl::Hours(1))), absl::Seconds(3594));
  EXPECT_EQ(StandInLife(Options(absl::Hours(1), absl::Hours(1), absl::Milliseconds(500))),
            absl::Milliseconds(3'598'500));
  EXPECT_EQ(StandInLife(Options(absl::Seconds(12), absl::Seconds(12))), absl::Seconds(6));
  // There the skew would leave nothing.
  EXPECT_EQ(StandInLife(Options(absl::Seconds(4), absl::Seconds(4))), absl::Seconds(2));
}

TEST(StandIn, KeepsATombstoneForItsLife) {
  const Record tombstone{{1, 1}, After(absl::Hours(1)), true, {}};
  const KeyEnds ends =
      EndsOnStandIn(tombstone, kStamped, Options(absl::Seconds(1), absl::Hours(1)));
  EXPECT_EQ(ends.ends_ms, After(absl::Hours(1)));
  EXPECT_EQ(ends.limit_ms, 0);
}

// The home replica that is away may hold what lives longer.
TEST(StandIn, KeepsWhatShortensALifeBeyondItsEnd) {
  const ReplicationOptions options = Options(absl::Hours(1), absl::Hours(1));
  const Record shorter{{1, 1}, After(absl::Seconds(2)), false, "v"};
  const KeyEnds ends = EndsOnStandIn(shorter, kStamped, options);
  EXPECT_EQ(ends.ends_ms, After(absl::Seconds(3602)));
  EXPECT_EQ(ends.limit_ms, ends.ends_ms);
}

TEST(StandIn, KeepsNoValueForItsWholeLifeWhereThatIsLong) {
  const ReplicationOptions options = Options(absl::Hours(1), absl::Hours(1));
  const Record longer{{1, 1}, After(absl::Hours(2)), false, "v"};
  const KeyEnds ends = EndsOnStandIn(longer, kStamped, options);
  EXPECT_EQ(ends.ends_ms, After(absl::Seconds(3594)));
  EXPECT_EQ(ends.limit_ms, ends.ends_ms);  // nor longer, whatever it replaces there
}

}  // namespace
}  // namespace kache
