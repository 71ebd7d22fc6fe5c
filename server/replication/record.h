// How a value stands in Redis: a header that never changes, then the value.
//
//   offset  bytes  field
//        0      2  magic 0x4B 0xAC
//        2      1  format, 1
//        3      1  flags: 0x01 = tombstone (a delete; no value follows)
//                         0x02 = a stand-in's copy
//                         0x04 = touched: its life was changed after it was written (touch.h)
//                         0x08 = beside 0x01: a lease stands here (lease.h)
//        4      8  version: timestamp, big-endian
//       12      8  version: coordinator, big-endian
//       20      8  expiry, milliseconds since the Unix epoch, big-endian; 0 = never
//       28         value
//
// The last 16 bits of the version are a hash of the tombstone's flag, expiry and value: the low
// bits of the first half of MurmurHash3 x64-128 over the record from offset 20 on, with that flag
// as seed. All coordinators compute it alike. The version of a touched record is made otherwise
// (touch.h), and has no such hash.
//
// The stand-in's flag says where a copy stands, and is no part of the content. So it is no part of
// the hash: all copies of one write have one version, wherever they stand. A release that does not
// know the flag reads such a copy like any other one.
//
// Scripts compare the magic and the version, so that records of later formats keep winning by
// version; and, where the versions are equal, the stand-in's flag. Pure functions.
#ifndef KACHE_SERVER_REPLICATION_RECORD_H_
#define KACHE_SERVER_REPLICATION_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/replication/version.h"

namespace kache {

inline constexpr size_t kRecordHeaderBytes = 28;
inline constexpr size_t kRecordVersionOffset = 4;
inline constexpr size_t kRecordVersionBytes = 16;
inline constexpr char kRecordMagic[] = "\x4B\xAC";
inline constexpr uint8_t kRecordFormat = 1;

struct Record {
  Version version;
  int64_t expires_at_ms = 0;  // 0 = never
  bool tombstone = false;
  std::string_view value;
  // On a node that stands in for a home replica of the key. At equal versions a copy without this
  // replaces one with it.
  bool stand_in = false;
  // The version tells when it was touched.
  bool touched = false;

  bool ExpiredAt(int64_t now_ms) const { return expires_at_ms != 0 && expires_at_ms <= now_ms; }
};

enum class RecordKind : uint8_t {
  kRecord,
  kForeign,      // not written by Kache
  kNewerFormat,  // by a newer Kache: only `version` is known
};

struct DecodedRecord {
  RecordKind kind = RecordKind::kForeign;
  Record record;  // `value` points into the decoded bytes
};

// With the version as it is.
std::string EncodeRecord(const Record& record);
// Puts the hash of the content into the version first.
std::string EncodeStamped(Record* record);
DecodedRecord DecodeRecord(std::string_view bytes);

// The same record as a stand-in's copy, or as none. Requires: DecodeRecord says kRecord.
std::string WithStandInFlag(std::string_view bytes, bool stand_in);

// The 16 bytes of a version within a record, as scripts return them; nullopt for another length.
std::optional<Version> DecodeVersion(std::string_view bytes);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_RECORD_H_
