// Walking through bytes that ought to be UTF-8 (RFC 3629). Thread-safe, no errors.
#ifndef KACHE_BASE_UTF8_H_
#define KACHE_BASE_UTF8_H_

#include <cstddef>
#include <string_view>

namespace kache {

struct Utf8Character {
  bool valid = false;
  size_t bytes = 1;         // how many to step on; 1 when not valid
  char32_t code_point = 0;  // when valid
};

// The character at the start of `text`, which must not be empty. Overlong forms, surrogates,
// code points above U+10FFFF and sequences cut short are not valid.
Utf8Character NextUtf8(std::string_view text);

// Whether all of `text` is UTF-8. O(n).
bool IsUtf8(std::string_view text);

}  // namespace kache

#endif  // KACHE_BASE_UTF8_H_
