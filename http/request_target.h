// The request target: its path, its query, and percent-encoding. An escape is decoded exactly once,
// and stands for its character wherever it is (RFC 3986, section 6.2.2.2), but for "%2F", which
// never separates segments. Nothing else is normalised: dot segments, empty segments, upper and
// lower case and "+" stay what they are.
#ifndef KACHE_HTTP_REQUEST_TARGET_H_
#define KACHE_HTTP_REQUEST_TARGET_H_

#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"

namespace kache {

// Views into the target.
struct RequestTarget {
  std::string_view authority;  // of the absolute form; empty in the origin form
  std::string_view path;       // begins with '/', still percent-encoded
  std::string_view query;      // without the '?'; empty when there is none
};

// Splits the origin form (`/path?query`) and the absolute form (`http://host/path?query`).
// INVALID_ARGUMENT for any other form and for a '#'.
absl::Status SplitTarget(std::string_view target, RequestTarget* result);

// Replaces `decoded` by the bytes that `text` stands for. False when a '%' is not followed by two
// hexadecimal digits.
bool PercentDecode(std::string_view text, std::string* decoded);

// Takes `literal` off the beginning of `path`, in any spelling: an escape of a character of
// `literal` is as good as the character, except that '/' must be raw. False, and `path` unchanged,
// when it begins otherwise.
bool SkipLiteral(std::string_view literal, std::string_view* path);

struct QueryParameter {
  std::string name;  // decoded, as is the value
  std::string value;
};
using QueryParameters = absl::InlinedVector<QueryParameter, 3>;

// Splits `a=1&b=2`, in order. Empty parts, as in `a=1&`, say nothing. INVALID_ARGUMENT for a bad
// escape and for a name that stands there twice or is empty.
absl::Status ParseQuery(std::string_view query, QueryParameters* result);

}  // namespace kache

#endif  // KACHE_HTTP_REQUEST_TARGET_H_
