// SHA-256, for what is compared and never to be read back: tokens at rest, contents of files.
//
// Thread-safe.
#ifndef KACHE_SECURITY_SHA256_H_
#define KACHE_SECURITY_SHA256_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kache {

using Sha256 = std::array<uint8_t, 32>;

Sha256 Sha256Of(std::string_view bytes);

// 64 hex digits of either case.
std::optional<Sha256> Sha256FromHex(std::string_view hex);

// Takes the same time whatever the bytes are.
bool EqualInConstantTime(const Sha256& a, const Sha256& b);

}  // namespace kache

#endif  // KACHE_SECURITY_SHA256_H_
