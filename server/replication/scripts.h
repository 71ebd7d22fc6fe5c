// The Lua scripts that Kache runs inside Redis, each atomic on its server.
#ifndef KACHE_SERVER_REPLICATION_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_SCRIPTS_H_

#include <vector>

#include "server/redis/command.h"

namespace kache {

// Stores a record unless the key holds one with a higher version.
//   KEYS[1]  the key
//   ARGV[1]  the record
//   ARGV[2]  when the key is to end, in milliseconds since the Unix epoch; 0 = never
//   ARGV[3]  grace in milliseconds: where the record that it replaces would have lived longer than
//            ARGV[2], the key is kept until min(its old end, ARGV[2] + grace), so that the record
//            still beats older copies elsewhere. 0 = none.
// Answers 1 when the record is stored (or the very same version was there), else the 16 bytes of
// the version that is held. A value that Kache did not write is replaced. An end that has passed
// is never given to Redis: the record is then not stored, and what it beats is removed.
const redis::Script& SetIfNewer();

// All scripts, to be loaded on every connection.
std::vector<const redis::Script*> AllScripts();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_SCRIPTS_H_
