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
//         (Unix ms by the node's clock; 0 = its end stays); the hint; of each set, how many members
//         and how many bytes it may have (0 or left out = as many as it takes)
// Answers as SetIfNewer; or an array of 1 and why a hint could not be left (Redis's error), where
// the record is stored without it. A set that overflows shows that itself, and is no such error.
const redis::Script& SetWithHints();

// For a write that home replicas missed as it turned out later, behind that write on the same
// connection: where the key holds that very version, leaves the hints, and sees that the key does
// not end before `kept_until`.
//   KEYS  the key, a set of hints for each node that missed the write
//   ARGV  version (16 bytes), kept_until (Unix ms by the node's clock; 0 = its end stays), the
//         hint, the bounds of each set
// Answers 1 where the version was held, else 0; an error where a hint could not be left.
const redis::Script& LeaveHints();

// Notes that a node misses writes (missed_note.h), and writes the coordinator's sentinel, in one
// step. Where its note stands already, but not its sentinel, hints were evicted: an overflow. The
// note is written also where Redis refuses what the set needs.
//   KEYS  set of hints, missed       ARGV  the coordinator, the note's field, its value
const redis::Script& OpenHints();

// Writes a note that was lost again. The hints may have gone with it: an overflow.
//   KEYS, ARGV  as OpenHints
const redis::Script& ReassertNote();

// The same, unless the note stands.
const redis::Script& RestoreNote();

// Takes the hints of a set for a replay; further ones go to a new set. Hints that another replay
// took, and has not removed, go first.
//   KEYS  set of hints, missed, set of those taken       ARGV  the name of the node, the job
// Answers a TakenHints.
const redis::Script& TakeHints();

// The same on a node that refuses writes, and so gets no hints meanwhile: nothing is taken, and the
// sets are read where they stand.
//   KEYS  as TakeHints               ARGV  the name of the node
// Answers a TakenHints.
const redis::Script& PeekHints();

// Tries each command that the scripts about hints, and those who read the sets, need, on two keys
// that hold nothing.
//   KEYS  two keys of this script's own
// Answers the names of those that Redis does not let this user run, with blanks between; empty =
// none.
const redis::Script& CheckHintRights();

// Removes the hints that this job took, once all were replayed. Answers 1, also where that was done
// before, by the same command on a connection that was lost; or 0 where they are not there any
// more: some of them may have been evicted before they were read, so that is an overflow.
//   KEYS  set of hints, set of those taken       ARGV  the job
const redis::Script& FinishHints();

// Some hints could not be left where they belong: an overflow.
//   KEYS  set of hints
const redis::Script& MarkOverflow();

// Ahead of a comparison with all other nodes for this fence. Where one was begun for the same
// fence, the hints that came since stay; else they begin anew, unless that would hide that some are
// missing which this comparison does not make up for.
//   KEYS  set of hints, set of those taken       ARGV  the fence, the job, a ComparedFrom
// Answers 1; or 0 where hints are missing: an overflow.
const redis::Script& ResetHints();

// That comparison is done: what was missed since is hinted. Writes the sentinels of those
// coordinators whose notes stand.
//   KEYS  set of hints, missed       ARGV  the fence, the job, the name of the node, coordinators
//                                          that live and leave hints...
// Answers 1; or 0 where the set is not what this job's ResetHints made of it.
const redis::Script& EndComparison();

// How much of what hints have named before does a comparison bring? As ResetHints is told.
inline constexpr char kComparedFromStart[] = "start";  // all: it begins with every source
// All that this node holds; of what others hold an earlier comparison for the fence has brought a
// part. An overflow stays, as its hints may have been lost elsewhere.
inline constexpr char kSourceFromStart[] = "source";
// What is left of what this node holds: the hints of an earlier comparison for the fence must
// stand.
inline constexpr char kComparedOn[] = "on";

// What TakeHints and PeekHints answer.
enum class TakenHints : int64_t {
  kNone = 0,         // there is no set: nobody said on this node that the other one misses writes
  kTaken = 1,        // the set of those taken is to be replayed
  kEmpty = 2,        // there is none at present, but further ones may come
  kOverflow = 3,     // some are missing
  kInPlace = 4,      // the set itself is to be replayed
  kBothInPlace = 5,  // and that of those taken before
};

// Where other scripts leave hints with what they write: Lua functions, behind EndOfFunction().
//   keep(until_ms)                 sees that KEYS[1] does not end before
//   hint(key, most, bytes, first)  leaves the hint of that user key in the sets that are KEYS from
//                                  `first` on, of so many members and bytes at most
// Both answer Redis's error where that could not be done, else nil; none ends the script.
std::string HintFunctions();

std::vector<const redis::Script*> HintScripts();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_HINT_SCRIPTS_H_
