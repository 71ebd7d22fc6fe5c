// The Lua scripts of the data path, each atomic on its server. Those that heal are in
// server/recovery/copy_scripts.h.
//
// All instants are milliseconds since the Unix epoch by the node's own clock; "when a key ends" 0 =
// never.
#ifndef KACHE_SERVER_REPLICATION_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_SCRIPTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/redis/command.h"

namespace kache {

// Stores a record unless the key holds one with a higher version.
//   KEYS[1]  the key
//   KEYS[2]  the node's marker; may be left out
//   ARGV[1]  the record
//   ARGV[2]  on which terms (store_terms.h)
// Answers
//   1                the record is stored, or the very same version was there (a stand-in's copy of
//                    it is replaced by one that is none: record.h);
//   16 bytes         the version that is held, which is newer;
//   0                its end has passed: it is not stored, and what it beats is removed;
//   -1               it came after the latest instant of its terms: nothing is done.
// A value that Kache did not write is replaced.
const redis::Script& SetIfNewer();

// What SetIfNewer answers, beside a version.
inline constexpr int64_t kStoredReply = 1;
inline constexpr int64_t kLifeOverReply = 0;
inline constexpr int64_t kTooLateReply = -1;

// Reads a record with all that a copy of it needs, and whether the node is whole.
//   KEYS[1]  the key
//   KEYS[2]  the node's marker
//   ARGV[1]  how the marker of a whole node begins
// Answers the record (nil = none), when the key ends, and 1 when the node is whole, else 0.
const redis::Script& ReadWithMarker();

// The same of a node that may be fenced.
//   KEYS[3]  the progress of a resync (KeySpace::ResyncProgress)
//   ARGV[2]  for how long a node may lack writes, at most (ms)
// Answers likewise, but 2 where the node is fenced, has kept its memory, and lacks writes for no
// longer.
const redis::Script& ReadWithMemory();

// What both say of the node, beside 0.
inline constexpr int64_t kIsWhole = 1;
inline constexpr int64_t kIsBehind = 2;

// All of the above, to be loaded on every connection.
std::vector<const redis::Script*> AllScripts();

// Pieces of Lua that other scripts are made of.
//   set_if_newer(key, record, ends, limit, latest, marker, terms, least)
//                 as SetIfNewer; the instants are numbers, as `terms` has them; what follows
//                 `latest` may be left out
//   end_of(key)   when the key ends
//   now_ms()      the node's clock
std::string SetIfNewerFunction();
std::string EndOfFunction();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_SCRIPTS_H_
