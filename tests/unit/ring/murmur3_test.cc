#include "ring/murmur3.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace kache {
namespace {

void AppendLittleEndian(uint64_t word, std::string* bytes) {
  for (int shift = 0; shift < 64; shift += 8) bytes->push_back(static_cast<char>(word >> shift));
}

// SMHasher's VerificationTest: hashes {}, {0}, {0, 1}, ... with seeds 256, 255, ..., then the
// hashes of them all; the first 32 bits of that stand for the whole algorithm.
TEST(Murmur3, HasSMHashersVerificationValue) {
  std::string key;
  std::string hashes;
  for (uint32_t length = 0; length < 256; ++length) {
    const Hash128 hash = Murmur3X64_128(key, 256 - length);
    AppendLittleEndian(hash.first, &hashes);
    AppendLittleEndian(hash.second, &hashes);
    key.push_back(static_cast<char>(length));
  }
  EXPECT_EQ(static_cast<uint32_t>(Murmur3X64_128(hashes, 0).first), 0x6384BA69u);
}

TEST(Murmur3, MatchesPublishedVectors) {
  struct Vector {
    std::string_view text;
    Hash128 hash;
  };
  const std::array<Vector, 3> vectors = {{
      {"", {0, 0}},
      {"hello", {0xcbd8a7b341bd9b02, 0x5b1e906a48ae1d19}},
      {"The quick brown fox jumps over the lazy dog", {0xe34bbc7bbc071b6c, 0x7a433ca9c49a9347}},
  }};
  for (const Vector& vector : vectors) {
    EXPECT_EQ(Murmur3X64_128(vector.text, 0), vector.hash) << vector.text;
  }
}

// The tail is padded with zeros inside; the length tells such keys apart.
TEST(Murmur3, TellsTrailingZerosApart) {
  const std::string zeros(40, '\0');
  for (size_t length = 1; length <= zeros.size(); ++length) {
    const std::string_view key(zeros.data(), length);
    EXPECT_NE(Murmur3X64_128(key, 0), Murmur3X64_128(key.substr(1), 0)) << length;
  }
}

TEST(Murmur3, DoesNotDependOnAlignment) {
  const std::string key = "a key of more than sixteen bytes";
  for (size_t offset = 0; offset < 16; ++offset) {
    const std::string shifted = std::string(offset, 'x') + key;
    EXPECT_EQ(Murmur3X64_128(std::string_view(shifted).substr(offset), 7), Murmur3X64_128(key, 7));
  }
}

}  // namespace
}  // namespace kache
