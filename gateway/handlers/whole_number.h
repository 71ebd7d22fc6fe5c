// Numbers in headers and queries: plain digits only, no sign, no blanks.
//
// Pure, so thread-safe.
#ifndef KACHE_GATEWAY_HANDLERS_WHOLE_NUMBER_H_
#define KACHE_GATEWAY_HANDLERS_WHOLE_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace kache::gateway {

// Nothing when `text` is not digits alone, has more than 18 of them, or is over `max`.
inline std::optional<int64_t> ParseWholeNumber(std::string_view text, int64_t max) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > max) return std::nullopt;
  return value;
}

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_WHOLE_NUMBER_H_
