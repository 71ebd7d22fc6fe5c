// The Lua scripts by which records are copied from node to node, each atomic on its server. Times
// are milliseconds since the Unix epoch by the node's own clock; numbers that may be large travel
// as text.
#ifndef KACHE_SERVER_RECOVERY_COPY_SCRIPTS_H_
#define KACHE_SERVER_RECOVERY_COPY_SCRIPTS_H_

#include <vector>

#include "server/redis/command.h"

namespace kache {

// How each of KEYS begins, whatever it holds.
//   ARGV  how many bytes at most
// Answers two arrays: the beginnings (empty = no such key; an error for what is no string), and the
// lengths of those alone that are that long or longer, in order.
const redis::Script& PeekScript();

// The first 28 bytes of each of KEYS, whatever it holds; an error for what is no string.
const redis::Script& HeadersScript();

// The same of all KEYS but the first, the marker, by whose memory: answers run_id,
// Inspection::emptied as text, the marker (empty = there is none), and what HeadersScript answers.
const redis::Script& WitnessScript();

// For each of KEYS: the record (nil = none), and when the key ends, as text.
const redis::Script& FetchScript();

// When each of KEYS ends, as text.
const redis::Script& EndsScript();

// SetIfNewer for each of KEYS.
//   ARGV  latest (as SetIfNewer's, but for all of them), then record, end, limit for each
// Answers how many it wrote: the others were held in that version, in a newer one, or had ended.
// The first error ends it. kTooLateReply (replication/scripts.h) after `latest`: nothing is done.
const redis::Script& StoreScript();

// The same of records each of which has an instant of its own after which it is passed over.
//   ARGV  latest, then record, end, limit, that instant for each
const redis::Script& StoreInTimeScript();

// Removes each of KEYS that holds exactly the version named.
//   ARGV  latest (as above), then 16 bytes for each
// Answers how many, or kTooLateReply.
const redis::Script& RemoveScript();

// To be loaded on every connection of the recovery.
std::vector<const redis::Script*> CopyScripts();

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_COPY_SCRIPTS_H_
