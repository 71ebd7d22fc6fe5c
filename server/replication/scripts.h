// The Lua scripts of the data path, each atomic on its server. Those that heal are in
// server/recovery/recovery_scripts.h.
//
// "When a key ends" is in milliseconds since the Unix epoch; 0 = never.
#ifndef KACHE_SERVER_REPLICATION_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_SCRIPTS_H_

#include <string>
#include <vector>

#include "server/redis/command.h"

namespace kache {

// Stores a record unless the key holds one with a higher version.
//   KEYS[1]  the key
//   ARGV[1]  the record
//   ARGV[2]  when the key is to end
//   ARGV[3]  limit: where the record that it replaces would have lived longer than ARGV[2], the key
//            is kept until min(its old end, limit), so that the record still beats older copies
//            elsewhere. 0 = it is not kept longer.
// Answers 1 when the record is stored (or the very same version was there), else the 16 bytes of
// the version that is held. A value that Kache did not write is replaced. An end that has passed
// is never given to Redis: the record is then not stored, and what it beats is removed.
const redis::Script& SetIfNewer();

// Reads a record with all that a copy of it needs, and whether the node is whole.
//   KEYS[1]  the key
//   KEYS[2]  the node's marker
//   ARGV[1]  how the marker of a whole node begins
// Answers the record (nil = none), when the key ends, and 1 when the node is whole, else 0.
const redis::Script& ReadWithMarker();

// All of the above, to be loaded on every connection.
std::vector<const redis::Script*> AllScripts();

// Pieces of Lua that other scripts are made of.
//   set_if_newer(key, record, ends, limit)  as SetIfNewer; `ends` and `limit` are numbers
//   end_of(key)                             when the key ends
std::string SetIfNewerFunction();
std::string EndOfFunction();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_SCRIPTS_H_
