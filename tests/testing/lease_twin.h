// What the scripts of leases do, as a pure C++ model of one key on one server: to check the scripts
// against, and for tests that need thousands of servers.
#ifndef KACHE_TESTS_TESTING_LEASE_TWIN_H_
#define KACHE_TESTS_TESTING_LEASE_TWIN_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/big_endian.h"
#include "server/replication/lease.h"
#include "server/replication/record.h"
#include "tests/testing/set_if_newer_twin.h"

namespace kache::testing {

struct LeaseMark {
  int64_t ends_ms = 0;
  Version token;
  std::string node;   // 4 bytes
  std::string asker;  // 8 bytes
};

inline std::string Bytes(uint64_t number) {
  char text[8];
  PutBigEndian(text, number);
  return {text, sizeof text};
}

// Nullopt for a record that is none.
inline std::optional<LeaseMark> MarkIn(std::string_view bytes) {
  if (bytes.size() != kLeaseMarkBytes || (static_cast<uint8_t>(bytes[3]) & 8) == 0) {
    return std::nullopt;
  }
  return LeaseMark{static_cast<int64_t>(GetBigEndian(bytes.data() + 28)),
                   {GetBigEndian(bytes.data() + 36), GetBigEndian(bytes.data() + 44)},
                   std::string(bytes.substr(52, 4)),
                   std::string(bytes.substr(56))};
}

// The letter, and what follows it, as LeaseScript answers. `held`: before and after.
inline std::string ApplyLease(const LeaseTerms& terms, int64_t now_ms,
                              std::optional<SetIfNewerTwin::Held>* held) {
  if (*held && (*held)->ends_ms != 0 && (*held)->ends_ms <= now_ms) held->reset();
  const DecodedRecord decoded = *held ? DecodeRecord((*held)->bytes) : DecodedRecord();
  const bool is_record = decoded.kind != RecordKind::kForeign;
  const Record& record = decoded.record;
  const std::string node = Bytes(terms.node_id).substr(4);
  const auto version_bytes = [](const Version& version) {
    return Bytes(version.timestamp) + Bytes(version.clock);
  };
  if (is_record) {
    const bool is_over = record.tombstone || record.ExpiredAt(now_ms - terms.clock_offset_ms);
    if (decoded.kind == RecordKind::kNewerFormat || !is_over) return "H" + (*held)->bytes;
    const std::optional<LeaseMark> mark = MarkIn((*held)->bytes);
    if (mark && mark->ends_ms > now_ms && mark->node == node) {
      if (mark->asker == Bytes(terms.asker)) {
        return "L" + version_bytes(mark->token) + version_bytes(record.version);
      }
      return "W" + Bytes(static_cast<uint64_t>(mark->ends_ms - now_ms));
    }
  }
  if (now_ms > terms.latest_ms) return "X";
  const Version seen = is_record ? record.version : Version();
  const Version token = TokenFor(seen, terms.floor);
  Record header;
  header.version = seen;
  header.expires_at_ms = is_record ? record.expires_at_ms : 0;
  header.tombstone = true;
  header.touched = is_record && record.touched;
  int64_t ends_ms = now_ms + terms.lease_ms;
  if (is_record) {
    const int64_t old_ms = (*held)->ends_ms;
    ends_ms = old_ms == 0 ? 0 : std::max(ends_ms, old_ms);
  }
  std::string bytes = EncodeRecord(header);
  bytes[3] = static_cast<char>(bytes[3] | 8);
  bytes += Bytes(static_cast<uint64_t>(now_ms + terms.lease_ms)) + version_bytes(token) + node +
           Bytes(terms.asker);
  *held = SetIfNewerTwin::Held{bytes, ends_ms};
  return "L" + version_bytes(token) + version_bytes(seen);
}

// What CheckLease answers: true for 1, the version for 16 bytes, nullopt for 0.
struct LeaseChecked {
  bool stands = false;
  std::optional<Version> held;
  friend bool operator==(const LeaseChecked&, const LeaseChecked&) = default;
};
inline LeaseChecked CheckLeaseOf(const Version& token, uint32_t node_id, int64_t now_ms,
                                 const std::optional<SetIfNewerTwin::Held>& held) {
  if (!held || (held->ends_ms != 0 && held->ends_ms <= now_ms)) return {};
  const DecodedRecord decoded = DecodeRecord(held->bytes);
  if (decoded.kind == RecordKind::kForeign) return {};
  const auto is_token = [&](const Version& version) {
    return version.timestamp == token.timestamp && SameClock(version.clock, token.clock);
  };
  if (is_token(decoded.record.version)) return {true, std::nullopt};
  const std::optional<LeaseMark> mark = MarkIn(held->bytes);
  if (mark && is_token(mark->token) && mark->node == Bytes(node_id).substr(4)) {
    return {true, std::nullopt};
  }
  return {false, decoded.record.version};
}

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_LEASE_TWIN_H_
