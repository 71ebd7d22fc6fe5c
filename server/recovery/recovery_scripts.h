// The Lua scripts by which nodes are checked, fenced, refilled and swept, each atomic on its
// server. Times are milliseconds since the Unix epoch by the node's own clock, unless said
// otherwise; numbers that may be large travel as text.
//
// Where a script takes the node's `run_id`, it is the one that INFO tells inside the script.
#ifndef KACHE_SERVER_RECOVERY_RECOVERY_SCRIPTS_H_
#define KACHE_SERVER_RECOVERY_RECOVERY_SCRIPTS_H_

#include <vector>

#include "server/redis/command.h"

namespace kache {

// All that one check of a node reads, in one command; and this coordinator's sign of life, which is
// written only where the marker is of the process that runs.
//   KEYS  marker, ring, coordinators, missed, resync lease, resync progress, forsaken, sweep lease,
//         sweep, members, not whole
//   ARGV  coordinator, its check interval (ms), the sync up to which its writes have settled, the
//         ring's fingerprint as text, the names of the nodes that are not whole (empty = all are),
//         how long that is to stand (ms)
// Answers as look.h reads it.
const redis::Script& LookScript();

// Writes the marker of a node that is whole, where there is none.
//   KEYS  marker, ring, sweep       ARGV  ring, name, description of the ring
const redis::Script& InitScript();

// Marks the node as one that may lack writes. Answers the marker that stands then.
//   KEYS  marker, ring, coordinators, resync progress
//   ARGV  ring, name, description of the ring, mode, since (by the caller's clock; 0 = not known)
// Modes: "if_wrong": only when the marker is missing, or of another ring, name or process;
// "always"; or the sync of a marker that must still stand.
const redis::Script& FenceScript();

// Takes or keeps a lease, or, with a life of 0, gives it back. Answers 1 when the caller has it.
//   KEYS  lease       ARGV  coordinator, life (ms)
const redis::Script& LeaseScript();

// Lifts the fence, if it is still the same one on the same process, and the caller has the lease.
// Answers 1 when lifted.
//   KEYS  marker, resync lease, resync progress       ARGV  run_id, sync, coordinator
const redis::Script& LiftScript();

// Notes that the resync of a fence has brought all that one source holds, if that fence still
// stands on the same process, and the caller has the lease. Answers 1 when noted.
//   KEYS  marker, resync lease, resync progress
//   ARGV  run_id, sync, coordinator, the source's name, the source's run_id
const redis::Script& NoteSourceScript();

// Removes a field of a hash whose value begins with a number not above ARGV[2], or, where that is
// empty, whatever its value.
//   KEYS  hash       ARGV  field, number
const redis::Script& ForgetScript();

// How each of KEYS begins, whatever it holds.
//   ARGV  how many bytes at most
// Answers two arrays: the beginnings (empty = no such key; an error for what is no string), and the
// lengths of those alone that are that long or longer, in order.
const redis::Script& PeekScript();

// The first 28 bytes of each of KEYS, whatever it holds; an error for what is no string.
const redis::Script& HeadersScript();

// For each of KEYS: the record (nil = none), and when the key ends, as text.
const redis::Script& FetchScript();

// SetIfNewer for each of KEYS.
//   ARGV  latest (as SetIfNewer's, but for all of them), then record, end, limit for each
// Answers how many it wrote: the others were held in that version, in a newer one, or had ended.
// The first error ends it. kTooLateReply (replication/scripts.h) after `latest`: nothing is done.
const redis::Script& StoreScript();

// Removes each of KEYS that holds exactly the version named.
//   ARGV  latest (as above), then 16 bytes for each
// Answers how many, or kTooLateReply.
const redis::Script& RemoveScript();

// To be loaded on every connection of the recovery.
std::vector<const redis::Script*> RecoveryScripts();

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RECOVERY_SCRIPTS_H_
