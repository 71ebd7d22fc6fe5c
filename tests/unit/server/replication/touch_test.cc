#include "server/replication/touch.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr uint64_t kMs = uint64_t{1} << 16;
constexpr int64_t kStamped = 1'800'000'000'000;

Record At(uint64_t timestamp, uint64_t clock, bool touched = false) {
  Record record;
  record.version = {timestamp, clock};
  record.touched = touched;
  return record;
}

// As the script makes it.
Record TouchOf(const Record& value, int64_t age_ms, uint8_t hash = 0) {
  const uint64_t upper = (value.version.clock >> kTouchClockShift) + 1;
  return At(value.version.timestamp,
            upper << kTouchClockShift | static_cast<uint64_t>(age_ms) << kTouchHashBits | hash,
            true);
}

TEST(Touch, TheFlagIsNoPartOfOtherFlags) {
  Record record = At(5, 7, true);
  record.value = "v";
  const std::string bytes = EncodeRecord(record);
  EXPECT_EQ(bytes[3], '\x04');
  EXPECT_TRUE(DecodeRecord(bytes).record.touched);
  EXPECT_FALSE(DecodeRecord(bytes).record.tombstone);
  const std::string on_stand_in = WithStandInFlag(bytes, true);
  EXPECT_TRUE(DecodeRecord(on_stand_in).record.touched);
  EXPECT_EQ(WithStandInFlag(on_stand_in, false), bytes);
}

TEST(Touch, TellsWhenItWasDone) {
  const Record value = At(kStamped * kMs + 3, 0xABCDEF0123456789);
  EXPECT_EQ(WrittenAtMs(value.version, false), kStamped);
  EXPECT_EQ(WrittenAtMs(TouchOf(value, 0).version, true), kStamped);
  EXPECT_EQ(WrittenAtMs(TouchOf(value, 86'400'000, 63).version, true), kStamped + 86'400'000);
}

TEST(Touch, ALaterStampIsAboveTheWholeMillisecondOfATouch) {
  const Record value = At(kStamped * kMs + 3, 0xABCDEF0123456789);
  EXPECT_EQ(StampToBeat(value), value.version);
  const Version beat = StampToBeat(TouchOf(value, 50));
  EXPECT_EQ(beat.timestamp, (kStamped + 50) * kMs + 0xFFFF);
  EXPECT_EQ(MillisOf(beat.timestamp + 1), kStamped + 51);
}

TEST(Touch, AValueAndItsTouchesAreTheSameValue) {
  const Record value = At(kStamped * kMs, 0xABCDEF0123456789);
  EXPECT_TRUE(IsSameValue(value, TouchOf(value, 7)));
  EXPECT_TRUE(IsSameValue(TouchOf(value, 7), TouchOf(value, 8, 5)));
  EXPECT_FALSE(IsSameValue(value, At(kStamped * kMs + 1, value.version.clock)));
  EXPECT_FALSE(IsSameValue(value, At(kStamped * kMs, 0xABCDFF0123456789)));
}

TEST(Touch, AClockOfOnesCarriesIntoTheTimestamp) {
  const Record value = At(5, UINT64_MAX);
  EXPECT_TRUE(IsSameValue(value, At(6, 9, true)));
  EXPECT_FALSE(IsSameValue(value, At(5, 9, true)));
}

// Two clocks may begin alike. Once one value was touched, they can't be told apart any more.
TEST(Touch, ValuesOfTwoClocksDiffer) {
  const Record value = At(kStamped * kMs, 0xABCDEF0123456789);
  const Record other = At(kStamped * kMs, 0xABCDEF9876543210);
  EXPECT_FALSE(IsSameValue(value, other));
  EXPECT_TRUE(IsSameValue(value, TouchOf(other, 5)));
}

TEST(Touch, TheVersionIsAboveTheValueAndBelowEachLaterOne) {
  const Record value = At(kStamped * kMs + 3, 0xABCDEF0123456789);
  const Version first = VersionOfTouch(value, (kStamped + 40) * kMs, kStamped + 60'000);
  EXPECT_EQ(first, TouchOf(value, 40, HashOfLife(kStamped + 60'000)).version);
  EXPECT_GT(first, value.version);
  EXPECT_LT(first, At(kStamped * kMs + 4, 1).version);
  Record touched = value;
  touched.touched = true;
  touched.version = first;
  const Version second = VersionOfTouch(touched, (kStamped + 41) * kMs, 0);
  EXPECT_GT(second, first);
  EXPECT_EQ(second, VersionOfTouch(value, (kStamped + 41) * kMs, 0));
}

TEST(Touch, LivesOfOneMillisecondAreToldApartMostly) {
  int equal = 0;
  for (int64_t i = 1; i <= 1000; ++i) {
    EXPECT_LT(HashOfLife(kStamped + i), 64);
    equal += HashOfLife(kStamped) == HashOfLife(kStamped + i) ? 1 : 0;
  }
  EXPECT_LT(equal, 60);
}

TEST(Touch, AnAnswerIsALetterAndAHeader) {
  const Record record = At(5, 7, true);
  const std::string header = EncodeRecord(record);
  const TouchAnswer touched = DecodeTouchAnswer("T" + header);
  EXPECT_EQ(touched.said, TouchSaid::kTouched);
  EXPECT_EQ(touched.record.version, record.version);
  EXPECT_EQ(DecodeTouchAnswer("N").said, TouchSaid::kAbsent);
  EXPECT_TRUE(DecodeTouchAnswer("N").record.version.IsZero());
  for (const char* other : {"", "1", "Tshort", "?"}) {
    EXPECT_TRUE(DecodeTouchAnswer(other).record.version.IsZero()) << other;
  }
  EXPECT_EQ(DecodeTouchAnswer("?" + header).said, TouchSaid::kAbsent);
}

TEST(Touch, TermsHaveTheirPlaces) {
  TouchTerms terms;
  terms.seen = At(5, 7);
  terms.seen.value = "not sent";
  const std::string bytes = EncodeTouchTerms(terms);
  EXPECT_EQ(bytes.size(), 94u);
  EXPECT_EQ(bytes[92], '\1');
  terms.ends_unknown = true;
  EXPECT_EQ(EncodeTouchTerms(terms)[92], '\3');
  terms.home = false;
  EXPECT_EQ(EncodeTouchTerms(terms)[92], '\2');
}

}  // namespace
}  // namespace kache
