// std::string_view with abseil's string functions. abseil as Debian 12 packages it is built for
// C++14 and has a string_view type of its own, which std::string_view doesn't convert to; elsewhere
// the two are one type and these conversions do nothing.
//
//   Concat("port ", port, " of ", name)     // absl::StrCat, also for std::string_view
//   Append(&line, name)                     // absl::StrAppend
//   ToAbsl(text), ToStd(status.message())
//   Trimmed(" text\n")                      // absl::StripAsciiWhitespace
//
// Thread-safe, no errors. The conversions don't copy.
#ifndef KACHE_BASE_STRINGS_H_
#define KACHE_BASE_STRINGS_H_

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace kache {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

inline std::string_view Trimmed(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// What abseil's functions can take in the place of `part`.
template <typename T>
decltype(auto) AbslPart(const T& part) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return ToAbsl(part);
  } else {
    return (part);
  }
}

template <typename... T>
std::string Concat(const T&... parts) {
  return absl::StrCat(AbslPart(parts)...);
}

template <typename... T>
void Append(std::string* text, const T&... parts) {
  absl::StrAppend(text, AbslPart(parts)...);
}

}  // namespace kache

#endif  // KACHE_BASE_STRINGS_H_
