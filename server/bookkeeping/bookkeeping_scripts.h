// The Lua scripts by which nodes are inspected, fenced and made whole, each atomic on its server.
// Times are milliseconds since the Unix epoch by the node's own clock, unless said otherwise;
// numbers that may be large travel as text.
//
// Where a script takes the node's `run_id`, it is the one that INFO tells inside the script.
#ifndef KACHE_SERVER_BOOKKEEPING_BOOKKEEPING_SCRIPTS_H_
#define KACHE_SERVER_BOOKKEEPING_BOOKKEEPING_SCRIPTS_H_

#include <string>
#include <vector>

#include "server/redis/command.h"

namespace kache {

// All that one inspection of a node reads, in one command; and this coordinator's heartbeat, which
// is written only where the marker is of our ring and of the process that runs, and this
// coordinator was not declared lost.
//   KEYS  marker, ring, coordinators, missed, resync lease, resync progress, lost, sweep lease,
//         sweep, members, not whole, heartbeats, lost coordinators
//   ARGV  coordinator, the interval of its heartbeats (ms), the fence that it has drained for, its
//         ring, the names of the nodes that are not whole (empty = all are), how long that is to
//         stand (ms), HeartbeatText
// Answers as inspection.h reads it.
const redis::Script& InspectScript();

// Writes the marker that Redis evicted, where there is none: if the same process runs, and was not
// told to drop its data since. Answers 1 when it was written, 0 when not, or Redis's error.
//   KEYS  marker       ARGV  run_id, Inspection::emptied, the marker
const redis::Script& RestoreScript();

// Writes the marker of a node that is whole, where there is none.
//   KEYS  marker, ring, sweep       ARGV  ring, name, description of the ring
const redis::Script& InitScript();

// Marks the node as one that may lack writes. Answers the marker that stands then.
//   KEYS  marker, ring, coordinators, heartbeats, resync progress
//   ARGV  ring, name, description of the ring, mode, since (by the caller's clock; 0 = not known),
//         the highest fence of the node that the caller knows of, "lost" where the node's memory
//         can't be trusted though the process is the same, else "kept"
// Notes in the progress whether the process that runs has kept its memory since it was whole
// (Inspection::progress).
// Modes: "if_wrong": only when the marker is missing, or of another ring, name or process;
// "always"; or the fence of a marker that must still stand.
const redis::Script& FenceScript();

// Takes or keeps a lease, or, with a life of 0, gives it back. Answers 1 when the caller has it.
//   KEYS  lease       ARGV  coordinator, life (ms)
const redis::Script& LeaseScript();

// Lifts the fence, if it is still the same one on the same process, and the caller has the lease.
// Answers 1 when lifted.
//   KEYS  marker, resync lease, resync progress
//   ARGV  run_id, fence, coordinator, for how long a node may lack writes and still be trusted to
//         have had those before (ms)
const redis::Script& LiftScript();

// Notes that the resync of a fence has brought all that one source holds, if that fence still
// stands on the same process, and the caller has the lease. Answers 1 when noted.
//   KEYS  marker, resync lease, resync progress
//   ARGV  run_id, fence, coordinator, the source's name, the source's run_id
const redis::Script& NoteSourceScript();

// Notes how far the comparison with one source has come (resync_checkpoint.h), under the same
// conditions. What an earlier resync of the fence has brought of all that the source holds no
// longer counts: this one began anew. Answers 1 when noted.
//   KEYS  marker, resync lease, resync progress
//   ARGV  run_id, fence, coordinator, the source's name, CheckpointText
const redis::Script& NoteCheckpointScript();

// Removes a field of a hash whose value begins with a number not above ARGV[2], or, where that is
// empty, whatever its value.
//   KEYS  hash       ARGV  field, number
const redis::Script& ForgetScript();

// Lua that says whose memory a script reads: the locals `run_id`, text, and `emptied`, a number
// (Inspection::emptied).
std::string ProcessMemoryPiece();

// To be loaded on every connection that runs them.
std::vector<const redis::Script*> BookkeepingScripts();

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_BOOKKEEPING_SCRIPTS_H_
