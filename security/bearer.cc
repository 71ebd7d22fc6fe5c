#include "security/bearer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/base64.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMinTokenBytes = 16;
constexpr size_t kMaxTokenBytes = 4096;

// What follows the scheme's name and the blank; nothing when it is another scheme.
std::optional<std::string_view> After(std::string_view scheme, std::string_view text) {
  if (!absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(scheme))) return std::nullopt;
  text.remove_prefix(scheme.size());
  if (!text.starts_with(' ')) return std::nullopt;
  return Trimmed(text);
}

}  // namespace

std::optional<std::string> TokenOf(std::string_view authorization, Schemes schemes) {
  if (authorization.size() > 2 * kMaxTokenBytes) return std::nullopt;
  if (const auto token = After("Bearer", authorization)) {
    return token->empty() ? std::nullopt : std::optional(std::string(*token));
  }
  if (schemes == Schemes::kBearer) return std::nullopt;
  const auto encoded = After("Basic", authorization);
  if (!encoded) return std::nullopt;
  std::string pair;
  if (!DecodeBase64(*encoded, &pair)) return std::nullopt;
  const size_t colon = pair.find(':');
  if (colon == std::string::npos || colon + 1 == pair.size()) return std::nullopt;
  return pair.substr(colon + 1);
}

bool IsToken(std::string_view text) {
  return text.size() >= kMinTokenBytes && text.size() <= kMaxTokenBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

}  // namespace kache
