#include "server/replication/touch.h"

#include <algorithm>

#include "base/big_endian.h"
#include "ring/murmur3.h"

namespace kache {
namespace {

constexpr uint64_t kAgeMask = (uint64_t{1} << kTouchAgeBits) - 1;
constexpr uint64_t kLastCounter = 0xFFFF;

// The upper bits that the clock of a touch of the record has, and the timestamp.
Version ValueOf(const Record& record) {
  uint64_t upper = record.version.clock >> kTouchClockShift;
  uint64_t timestamp = record.version.timestamp;
  if (!record.touched && (++upper >> (64 - kTouchClockShift)) != 0) {
    upper = 0;
    ++timestamp;
  }
  return {timestamp, upper};
}

void Append(uint64_t number, std::string* bytes) {
  char text[8];
  PutBigEndian(text, number);
  bytes->append(text, sizeof text);
}

}  // namespace

int64_t WrittenAtMs(const Version& version, bool touched) {
  const int64_t stamped_ms = MillisOf(version.timestamp);
  if (!touched) return stamped_ms;
  return stamped_ms + static_cast<int64_t>((version.clock >> kTouchHashBits) & kAgeMask);
}

Version StampToBeat(const Record& record) {
  if (!record.touched) return record.version;
  const int64_t touched_ms = WrittenAtMs(record.version, true);
  return {(static_cast<uint64_t>(touched_ms) << 16) | kLastCounter, record.version.clock};
}

uint8_t HashOfLife(int64_t expires_at_ms) {
  char bytes[8];
  PutBigEndian(bytes, static_cast<uint64_t>(expires_at_ms));
  const uint64_t hash = Murmur3X64_128(std::string_view(bytes, sizeof bytes), 0).first;
  return static_cast<uint8_t>(hash & ((1 << kTouchHashBits) - 1));
}

Version VersionOfTouch(const Record& seen, uint64_t timestamp, int64_t expires_at_ms) {
  Version version = ValueOf(seen);
  const int64_t age_ms = std::max<int64_t>(MillisOf(timestamp) - MillisOf(version.timestamp), 0);
  version.clock = version.clock << kTouchClockShift |
                  (static_cast<uint64_t>(age_ms) & kAgeMask) << kTouchHashBits |
                  HashOfLife(expires_at_ms);
  return version;
}

bool IsSameValue(const Record& a, const Record& b) {
  if (!a.touched && !b.touched) return a.version == b.version;
  return ValueOf(a) == ValueOf(b);
}

//   offset  bytes  field
//        0     28  the header of what was seen
//       28      8  the stamp's timestamp
//       36      8  the new end of the life
//       44     48  ends, limit, latest, clock's offset, stand-in's life, least
//       92      1  0x01 = home, 0x02 = the node may not know of the life that ends
//       93      1  the life's hash
std::string EncodeTouchTerms(const TouchTerms& terms) {
  std::string bytes = EncodeRecord(terms.seen);
  bytes.resize(kRecordHeaderBytes);
  Append(terms.timestamp, &bytes);
  for (const int64_t number : {terms.expires_at_ms, terms.ends_ms, terms.limit_ms, terms.latest_ms,
                               terms.clock_offset_ms, terms.stand_in_ms, terms.least_ms}) {
    Append(static_cast<uint64_t>(number), &bytes);
  }
  bytes.push_back(static_cast<char>((terms.home ? 1 : 0) | (terms.ends_unknown ? 2 : 0)));
  bytes.push_back(static_cast<char>(HashOfLife(terms.expires_at_ms)));
  return bytes;
}

TouchAnswer DecodeTouchAnswer(std::string_view bytes) {
  constexpr std::string_view kKnown = "TNOECWFL";
  if (bytes.empty() || kKnown.find(bytes[0]) == std::string_view::npos) return {};
  TouchAnswer answer{static_cast<TouchSaid>(bytes[0]), {}};
  const DecodedRecord decoded = DecodeRecord(bytes.substr(1, kRecordHeaderBytes));
  if (decoded.kind != RecordKind::kForeign) answer.record = decoded.record;
  answer.record.value = {};
  return answer;
}

}  // namespace kache
