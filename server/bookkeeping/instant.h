// Instants in the texts that stand in Redis: Unix time in milliseconds, from 1970 on. 0 = not
// known. Bounded, so that a text which is damaged or foreign overflows no difference and no sum of
// instants and durations. Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_INSTANT_H_
#define KACHE_SERVER_BOOKKEEPING_INSTANT_H_

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace kache {

// Up to it scripts tell all whole numbers apart (Lua's are doubles).
inline constexpr int64_t kLatestInstantMs = int64_t{1} << 53;

// False where the text is no such instant; `ms` is then not specified.
inline bool ParseInstantMs(absl::string_view text, int64_t* ms) {
  return absl::SimpleAtoi(text, ms) && *ms >= 0 && *ms <= kLatestInstantMs;
}

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_INSTANT_H_
