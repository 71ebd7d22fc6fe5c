// The Lua scripts of leases (lease.h), each atomic on its node.
#ifndef KACHE_SERVER_REPLICATION_LEASE_SCRIPTS_H_
#define KACHE_SERVER_REPLICATION_LEASE_SCRIPTS_H_

#include "server/redis/command.h"

namespace kache {

// Reads the key's value; where it is missing, gives a lease on it, unless another caller has one.
//   KEYS[1]  the key
//   ARGV[1]  LeaseTerms
// Answers what DecodeLeaseAnswer reads: a letter, and
//   H  the record
//   L  the token's version, and that of what it stands on (16 bytes each)
//   W  for how many milliseconds the lease lasts still (8 bytes)
//   X  nothing: it came after the latest instant of its terms
// The key of a mark lives as long as the lease; the key of what it replaces no shorter than before.
// A value that Kache did not write is replaced.
const redis::Script& LeaseScript();

// Whether a fill may still be stored.
//   KEYS[1]  the key
//   ARGV[1]  EncodeLeaseCheck of the token
// Answers
//   1         the mark of that token stands, or a record of that stamp;
//   16 bytes  the version of what is held instead; zero where that is another lease on nothing;
//   0         nothing is held.
const redis::Script& CheckLease();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_LEASE_SCRIPTS_H_
