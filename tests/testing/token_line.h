// A line of a file of tokens.
#ifndef KACHE_TESTS_TESTING_TOKEN_LINE_H_
#define KACHE_TESTS_TESTING_TOKEN_LINE_H_

#include <string>
#include <string_view>

#include "base/strings.h"
#include "security/sha256.h"

namespace kache {

// `more` follows the hash.
inline std::string TokenLine(std::string_view name, std::string_view role, std::string_view token,
                             std::string_view more = "") {
  std::string hex;
  for (const uint8_t byte : Sha256Of(token)) Append(&hex, absl::Hex(byte, absl::kZeroPad2));
  return Concat(name, " ", role, " ", hex, more, "\n");
}

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_TOKEN_LINE_H_
