#include "server/replication/lease.h"

#include <algorithm>

#include "base/big_endian.h"
#include "server/replication/record.h"

namespace kache {
namespace {

constexpr uint64_t kNextClock = kContentHashMask + 1;

void Append(uint64_t number, std::string* bytes) {
  char text[8];
  PutBigEndian(text, number);
  bytes->append(text, sizeof text);
}

void AppendNode(uint32_t id, std::string* bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes->push_back(static_cast<char>(id >> shift));
}

}  // namespace

absl::Duration LongestLease(absl::Duration max_write_age, absl::Duration max_clock_skew) {
  return std::max(max_write_age - max_clock_skew, max_write_age / 2);
}

bool IsLeaseMark(std::string_view header) {
  constexpr uint8_t kMarkFlags = 0x09;
  return header.size() >= kRecordHeaderBytes && header.substr(0, 2) == kRecordMagic &&
         static_cast<uint8_t>(header[2]) == kRecordFormat &&
         (static_cast<uint8_t>(header[3]) & kMarkFlags) == kMarkFlags;
}

Version TokenFor(const Version& seen, const Version& floor) {
  if (seen.timestamp < floor.timestamp) return {floor.timestamp, floor.clock & ~kContentHashMask};
  const uint64_t clock = (seen.clock & ~kContentHashMask) + kNextClock;
  return {seen.timestamp + (clock == 0 ? 1 : 0), clock};
}

//   offset  bytes  field
//        0     16  floor
//       16     24  lease, latest, the clock's offset
//       40      4  the node
//       44      8  who asks
std::string EncodeLeaseTerms(const LeaseTerms& terms) {
  std::string bytes;
  Append(terms.floor.timestamp, &bytes);
  Append(terms.floor.clock & ~kContentHashMask, &bytes);
  for (const int64_t number : {terms.lease_ms, terms.latest_ms, terms.clock_offset_ms}) {
    Append(static_cast<uint64_t>(number), &bytes);
  }
  AppendNode(terms.node_id, &bytes);
  Append(terms.asker, &bytes);
  return bytes;
}

std::optional<LeaseAnswer> DecodeLeaseAnswer(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const std::string_view rest = bytes.substr(1);
  LeaseAnswer answer;
  answer.said = static_cast<LeaseSaid>(bytes[0]);
  switch (answer.said) {
    case LeaseSaid::kLive:
      answer.record = rest;
      return answer;
    case LeaseSaid::kGiven: {
      if (rest.size() != 2 * kRecordVersionBytes) return std::nullopt;
      answer.token = *DecodeVersion(rest.substr(0, kRecordVersionBytes));
      answer.held = *DecodeVersion(rest.substr(kRecordVersionBytes));
      return answer;
    }
    case LeaseSaid::kHeld:
      if (rest.size() != 8) return std::nullopt;
      answer.left_ms = std::max<int64_t>(static_cast<int64_t>(GetBigEndian(rest.data())), 1);
      return answer;
    case LeaseSaid::kTooLate:
      return answer;
  }
  return std::nullopt;
}

std::string EncodeLeaseCheck(const Version& token, uint32_t node_id) {
  std::string bytes;
  Append(token.timestamp, &bytes);
  Append(token.clock & ~kContentHashMask, &bytes);
  AppendNode(node_id, &bytes);
  return bytes;
}

}  // namespace kache
