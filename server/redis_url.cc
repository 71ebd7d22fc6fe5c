#include "server/redis_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr std::string_view kScheme = "redis://";
constexpr std::string_view kTlsScheme = "rediss://";
constexpr std::string_view kDefaultPort = ":6379";
constexpr size_t kMaxNameBytes = 255;

absl::Status Wrong(std::string_view message) { return absl::InvalidArgumentError(ToAbsl(message)); }

// Takes `name=` off the front. An '=' after one of ":/@" belongs to a password.
absl::Status TakeName(std::string_view* entry, std::string* name) {
  const size_t equals = entry->find('=');
  if (equals == std::string_view::npos || entry->find_first_of(":/@") < equals) {
    return absl::OkStatus();
  }
  *name = std::string(entry->substr(0, equals));
  entry->remove_prefix(equals + 1);
  const bool is_plain = std::all_of(name->begin(), name->end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
  if (is_plain && !name->empty() && name->size() <= kMaxNameBytes) return absl::OkStatus();
  return Wrong("the name before the '=' must be 1 to 255 letters, digits, '.', '_' and '-'");
}

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned byte = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc() || stop != digits.data() + 2) return std::nullopt;
    result += static_cast<char>(static_cast<unsigned char>(byte));
    i += 2;
  }
  return result;
}

absl::Status ParseCredentials(std::string_view text, RedisAddress* result) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return Wrong("the password is missing: write user:password@ or :password@ before the host");
  }
  const std::optional<std::string> user = PercentDecoded(text.substr(0, colon));
  const std::optional<std::string> password = PercentDecoded(text.substr(colon + 1));
  if (!user || !password) {
    return Wrong("a '%' in user or password must be followed by two hex digits (itself it is %25)");
  }
  result->user = *user;
  result->password = *password;
  return absl::OkStatus();
}

absl::Status ParseDatabase(std::string_view text, int* database) {
  if (text.empty()) return absl::OkStatus();
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *database);
  if (error == std::errc() && stop == end && *database >= 0) return absl::OkStatus();
  return Wrong(
      "after the address may stand a '/' and a database number only (in a password a '/' is "
      "written %2F, a ',' %2C, a '?' %3F, a '#' %23)");
}

// `text` follows the scheme.
absl::Status ParseUrl(std::string_view text, RedisAddress* result) {
  const size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view host = text.substr(0, end);
  std::string_view path = text.substr(end);
  absl::Status status;
  if (const size_t at = host.rfind('@'); at != std::string_view::npos) {
    status = ParseCredentials(host.substr(0, at), result);
    host.remove_prefix(at + 1);
  }
  const size_t bracket = host.rfind(']');
  const bool has_port =
      host.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  const std::string address = has_port ? std::string(host) : Concat(host, kDefaultPort);
  if (status.ok()) status = ParseHostPort(address, false, &result->address);
  if (path.starts_with('/')) path.remove_prefix(1);
  if (status.ok()) status = ParseDatabase(path, &result->database);
  return status;
}

absl::Status ParseAddress(std::string_view text, RedisAddress* result) {
  if (absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(kScheme))) {
    return ParseUrl(text.substr(kScheme.size()), result);
  }
  if (absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(kTlsScheme))) {
    result->tls = true;
    return ParseUrl(text.substr(kTlsScheme.size()), result);
  }
  if (text.find("://") != std::string_view::npos)
    return Wrong("the scheme must be redis:// or rediss://");
  if (text.find('@') != std::string_view::npos) {
    return Wrong("with credentials it must be redis://user:password@host:port");
  }
  return ParseHostPort(text, false, &result->address);
}

}  // namespace

absl::StatusOr<RedisAddress> ParseRedisUrl(std::string_view entry) {
  RedisAddress result;
  absl::Status status = TakeName(&entry, &result.name);
  if (status.ok()) status = ParseAddress(entry, &result);
  if (!status.ok()) return status;
  if (result.name.empty()) result.name = result.address.ToString();
  return result;
}

}  // namespace kache
