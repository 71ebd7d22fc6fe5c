// What a request is called in logs, so that one can be followed through all programs: a request id
// (the caller's, or one that the gateway made), and the caller's place in a W3C trace.
//
// Both come from outside and are believed only when they look as they should, so that nobody can
// forge log lines or headers through them. Not secret, and not unique: callers may repeat an id.
//
// A plain value. Empty parts cost no allocation.
#ifndef KACHE_BASE_REQUEST_NAME_H_
#define KACHE_BASE_REQUEST_NAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kache {

inline constexpr size_t kMaxRequestIdBytes = 128;

// 1 to 128 letters, digits and . _ - ~ : / + = @
bool IsRequestId(std::string_view text);

// A traceparent of the W3C's Trace Context: "00-<trace id>-<parent id>-<flags>" in lower case
// hexadecimal digits, neither id all zeros; of versions after 00 also a longer one.
bool IsTraceparent(std::string_view text);

// A random number that names a request which nobody has named, shown as 16 hexadecimal digits.
// Never 0. Thread-safe, some nanoseconds.
uint64_t NewRequestNumber();

struct RequestName {
  std::string id;           // the caller's; empty = none
  uint64_t number = 0;      // NewRequestNumber's; 0 = none. Not set where `id` is.
  std::string traceparent;  // the caller's; empty = none

  // The caller's id, else the number's digits, else empty.
  std::string IdText() const;
  // " request_id=... trace_id=...", each where it is there: to end a log line with.
  std::string LogText() const;
};

}  // namespace kache

#endif  // KACHE_BASE_REQUEST_NAME_H_
