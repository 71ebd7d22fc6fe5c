// Durations, instants and sizes, as people write and read them. Thread-safe.
#ifndef KACHE_CLIENT_UNITS_H_
#define KACHE_CLIENT_UNITS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace kache {

// "90", "90s", "5m", "1h30m", "2d", "250ms": a number without a unit is seconds, d is 24 hours.
// Positive. INVALID_ARGUMENT for anything else.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// At most two units: "250ms", "42s", "3m20s", "5h", "2d4h". Less than a millisecond is "0s";
// negative is shown as its amount.
std::string DurationText(absl::Duration duration);

// "3m20s ago", or "never" where there is no instant.
std::string AgoText(int64_t unix_ms, absl::Time now);

// "in 4m", "3s ago", or "never" for 0.
std::string ExpiryText(int64_t unix_ms, absl::Time now);

// "512 B", "1.5 KiB", "20.0 MiB".
std::string BytesText(uint64_t bytes);

}  // namespace kache

#endif  // KACHE_CLIENT_UNITS_H_
