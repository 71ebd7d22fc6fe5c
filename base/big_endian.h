// Whole numbers as eight bytes, the highest first: how records and scripts' arguments hold them.
//
// Pure. Thread-safe.
#ifndef KACHE_BASE_BIG_ENDIAN_H_
#define KACHE_BASE_BIG_ENDIAN_H_

#include <cstdint>

namespace kache {

// `to` and `from` have eight bytes.
inline void PutBigEndian(char* to, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *to++ = static_cast<char>(value >> shift);
}

inline uint64_t GetBigEndian(const char* from) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | static_cast<unsigned char>(from[i]);
  return value;
}

}  // namespace kache

#endif  // KACHE_BASE_BIG_ENDIAN_H_
