// The Lua scripts that leave hints with writes, and take them for a replay, each atomic on its
// node. What a hint is: server/bookkeeping/hint_set.h.
#ifndef KACHE_SERVER_REPLICATION_HINT_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_HINT_SCRIPTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/redis/command.h"

namespace kache {

// A write that home replicas missed: stores the record as SetIfNewer does, and leaves the hints, in
// one step. Where something newer is held, no hint is left: the newer write has its own.
//   KEYS  the key, the marker, a set of hints for each node that missed the write
//   ARGV  the record and its terms, as for SetIfNewer (where they do not say how a whole node's
//         marker begins, the marker makes no difference); until when the key is kept at least
//         (Unix ms by the node's clock; 0 = its end stays); the hint; the bound of each set
// Answers as SetIfNewer. A hint that could not be left is no error: the set shows that it is
// missing.
const redis::Script& SetWithHints();

// For a write that home replicas missed as it turned out later, behind that write on the same
// connection: where the key holds that very version, leaves the hints, and sees that the key does
// not end before `kept_until`.
//   KEYS  the key, a set of hints for each node that missed the write
//   ARGV  version (16 bytes), kept_until (Unix ms by the node's clock; 0 = its end stays), the
//         hint, the bound
// Answers 1 where the version was held, else 0.
const redis::Script& LeaveHints();

// Notes that a node misses writes (missed_note.h), and writes the coordinator's sentinel, in one
// step. Where its note stands already, but not its sentinel, hints were evicted: an overflow.
//   KEYS  set of hints, missed       ARGV  the coordinator, the note's field, its value
const redis::Script& OpenHints();

// Writes a note that was lost again. The hints may have gone with it: an overflow.
//   KEYS, ARGV  as OpenHints
const redis::Script& ReassertNote();

// Takes the hints of a set for a replay; further ones go to a new set. Hints that another replay
// took, and has not removed, go first.
//   KEYS  set of hints, missed, set of those taken       ARGV  the name of the node, the job
// Answers a TakenHints.
const redis::Script& TakeHints();

// Removes the hints that this job took, once all were replayed. Answers 1, also where that was done
// before, by the same command on a connection that was lost; or 0 where they are not there any
// more: some of them may have been evicted before they were read, so that is an overflow.
//   KEYS  set of hints, set of those taken       ARGV  the job
const redis::Script& FinishHints();

// Some hints could not be left where they belong: an overflow.
//   KEYS  set of hints
const redis::Script& MarkOverflow();

// Begins anew, ahead of a comparison with all other nodes for this fence. Hints that came since
// that was done for the same fence stay.
//   KEYS  set of hints, set of those taken       ARGV  the fence, the job
const redis::Script& ResetHints();

// That comparison is done: what was missed since is hinted. Writes the sentinels of those
// coordinators whose notes stand.
//   KEYS  set of hints, missed       ARGV  the fence, the job, the name of the node, coordinators
//                                          that live and leave hints...
// Answers 1; or 0 where the set is not what this job's ResetHints made of it.
const redis::Script& EndComparison();

// What TakeHints answers.
enum class TakenHints : int64_t {
  kNone = 0,      // there is no set: nobody said on this node that the other one misses writes
  kTaken = 1,     // the set of those taken is to be replayed
  kEmpty = 2,     // there is none at present, but further ones may come
  kOverflow = 3,  // some are missing
};

// Where other scripts leave hints with what they write: Lua functions, behind EndOfFunction().
//   keep(until_ms)           sees that KEYS[1] does not end before
//   hint(key, bound, first)  leaves the hint of that user key in the sets that are KEYS from
//   `first`
std::string HintFunctions();

std::vector<const redis::Script*> HintScripts();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_HINT_SCRIPTS_H_
