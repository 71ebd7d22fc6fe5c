// On which terms a node stores a record: what the script set-if-newer (scripts.h) is told beside
// the record, in one argument, as each argument costs Redis some 2 % of a write.
//
//   offset  bytes  field
//        0      8  ends, big-endian
//        8      8  limit, big-endian
//       16      8  latest, big-endian
//       24      8  least, big-endian
//       32         whole
//
// Pure. Thread-safe.
#ifndef KACHE_SERVER_REPLICATION_STORE_TERMS_H_
#define KACHE_SERVER_REPLICATION_STORE_TERMS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace kache {

// Instants are milliseconds since the Unix epoch by the node's clock, 0 = never; none is negative.
struct StoreTerms {
  int64_t ends_ms = 0;  // when the key is to end
  // Where the record that it replaces would have lived longer than `ends_ms`, the key is kept until
  // min(its old end, this), so that the record still beats older copies elsewhere. 0 = it is not
  // kept longer.
  int64_t limit_ms = 0;
  // The last instant at which the record may still be stored where the key holds no record; 0 =
  // whenever. A write or copy that was held up for so long (its sender stood still, or the node)
  // may be older than a tombstone that has ended meanwhile. Where the key holds a record the
  // versions decide.
  int64_t latest_ms = 0;
  // How the marker of a whole node begins, where the script is told the marker's key. Where the key
  // holds no record, and the node's marker begins otherwise, the key is kept until `limit_ms`: the
  // node has lost the memory of what it held, or lacks something.
  std::string_view whole = {};
  // How long the key is kept once it is stored, at least (milliseconds), where it ends: a replica
  // that turns out to have missed the record is noted on those that still have it.
  int64_t least_ms = 0;
};

std::string EncodeTerms(const StoreTerms& terms);

// `whole` points into `bytes`. Requires: EncodeTerms made them.
StoreTerms DecodeTerms(std::string_view bytes);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_STORE_TERMS_H_
