// Room for answers that have a value whose size nobody knows yet.
//
// Thread-safe.
#ifndef KACHE_GATEWAY_HANDLERS_ANSWER_ROOM_H_
#define KACHE_GATEWAY_HANDLERS_ANSWER_ROOM_H_

#include <algorithm>
#include <cstdint>

#include "http/http_service.h"

namespace kache::gateway {

// The least that is reserved for an answer: small (held_bytes.h) beside its request.
inline constexpr uint64_t kSmallAnswerBytes = 48 * 1024;

// The value whose answer takes no more than that, as JSON with base64, too.
constexpr uint32_t ValueBytesOfAnswer(uint64_t answer_bytes) {
  return static_cast<uint32_t>(std::min<uint64_t>(answer_bytes / 3 * 2, UINT32_MAX));
}

// Reserves room for an answer of the size that is expected; where there is none, for one of half
// the size, a quarter, and so on, so that smaller values are served all the same. Returns what was
// reserved; 0 = there is no room.
inline uint64_t ReserveAnswer(Responder& responder, uint64_t expected) {
  if (responder.Reserve(expected)) return std::max<uint64_t>(expected, 1);
  for (uint64_t bytes = expected / 2; bytes > kSmallAnswerBytes; bytes /= 2) {
    if (responder.Reserve(bytes)) return bytes;
  }
  return responder.Reserve(kSmallAnswerBytes) ? kSmallAnswerBytes : 0;
}

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_ANSWER_ROOM_H_
