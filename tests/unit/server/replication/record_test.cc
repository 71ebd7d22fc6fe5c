#include "server/replication/record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace kache {
namespace {

constexpr Version kVersion{0x0102030405060708, 0xF1F2F3F4F5F6F7F8};

Record RoundTrip(const Record& record) {
  static std::string bytes;  // The value points into it.
  bytes = EncodeRecord(record);
  const DecodedRecord decoded = DecodeRecord(bytes);
  EXPECT_EQ(decoded.kind, RecordKind::kRecord);
  return decoded.record;
}

// The format in Redis never changes: neither must these bytes.
TEST(Record, HasTheseBytes) {
  const std::string golden(
      "\x4B\xAC\x01\x00"
      "\x01\x02\x03\x04\x05\x06\x07\x08"
      "\xF1\xF2\xF3\xF4\xF5\xF6\xF7\xF8"
      "\x00\x00\x01\xD1\xA9\x4A\x20\x01"
      "v\x00\xFF",
      31);
  EXPECT_EQ(EncodeRecord({kVersion, 2'000'000'000'001, false, {"v\0\xFF", 3}}), golden);
  EXPECT_EQ(golden.size(), kRecordHeaderBytes + 3);
}

TEST(Record, ATombstoneHasTheseBytes) {
  const std::string golden(
      "\x4B\xAC\x01\x01"
      "\x00\x00\x00\x00\x00\x00\x00\x02"
      "\x00\x00\x00\x00\x00\x00\x00\x03"
      "\x00\x00\x00\x00\x00\x00\x00\x00",
      28);
  EXPECT_EQ(EncodeRecord({{2, 3}, 0, true, {}}), golden);
}

TEST(Record, ComesBackAsItWas) {
  for (const std::string& value : {std::string(), std::string("v"), std::string(1 << 20, '\0')}) {
    const Record record = RoundTrip({kVersion, 1234, false, value});
    EXPECT_EQ(record.version, kVersion);
    EXPECT_EQ(record.expires_at_ms, 1234);
    EXPECT_FALSE(record.tombstone);
    EXPECT_EQ(record.value, value);
  }
  EXPECT_TRUE(RoundTrip({kVersion, 1234, true, {}}).tombstone);
}

TEST(Record, KeepsExtremeNumbers) {
  const Version highest{UINT64_MAX, UINT64_MAX};
  EXPECT_EQ(RoundTrip({highest, 0, false, "v"}).version, highest);
  EXPECT_EQ(RoundTrip({{0, 0}, 0, false, "v"}).version, (Version{0, 0}));
  for (const int64_t expiry : {std::numeric_limits<int64_t>::max(),
                               std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{1}}) {
    EXPECT_EQ(RoundTrip({kVersion, expiry, false, "v"}).expires_at_ms, expiry);
  }
}

TEST(Record, IsExpiredFromItsExpiryOn) {
  const Record record{kVersion, 1000, false, "v"};
  EXPECT_FALSE(record.ExpiredAt(999));
  EXPECT_TRUE(record.ExpiredAt(1000));
  EXPECT_TRUE(record.ExpiredAt(1001));
}

TEST(Record, WithoutExpiryNeverExpires) {
  EXPECT_FALSE((Record{kVersion, 0, false, "v"}).ExpiredAt(std::numeric_limits<int64_t>::max()));
}

TEST(Record, WithANegativeExpiryHasExpired) {
  EXPECT_TRUE((Record{kVersion, -1, false, "v"}).ExpiredAt(0));
}

TEST(Record, IsForeignWhenTruncated) {
  const std::string bytes = EncodeRecord({kVersion, 1234, false, "v"});
  for (size_t size = 0; size < kRecordHeaderBytes; ++size) {
    EXPECT_EQ(DecodeRecord(std::string_view(bytes).substr(0, size)).kind, RecordKind::kForeign)
        << size;
  }
  EXPECT_EQ(DecodeRecord(std::string_view(bytes).substr(0, kRecordHeaderBytes)).kind,
            RecordKind::kRecord);
}

TEST(Record, IsForeignWithoutTheMagic) {
  for (const size_t at : {size_t{0}, size_t{1}}) {
    std::string bytes = EncodeRecord({kVersion, 1234, false, "v"});
    bytes[at] = 'x';
    EXPECT_EQ(DecodeRecord(bytes).kind, RecordKind::kForeign);
    EXPECT_TRUE(DecodeRecord(bytes).record.version.IsZero());
  }
}

TEST(Record, OfAnotherFormatShowsItsVersionOnly) {
  for (const char format : {'\0', '\x02', '\xFF'}) {
    std::string bytes = EncodeRecord({kVersion, 1234, true, "v"});
    bytes[2] = format;
    const DecodedRecord decoded = DecodeRecord(bytes);
    EXPECT_EQ(decoded.kind, RecordKind::kNewerFormat);
    EXPECT_EQ(decoded.record.version, kVersion);
    EXPECT_EQ(decoded.record.expires_at_ms, 0);
    EXPECT_FALSE(decoded.record.tombstone);
    EXPECT_TRUE(decoded.record.value.empty());
  }
}

TEST(Record, UnknownFlagsDoNotHideTheKnownOne) {
  std::string bytes = EncodeRecord({kVersion, 0, true, {}});
  bytes[3] = '\xFF';
  EXPECT_TRUE(DecodeRecord(bytes).record.tombstone);
  bytes[3] = '\xFE';
  EXPECT_FALSE(DecodeRecord(bytes).record.tombstone);
}

TEST(Record, AStandInsCopyHasAFlag) {
  const Record record{kVersion, 1234, false, "v", /*stand_in=*/true};
  const std::string bytes = EncodeRecord(record);
  EXPECT_EQ(bytes[3], '\x02');
  EXPECT_TRUE(DecodeRecord(bytes).record.stand_in);
  EXPECT_EQ(EncodeRecord({{2, 3}, 0, true, {}, true})[3], '\x03');
  EXPECT_FALSE(RoundTrip({kVersion, 1234, false, "v"}).stand_in);
}

TEST(Record, OfAStandInDiffersByTheFlagAlone) {
  Record record{kVersion, 1234, false, "v"};
  const std::string home = EncodeStamped(&record);
  std::string stand_in = WithStandInFlag(home, true);
  EXPECT_TRUE(DecodeRecord(stand_in).record.stand_in);
  EXPECT_EQ(DecodeRecord(stand_in).record.version, record.version);
  EXPECT_EQ(WithStandInFlag(stand_in, false), home);
  EXPECT_EQ(WithStandInFlag(stand_in, true), stand_in);
  EXPECT_EQ(WithStandInFlag(home, false), home);
  stand_in[3] = home[3];
  EXPECT_EQ(stand_in, home);
}

// Else one write would be two versions.
TEST(Record, AStandInsFlagIsNoPartOfTheHash) {
  Record home{kVersion, 1234, false, "v"};
  Record stand_in{kVersion, 1234, false, "v", true};
  EncodeStamped(&home);
  EncodeStamped(&stand_in);
  EXPECT_EQ(home.version, stand_in.version);
}

TEST(Version, IsReadFromSixteenBytes) {
  const std::string bytes = EncodeRecord({kVersion, 0, false, "v"});
  EXPECT_EQ(DecodeVersion(bytes.substr(kRecordVersionOffset, kRecordVersionBytes)), kVersion);
  EXPECT_EQ(DecodeVersion(""), std::nullopt);
  EXPECT_EQ(DecodeVersion(std::string(15, 'x')), std::nullopt);
  EXPECT_EQ(DecodeVersion(std::string(17, 'x')), std::nullopt);
}

TEST(Version, OrdersByTimestampThenByCoordinator) {
  EXPECT_LT((Version{1, UINT64_MAX}), (Version{2, 0}));
  EXPECT_LT((Version{1, 1}), (Version{1, 2}));
  EXPECT_LT((Version{0x7FFFFFFFFFFFFFFF, 0}), (Version{0x8000000000000000, 0}));
  EXPECT_TRUE(Version{}.IsZero());
  EXPECT_FALSE((Version{0, 1}).IsZero());
}

}  // namespace
}  // namespace kache
