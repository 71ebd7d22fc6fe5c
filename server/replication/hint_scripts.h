// The Lua scripts that leave hints with writes, and take them for a replay, each atomic on its
// node. What a hint is: server/bookkeeping/hint_set.h.
#ifndef KACHE_SERVER_REPLICATION_HINT_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_HINT_SCRIPTS_H_

#include <cstdint>
#include <vector>

#include "server/redis/command.h"

namespace kache {

// A write that home replicas missed: stores the record as SetIfNewer does, and leaves the hints, in
// one step. Where the record is not stored, as something newer is held, no hint is left: the newer
// write has its own.
//   KEYS  the key, the marker, a set of hints for each node that missed the write
//   ARGV  as SetIfNewer's five, the last of which may be empty: then the marker makes no
//   difference;
//         the hint; the bound of each set
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

// Notes that a node misses writes (missed_note.h), and writes the sentinel of its hints, in one
// step. Where a note about it stands already, and no set, or a set without its sentinel, that set
// was evicted: it is marked as overflowed.
//   KEYS  set of hints, missed       ARGV  the name of the node, the note's field, its value
const redis::Script& OpenHints();

// Takes the hints of a set for a replay; further ones go to a new set. Those of a replay that broke
// off go first.
//   KEYS  set of hints, missed, set of those taken       ARGV  the name of the node
// Answers a TakenHints.
const redis::Script& TakeHints();

// Removes the hints that were taken, once all were replayed. Answers 1; or 0 where they are not
// there any more: some of them may have been evicted before they were read, so that is an overflow.
//   KEYS  set of hints, set of those taken
const redis::Script& FinishHints();

// Marks a set as overflowed: some hints could not be left where they belong.
//   KEYS  set of hints
const redis::Script& MarkOverflow();

// Writes a note that was lost again. The hints may have gone with it: the set is marked as
// overflowed.
//   KEYS, ARGV  as OpenHints
const redis::Script& ReassertNote();

// Begins anew after an overflow, ahead of a full comparison: what is missed from now on is hinted.
//   KEYS  set of hints, set of those taken
const redis::Script& ResetHints();

// What TakeHints answers.
enum class TakenHints : int64_t {
  kNone = 0,      // nobody says on this node that the other one misses writes
  kTaken = 1,     // the set of those taken is to be replayed
  kEmpty = 2,     // there is none at present, but further ones may come
  kOverflow = 3,  // some are missing: evicted, or too many
};

std::vector<const redis::Script*> HintScripts();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_HINT_SCRIPTS_H_
