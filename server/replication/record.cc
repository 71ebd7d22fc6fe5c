#include "server/replication/record.h"

#include "base/big_endian.h"
#include "ring/murmur3.h"

namespace kache {
namespace {

constexpr uint8_t kTombstoneFlag = 0x01;
constexpr uint8_t kStandInFlag = 0x02;
constexpr uint8_t kTouchedFlag = 0x04;
constexpr size_t kFlagsOffset = 3;
constexpr size_t kExpiryOffset = kRecordVersionOffset + kRecordVersionBytes;

}  // namespace

std::string EncodeRecord(const Record& record) {
  char header[kRecordHeaderBytes];
  header[0] = kRecordMagic[0];
  header[1] = kRecordMagic[1];
  header[2] = static_cast<char>(kRecordFormat);
  header[kFlagsOffset] =
      static_cast<char>((record.tombstone ? kTombstoneFlag : 0) |
                        (record.stand_in ? kStandInFlag : 0) | (record.touched ? kTouchedFlag : 0));
  PutBigEndian(header + kRecordVersionOffset, record.version.timestamp);
  PutBigEndian(header + kRecordVersionOffset + 8, record.version.clock);
  PutBigEndian(header + kExpiryOffset, static_cast<uint64_t>(record.expires_at_ms));

  std::string bytes;
  bytes.reserve(kRecordHeaderBytes + record.value.size());
  bytes.append(header, kRecordHeaderBytes);
  bytes.append(record.value);
  return bytes;
}

std::string EncodeStamped(Record* record) {
  std::string bytes = EncodeRecord(*record);
  const uint64_t hash = Murmur3X64_128(std::string_view(bytes).substr(kExpiryOffset),
                                       record->tombstone ? kTombstoneFlag : 0)
                            .first;
  record->version.clock = (record->version.clock & ~kContentHashMask) | (hash & kContentHashMask);
  PutBigEndian(bytes.data() + kRecordVersionOffset + 8, record->version.clock);
  return bytes;
}

DecodedRecord DecodeRecord(std::string_view bytes) {
  DecodedRecord decoded;
  if (bytes.size() < kRecordHeaderBytes || bytes[0] != kRecordMagic[0] ||
      bytes[1] != kRecordMagic[1]) {
    return decoded;
  }
  decoded.record.version = {GetBigEndian(bytes.data() + kRecordVersionOffset),
                            GetBigEndian(bytes.data() + kRecordVersionOffset + 8)};
  if (static_cast<uint8_t>(bytes[2]) != kRecordFormat) {
    decoded.kind = RecordKind::kNewerFormat;
    return decoded;
  }
  decoded.kind = RecordKind::kRecord;
  const auto flags = static_cast<uint8_t>(bytes[kFlagsOffset]);
  decoded.record.tombstone = (flags & kTombstoneFlag) != 0;
  decoded.record.stand_in = (flags & kStandInFlag) != 0;
  decoded.record.touched = (flags & kTouchedFlag) != 0;
  decoded.record.expires_at_ms = static_cast<int64_t>(GetBigEndian(bytes.data() + kExpiryOffset));
  decoded.record.value = bytes.substr(kRecordHeaderBytes);
  return decoded;
}

std::string WithStandInFlag(std::string_view bytes, bool stand_in) {
  std::string copy(bytes);
  const auto flags = static_cast<uint8_t>(copy[kFlagsOffset]);
  copy[kFlagsOffset] = static_cast<char>(stand_in ? flags | kStandInFlag
                                                  : flags & static_cast<uint8_t>(~kStandInFlag));
  return copy;
}

std::optional<Version> DecodeVersion(std::string_view bytes) {
  if (bytes.size() != kRecordVersionBytes) return std::nullopt;
  return Version{GetBigEndian(bytes.data()), GetBigEndian(bytes.data() + 8)};
}

}  // namespace kache
