// The value of the header or metadata `authorization`.
//
//   Bearer TOKEN                 for programs
//   Basic base64(NAME:TOKEN)     for browsers and Prometheus, which ask people for a password
#ifndef KACHE_SECURITY_BEARER_H_
#define KACHE_SECURITY_BEARER_H_

#include <optional>
#include <string>
#include <string_view>

namespace kache {

// What may carry a token. Browsers send Basic by themselves, also when another site's page makes
// the request; so nothing that changes anything is to be allowed by it.
enum class Schemes { kBearer, kBearerAndBasic };

// The token that `authorization` carries; nothing when it has another form.
std::optional<std::string> TokenOf(std::string_view authorization, Schemes schemes);

// Printable ASCII without blanks, at least 16 characters: what tokens of our own must be, so that
// they fit a header and can't be guessed.
bool IsToken(std::string_view text);

}  // namespace kache

#endif  // KACHE_SECURITY_BEARER_H_
