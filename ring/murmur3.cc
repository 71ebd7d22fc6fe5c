#include "ring/murmur3.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace kache {
namespace {

constexpr uint64_t kFirstFactor = 0x87c37b91114253d5;
constexpr uint64_t kSecondFactor = 0x4cf5ad432745937f;
constexpr size_t kBlockBytes = 16;

uint64_t LoadLittleEndian(const char* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

uint64_t ScrambleFirst(uint64_t word) { return std::rotl(word * kFirstFactor, 31) * kSecondFactor; }

uint64_t ScrambleSecond(uint64_t word) {
  return std::rotl(word * kSecondFactor, 33) * kFirstFactor;
}

// Every bit of the input comes to bear on every bit of the result.
uint64_t Avalanche(uint64_t word) {
  word = (word ^ (word >> 33)) * 0xff51afd7ed558ccd;
  word = (word ^ (word >> 33)) * 0xc4ceb9fe1a85ec53;
  return word ^ (word >> 33);
}

}  // namespace

Hash128 Murmur3X64_128(std::string_view bytes, uint32_t seed) {
  const uint64_t length = bytes.size();
  uint64_t h1 = seed;
  uint64_t h2 = seed;

  while (bytes.size() >= kBlockBytes) {
    h1 ^= ScrambleFirst(LoadLittleEndian(bytes.data()));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= ScrambleSecond(LoadLittleEndian(bytes.data() + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
    bytes.remove_prefix(kBlockBytes);
  }

  if (!bytes.empty()) {
    // A word of zeros scrambles to zero, so padding the rest to a block changes nothing.
    std::array<char, kBlockBytes> rest{};
    std::memcpy(rest.data(), bytes.data(), bytes.size());
    h1 ^= ScrambleFirst(LoadLittleEndian(rest.data()));
    h2 ^= ScrambleSecond(LoadLittleEndian(rest.data() + 8));
  }

  h1 ^= length;
  h2 ^= length;
  h1 += h2;
  h2 += h1;
  h1 = Avalanche(h1);
  h2 = Avalanche(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

}  // namespace kache
