#include "server/replication/lease.h"

#include <gtest/gtest.h>

#include "server/replication/record.h"

namespace kache {
namespace {

constexpr Version kFloor{uint64_t{1000} << 16, 0xAB0000};

TEST(TokenFor, IsTheFloorAboveWhatIsOlder) {
  EXPECT_EQ(TokenFor({}, kFloor), kFloor);
  EXPECT_EQ(TokenFor({kFloor.timestamp - 1, UINT64_MAX}, kFloor), kFloor);
}

// No clock but the next one has a version between.
TEST(TokenFor, IsJustAboveWhatIsNotOlder) {
  const Version held{kFloor.timestamp, 0x121234};
  const Version token = TokenFor(held, kFloor);
  EXPECT_GT(token, held);
  EXPECT_EQ(token, (Version{held.timestamp, 0x130000}));
  EXPECT_LT(token, (Version{held.timestamp + 1, 0}));
}

TEST(TokenFor, TheHighestClockCarries) {
  const Version held{kFloor.timestamp, UINT64_MAX};
  EXPECT_EQ(TokenFor(held, kFloor), (Version{held.timestamp + 1, 0}));
}

TEST(LongestLease, LeavesTheSkewOfTheAgeOfAWriteOrHalfOfThat) {
  EXPECT_EQ(LongestLease(absl::Seconds(600), absl::Seconds(5)), absl::Seconds(595));
  EXPECT_EQ(LongestLease(absl::Seconds(1), absl::Seconds(5)), absl::Milliseconds(500));
}

TEST(DecodeLeaseAnswer, RefusesWhatIsNoAnswer) {
  for (const char* bytes : {"", "L", "W1234567", "OK", "1"}) {
    EXPECT_FALSE(DecodeLeaseAnswer(bytes).has_value()) << bytes;
  }
  EXPECT_EQ(DecodeLeaseAnswer("X")->said, LeaseSaid::kTooLate);
  EXPECT_EQ(DecodeLeaseAnswer("Hrecord")->record, "record");
}

TEST(IsLeaseMark, IsATombstoneWithTheLeasesFlag) {
  std::string mark = EncodeRecord({{}, 0, true, {}});
  EXPECT_FALSE(IsLeaseMark(mark));
  mark[3] = 9;
  EXPECT_TRUE(IsLeaseMark(mark));
  EXPECT_FALSE(IsLeaseMark(mark.substr(1)));
  EXPECT_FALSE(IsLeaseMark(""));
}

}  // namespace
}  // namespace kache
