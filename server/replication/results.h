// What operations answer: plain values, free of protobuf.
#ifndef KACHE_SERVER_REPLICATION_RESULTS_H_
#define KACHE_SERVER_REPLICATION_RESULTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ring/node_id.h"
#include "server/cluster/node_state.h"
#include "server/replication/version.h"

namespace kache {

struct Receipt {
  Version version;            // zero where no record was found
  uint32_t acknowledged = 0;  // replicas that had answered when the operation was
  uint32_t required = 1;
  bool degraded = false;       // a home replica was skipped, late or failed
  std::optional<NodeId> node;  // the node that answered a read
  int64_t expires_at_ms = 0;   // Unix time; 0 = never
};

struct ReadResult {
  bool found = false;
  std::string value;
  int64_t ttl_ms = 0;    // what is left, at least 1; 0 = does not expire
  bool touched = false;  // its life was changed after it was written (touch.h)
  Receipt receipt;
};

// A miss: there was no live value, and nothing was done.
struct TouchResult {
  bool found = false;
  Receipt receipt;  // the version and the new end of the touched record
};

// What one node holds for a key.
struct ReplicaContent {
  enum class Kind : uint8_t {
    kNone,
    kValue,
    kTombstone,
    kExpired,      // past its expiry, kept to outlive older copies
    kForeign,      // not written by Kache
    kNewerFormat,  // written by a newer Kache
    kUnknown,      // the node did not answer; `error` says why
  };
  NodeId node;
  NodeState state = NodeState::kDown;
  Kind kind = Kind::kUnknown;
  Version version;
  int64_t expires_at_ms = 0;
  uint64_t value_bytes = 0;
  std::string error;
};

struct Location {
  uint64_t token = 0;
  size_t home_replicas = 0;              // the first of `replicas`
  std::vector<ReplicaContent> replicas;  // all nodes, in the order of the walk
  std::optional<NodeId> served_by;       // whom a read would ask first
};

// Called exactly once, on the thread of the key's shard. Errors:
//   UNAVAILABLE          no replica could be tried, or all that were tried failed; at QUORUM and
//                        ALL, fewer home replicas can be asked than the level needs (nothing was
//                        written)
//   DEADLINE_EXCEEDED    the deadline passed; a write may have been applied
//   RESOURCE_EXHAUSTED   the queues to all replicas that were tried are full
//   FAILED_PRECONDITION  the record was written by a newer Kache; or, with the reason kNodeLimit,
//                        the nodes' own limits do not allow the request
//   ABORTED              fewer replicas acknowledged than the level needs (ReceiptOf tells what was
//                        reached); a write lost against newer ones again and again; a stamped write
//                        lost to a newer version (SupersededOf tells which); no reachable home
//                        replica is as new as min_version
using ReadCallback = absl::AnyInvocable<void(absl::StatusOr<ReadResult>)>;
using WriteCallback = absl::AnyInvocable<void(absl::StatusOr<Receipt>)>;
using TouchCallback = absl::AnyInvocable<void(absl::StatusOr<TouchResult>)>;
using LocateCallback = absl::AnyInvocable<void(absl::StatusOr<Location>)>;

// An error that says what the operation reached all the same. `status` is not OK.
absl::Status WithReceipt(absl::Status status, const Receipt& receipt);
std::optional<Receipt> ReceiptOf(const absl::Status& status);

// Why a stamped write lost.
struct Superseded {
  // The newest version that a replica of the key holds; for a touch, what its stamp must be above.
  Version held;
  bool all_heard = false;  // as kache.v1.Superseded says
};

// Also sets the reason kSuperseded (base/error_details.h). `status` is not OK.
absl::Status WithSuperseded(absl::Status status, const Superseded& superseded);
std::optional<Superseded> SupersededOf(const absl::Status& status);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_RESULTS_H_
