// Base64 with the standard alphabet and padding (RFC 4648, section 4), strict: no line ends, no
// missing padding, no bits left over, so that each sequence of bytes has exactly one form.
#ifndef KACHE_BASE_BASE64_H_
#define KACHE_BASE_BASE64_H_

#include <string>
#include <string_view>

namespace kache {

void AppendBase64(std::string_view bytes, std::string* text);

// Replaces `bytes`. False when `text` is not in the one standard form. `text` may not view `bytes`.
bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace kache

#endif  // KACHE_BASE_BASE64_H_
