// Decorators of the seam to Redis that break one protection each.
#ifndef KACHE_TESTS_CHAOS_BROKEN_BROKEN_CLIENT_H_
#define KACHE_TESTS_CHAOS_BROKEN_BROKEN_CLIENT_H_

#include <memory>
#include <optional>
#include <string_view>

#include "server/redis/node_client.h"

namespace kache::testing {

enum class Fault {
  kFence,
  kMarker,
  kSetIfNewer,
  kTombstones,
  kShortenedLife,
  kAcknowledgements,
  kReadRepair,
  kCopies,
  kCopiedExpiry,
  kNil,
  kDrain,
  kLease,
  kSweep,
  kStandIns,
  kHints,
};

// As main.cc lists them.
std::optional<Fault> ParseFault(std::string_view name);

// `client` outlives the result.
std::unique_ptr<redis::NodeClient> Break(redis::NodeClient& client, Fault fault);

}  // namespace kache::testing

#endif  // KACHE_TESTS_CHAOS_BROKEN_BROKEN_CLIENT_H_
