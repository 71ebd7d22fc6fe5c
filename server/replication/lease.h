// Leases: one caller at a time fills a key that is missing (ADR 25). Plain values and pure
// functions; the scripts are in lease_scripts.h.
//
// A lease is a mark in the place of the key's record, on the key's first home replica that is UP:
//
//   offset  bytes  field
//        0     28  a record's header (record.h), with the flags of a tombstone and of a lease. The
//                  version and expiry of what was there, a tombstone or an ended value; zero where
//                  nothing was: every record beats that.
//       28      8  when the lease ends: Unix ms, the node's clock
//       36     16  the token's version; its lowest 16 bits are 0
//       52      4  HashRing::WireId of the node: a mark that was copied to another one is none
//       56      8  who asked: a command that is carried out twice finds its own lease
//
// A mark reads as a tombstone, also by releases that do not know it. Every write replaces it.
#ifndef KACHE_SERVER_REPLICATION_LEASE_H_
#define KACHE_SERVER_REPLICATION_LEASE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "server/replication/version.h"

namespace kache {

inline constexpr size_t kLeaseMarkBytes = 64;

// The longest lease: a tombstone that came meanwhile outlives it on every node.
absl::Duration LongestLease(absl::Duration max_write_age, absl::Duration max_clock_skew);

// Whether the header of a record is that of a mark.
bool IsLeaseMark(std::string_view header);

// The token of a lease that is given where `seen` is held (zero = nothing): above it, and below all
// that is stamped from then on. `floor`: cluster time less the skew, and the coordinator's clock.
Version TokenFor(const Version& seen, const Version& floor);

// What a node is told. Instants are Unix ms by the node's clock.
struct LeaseTerms {
  Version floor;                // as TokenFor's
  int64_t lease_ms = 0;         // how long the lease lasts
  int64_t latest_ms = 0;        // the last instant at which it may be given
  int64_t clock_offset_ms = 0;  // how far the node's clock is ahead of cluster time
  uint32_t node_id = 0;         // HashRing::WireId
  uint64_t asker = 0;           // random, of one operation
};
std::string EncodeLeaseTerms(const LeaseTerms& terms);

// What a node said.
enum class LeaseSaid : char {
  kLive = 'H',     // it holds a value, or a record that this release does not know
  kGiven = 'L',    // the caller has the lease now, or had it before
  kHeld = 'W',     // another one has it
  kTooLate = 'X',  // nothing was done
};
struct LeaseAnswer {
  LeaseSaid said = LeaseSaid::kTooLate;
  std::string_view record;  // of kLive: points into the answer
  Version token;            // of kGiven
  Version held;         // of kGiven: the tombstone or ended value that it stands on; may be zero
  int64_t left_ms = 0;  // of kHeld: until the lease ends, at least 1
};
// `bytes`: what LeaseScript answered. Something else is nullopt.
std::optional<LeaseAnswer> DecodeLeaseAnswer(std::string_view bytes);

// How CheckLease is told of a token, and of the node.
std::string EncodeLeaseCheck(const Version& token, uint32_t node_id);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_LEASE_H_
