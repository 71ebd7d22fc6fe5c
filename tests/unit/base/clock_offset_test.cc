#include "base/clock_offset.h"

#include "gtest/gtest.h"

namespace kache {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kStart{std::chrono::hours(7)};
const absl::Time kEpoch = absl::FromUnixSeconds(1'700'000'000);

class ClockOffsetTest : public ::testing::Test {
 protected:
  // A round trip that begins at kStart + `at`; the other clock, `ahead`, is read `way` after that.
  void Ask(milliseconds at, milliseconds way, milliseconds back,
           absl::Duration ahead = absl::ZeroDuration()) {
    const MonotonicTime read = kStart + at + way;
    offset_.Add(kStart + at, read + back,
                kEpoch + absl::FromChrono(read.time_since_epoch()) + ahead);
  }
  absl::Duration ErrorAt(milliseconds at) { return offset_.Best(kStart + at)->epoch - kEpoch; }
  ClockOffset offset_;
};

TEST_F(ClockOffsetTest, KnowsNothingBeforeTheFirstSample) {
  EXPECT_FALSE(offset_.Best(kStart).has_value());
}

TEST_F(ClockOffsetTest, TakesTheMiddleOfTheRoundTrip) {
  Ask(milliseconds(0), milliseconds(5), milliseconds(5));
  EXPECT_EQ(ErrorAt(milliseconds(10)), absl::ZeroDuration());
  EXPECT_EQ(offset_.Best(kStart + milliseconds(10))->uncertainty, absl::Milliseconds(5));
}

TEST_F(ClockOffsetTest, PrefersTheShortestRoundTrip) {
  Ask(milliseconds(0), milliseconds(1), milliseconds(1));
  Ask(milliseconds(1000), milliseconds(100), milliseconds(0));
  EXPECT_EQ(ErrorAt(milliseconds(1200)), absl::ZeroDuration());
  Ask(milliseconds(2000), milliseconds(0), milliseconds(1));
  EXPECT_EQ(ErrorAt(milliseconds(2001)), absl::Microseconds(-500));
}

TEST_F(ClockOffsetTest, TrustsAnOldSampleLess) {
  Ask(milliseconds(0), milliseconds(1), milliseconds(1));
  Ask(milliseconds(60'000), milliseconds(3), milliseconds(1));
  // A minute's drift of 12 ms is worth more than the shorter round trip.
  EXPECT_EQ(ErrorAt(milliseconds(60'004)), absl::Milliseconds(1));
}

TEST_F(ClockOffsetTest, ForgetsWhatANewSampleContradicts) {
  for (int i = 0; i < 8; ++i) Ask(milliseconds(100 * i), milliseconds(0), milliseconds(0));
  Ask(milliseconds(1000), milliseconds(50), milliseconds(50), absl::Seconds(3));
  EXPECT_EQ(ErrorAt(milliseconds(1100)), absl::Seconds(3));
}

TEST_F(ClockOffsetTest, TakesAClockThatTellsWholeMillisecondsForTheSame) {
  Ask(milliseconds(0), milliseconds(0), milliseconds(0));
  Ask(milliseconds(10), milliseconds(1), milliseconds(1), absl::Milliseconds(-2));
  EXPECT_EQ(ErrorAt(milliseconds(12)), absl::ZeroDuration());  // the older one still counts
}

TEST_F(ClockOffsetTest, EndsAfterItsLife) {
  Ask(milliseconds(0), milliseconds(1), milliseconds(1));
  EXPECT_FALSE(offset_.Best(kStart + std::chrono::minutes(6)).has_value());
}

TEST_F(ClockOffsetTest, KeepsTheNewestOfManySamples) {
  for (int i = 0; i < 100; ++i) Ask(milliseconds(i * 1000), milliseconds(1), milliseconds(1));
  EXPECT_EQ(ErrorAt(milliseconds(100'000)), absl::ZeroDuration());
}

}  // namespace
}  // namespace kache
