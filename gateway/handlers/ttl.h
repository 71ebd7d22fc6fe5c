// The life of a value as REST gives it: `ttl` in whole seconds or `ttlMs` in whole milliseconds,
// one of the two; 0 = it does not expire.
#ifndef KACHE_GATEWAY_HANDLERS_TTL_H_
#define KACHE_GATEWAY_HANDLERS_TTL_H_

#include <cstdint>

#include "base/limits.h"

namespace kache::gateway {

constexpr int64_t kMaxTtlSeconds = kMaxTtlMs / 1000;

constexpr char kBadTtl[] = "BAD_TTL";
constexpr char kBadTtlMessage[] =
    "the ttl is a whole number of seconds from 0 (no expiry) to 3153600000 (100 years)";
constexpr char kBadTtlMsMessage[] =
    "the ttlMs is a whole number of milliseconds from 0 (no expiry) to 3153600000000 (100 years)";
constexpr char kTwoTtlsMessage[] =
    "ttl and ttlMs both tell the life of the value: give one of them";
constexpr char kNoTtlMessage[] = "a touch needs ttl or ttlMs; 0 = no expiry";
constexpr char kBadLease[] = "BAD_LEASE";
constexpr char kBadLeaseMessage[] =
    "leaseMs is a whole number of milliseconds from 1 to 3600000 (an hour), waitMs one from 0";
static_assert(kMaxLeaseMs == 3'600'000);
static_assert(kMaxTtlMs == 3'153'600'000'000);

constexpr int64_t TtlSecondsToMs(int64_t seconds) { return seconds * 1000; }
// What is left, rounded up, so that a live value never shows 0.
constexpr int64_t TtlMsToSeconds(int64_t ms) { return (ms + 999) / 1000; }

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_TTL_H_
