#include "server/replication/stamp.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(2'000'000'000);
constexpr absl::Duration kMaxAge = absl::Minutes(10);
const absl::Duration kAge = kMaxAge - absl::Seconds(10);  // that a stamp may have
constexpr absl::Duration kSkew = absl::Seconds(5);

Stamp At(absl::Duration from_now) {
  return {.timestamp = static_cast<uint64_t>(absl::ToUnixMillis(kNow + from_now)) << 16,
          .clock = uint64_t{1} << 16};
}

StampVerdict Judged(const Stamp& stamp) { return JudgeStamp(stamp, kNow, kMaxAge, kSkew); }

TEST(Stamp, FitsWithinTheAgeAndTheSkew) {
  EXPECT_EQ(Judged(At(absl::ZeroDuration())), StampVerdict::kFits);
  EXPECT_EQ(Judged(At(-kAge)), StampVerdict::kFits);
  EXPECT_EQ(Judged(At(kSkew)), StampVerdict::kFits);
}

TEST(Stamp, IsTooOldBeyondTheAge) {
  EXPECT_EQ(Judged(At(-kAge - absl::Milliseconds(1))), StampVerdict::kTooOld);
  // Stamped anew, of a write that was made too long ago.
  Stamp stamp = At(absl::ZeroDuration());
  stamp.made_at_ms = absl::ToUnixMillis(kNow - kAge) - 1;
  EXPECT_EQ(Judged(stamp), StampVerdict::kTooOld);
}

TEST(Stamp, LeavesAQuarterOfAShortAgeForTheWay) {
  const auto judged = [](absl::Duration age) {
    return JudgeStamp(At(-age), kNow, absl::Seconds(1), kSkew);
  };
  EXPECT_EQ(judged(absl::Milliseconds(750)), StampVerdict::kFits);
  EXPECT_EQ(judged(absl::Milliseconds(751)), StampVerdict::kTooOld);
}

TEST(Stamp, IsTooFarAheadBeyondTheSkew) {
  EXPECT_EQ(Judged(At(kSkew + absl::Milliseconds(1))), StampVerdict::kTooFarAhead);
  Stamp stamp = At(absl::ZeroDuration());
  stamp.made_at_ms = absl::ToUnixMillis(kNow + kSkew) + 1;
  EXPECT_EQ(Judged(stamp), StampVerdict::kTooFarAhead);
}

TEST(Stamp, FarAheadIsAskedForWhereItIsJustAboveAVersion) {
  const Version far{At(absl::Hours(1000)).timestamp, 7};
  Stamp stamp = At(absl::ZeroDuration());
  stamp.timestamp = far.timestamp + 1;
  stamp.made_at_ms = absl::ToUnixMillis(kNow);
  EXPECT_EQ(Judged(stamp), StampVerdict::kTooFarAhead);
  stamp.above = far;
  EXPECT_EQ(Judged(stamp), StampVerdict::kAskFirst);
  stamp.timestamp = far.timestamp + (2 << 16);  // a leap of milliseconds
  EXPECT_EQ(Judged(stamp), StampVerdict::kTooFarAhead);
  stamp.timestamp = far.timestamp;  // not above
  EXPECT_EQ(Judged(stamp), StampVerdict::kTooFarAhead);
  // Its own milliseconds are no instant from which a life can run.
  stamp.timestamp = far.timestamp + 1;
  stamp.made_at_ms = 0;
  EXPECT_EQ(Judged(stamp), StampVerdict::kTooFarAhead);
}

}  // namespace
}  // namespace kache
