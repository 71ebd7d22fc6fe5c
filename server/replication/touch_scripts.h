// The Lua scripts of touches (touch.h), each atomic on its server. They send no values.
#ifndef KACHE_SERVER_REPLICATION_TOUCH_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_TOUCH_SCRIPTS_H_

#include "server/redis/command.h"

namespace kache {

// Changes the life of the value that was seen, where the node holds it, touched before or not, and
// nothing newer.
//   KEYS  the key, a set of hints for each node that misses the touch
//   ARGV  TouchTerms; and beside hints: until when the key is kept at least (Unix ms by the node's
//         clock; 0 = its end stays), the hint, and of each set how many members and how many bytes
//         it may have, as for SetWithHints
// Answers TouchAnswer: a letter, and the header of what the node holds then. Hints are left where
// the letter is that of kTouched; where one could not be left, the answer is an array of that and
// of why (Redis's error).
//
// A life that is shortened is remembered as set-if-newer does it: the key is kept until its old end
// or the limit, whichever is earlier; and until the limit where the node may not know of the life
// that ends, or holds an older touch of the value than the one that was seen. The key of a
// stand-in's copy never ends later than the stand-in's time after the value's stamp, and one that
// would is left alone where that has passed.
const redis::Script& TouchScript();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_TOUCH_SCRIPTS_H_
