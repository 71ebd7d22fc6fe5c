// What an error carries for programs, beside its code and its message. The details travel inside
// the absl::Status, so that layers between who fails and who answers need not know them. On the
// wire they are google.rpc.ErrorInfo and google.rpc.RetryInfo, or the fields of kache.v1.Error.
//
//   absl::Status status = absl::AbortedError("...");
//   SetReason(kSuperseded, &status);
//   ... if (ReasonOf(status) == kSuperseded) ...
//
// Pure, so thread-safe.
#ifndef KACHE_BASE_ERROR_DETAILS_H_
#define KACHE_BASE_ERROR_DETAILS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace kache {

// Where reasons are from: google.rpc.ErrorInfo.domain.
inline constexpr char kErrorDomain[] = "kache.dev";

// Reasons, in UPPER_SNAKE_CASE.
inline constexpr char kSuperseded[] = "SUPERSEDED";  // ABORTED: something newer is held
inline constexpr char kStampOutOfRange[] = "STAMP_OUT_OF_RANGE";  // FAILED_PRECONDITION
inline constexpr char kLifeOver[] = "LIFE_OVER";      // ABORTED: the value's life ended too early
inline constexpr char kAnswerFull[] = "ANSWER_FULL";  // OUT_OF_RANGE: one key of a BatchGet
inline constexpr char kValueTooLarge[] = "VALUE_TOO_LARGE";  // OUT_OF_RANGE: more than asked for

// FAILED_PRECONDITION: the Redis servers' own limits are below what the request needs.
inline constexpr char kNodeLimit[] = "NODE_LIMIT";

// All setters require that `status` is not OK. Getters say nothing of an OK status.
void SetReason(std::string_view reason, absl::Status* status);
std::string ReasonOf(const absl::Status& status);  // empty = none

// How long to wait before the call is sent again; in whole milliseconds, rounded up.
void SetRetryAfter(absl::Duration wait, absl::Status* status);
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

// Cluster time, in milliseconds since the Unix epoch.
void SetClusterTimeMs(int64_t cluster_time_ms, absl::Status* status);
std::optional<int64_t> ClusterTimeMsOf(const absl::Status& status);

}  // namespace kache

#endif  // KACHE_BASE_ERROR_DETAILS_H_
