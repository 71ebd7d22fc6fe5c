// Leases on a node: which coordinator resyncs it, and which sweeps it.
#ifndef KACHE_SERVER_RECOVERY_LEASE_H_
#define KACHE_SERVER_RECOVERY_LEASE_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "server/recovery/recovery_context.h"

namespace kache {

inline constexpr absl::Duration kLeaseLife = absl::Seconds(8);
inline constexpr absl::Duration kLeaseKept = absl::Seconds(1);  // how often it is renewed

// Takes or keeps the lease. `done` is told only of answers: while there is none, the lease may well
// be kept.
void TakeLease(RecoveryContext& context, NodeId node, const std::string& lease,
               absl::AnyInvocable<void(bool has_it)> done);
void GiveLeaseBack(RecoveryContext& context, NodeId node, const std::string& lease);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_LEASE_H_
