// The Lua scripts of touches (touch.h), each atomic on its server. They send no values.
#ifndef KACHE_SERVER_REPLICATION_TOUCH_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_TOUCH_SCRIPTS_H_

#include "server/redis/command.h"

namespace kache {

// Changes the life of the value that was seen, where the node holds it, touched before or not, and
// nothing newer.
//   KEYS[1]  the key
//   ARGV[1]  TouchTerms
// Answers TouchAnswer: a letter, and the header of what the node holds then.
//
// A life that is shortened is remembered as set-if-newer does it: the key is kept until its old end
// or the limit, whichever is earlier. The key of a stand-in's copy never ends later than the
// stand-in's time after the value's stamp, and one that would is left alone where that has passed.
const redis::Script& TouchScript();

// Reads a record's header, and whether the node is whole.
//   KEYS[1]  the key
//   KEYS[2]  the node's marker
//   ARGV[1]  how the marker of a whole node begins
// Answers '1' when the node is whole, else '0'; and the first 28 bytes of what it holds (nothing of
// a value of another type).
const redis::Script& LookScript();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_TOUCH_SCRIPTS_H_
