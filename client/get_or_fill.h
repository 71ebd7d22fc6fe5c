// Client::GetOrFill over a transport: asks for a value or a lease, fills in the one caller that has
// the lease, and waits in all others, a little at a time, so that no server seems to stand still.
#ifndef KACHE_CLIENT_GET_OR_FILL_H_
#define KACHE_CLIENT_GET_OR_FILL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/flights.h"
#include "client/transport.h"
#include "client/types.h"

namespace kache {

struct FillEnvironment {
  Transport& transport;
  Flights& flights;
  size_t lane = 0;
};

struct FillRequest {
  std::string_view key;
  int64_t ttl_ms = 0;
  absl::Duration lease = {};
  absl::Duration wait = {};
  absl::Duration timeout = {};
};

// For how long a server is asked to wait at a time.
inline constexpr absl::Duration kWaitAtServer = absl::Milliseconds(200);

// Blocks. `fill` is called at most once, on this thread.
absl::StatusOr<FilledValue> GetOrFill(const FillEnvironment& environment,
                                      const FillRequest& request,
                                      absl::FunctionRef<absl::StatusOr<std::string>()> fill);

}  // namespace kache

#endif  // KACHE_CLIENT_GET_OR_FILL_H_
