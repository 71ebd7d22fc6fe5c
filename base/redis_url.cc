#include "base/redis_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/sub_delim_chars.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"

namespace kache {
namespace {

namespace urls = boost::urls;

constexpr std::string_view kScheme = "redis://";
constexpr std::string_view kTlsScheme = "rediss://";
constexpr std::string_view kDefaultPort = ":6379";
constexpr std::string_view kEncode =
    "in user and password write '/' as %2F, ',' as %2C, '?' as %3F, '#' as %23, '%' as %25";
constexpr size_t kMaxNameBytes = 255;

absl::Status Wrong(std::string_view message) { return absl::InvalidArgumentError(ToAbsl(message)); }

bool IsPlainName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

// Takes `name=` off the front.
absl::Status TakeName(std::string_view* entry, std::string* name) {
  const size_t equals = entry->find('=');
  if (equals == std::string_view::npos || entry->find_first_of("/@") < equals) {
    return absl::OkStatus();
  }
  const std::string_view text = entry->substr(0, equals);
  entry->remove_prefix(equals + 1);
  HostPort address;
  if (IsPlainName(text)) {
    *name = std::string(text);
  } else if (ParseHostPort(text, false, &address).ok()) {
    *name = address.ToString();  // of port 06379 and 6379 alike, as without a name
  } else {
    return Wrong(
        "the name before the '=' must be 1 to 255 letters, digits, '.', '_' and '-', or an "
        "address: "
        "host:port or [ipv6]:port");
  }
  return absl::OkStatus();
}

// A URL after its scheme.
struct Pieces {
  std::optional<std::string_view> credentials;
  std::string_view host;  // with the port, if there is one
  std::string_view path;  // and query and fragment
};

Pieces Split(std::string_view text) {
  const size_t end = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view authority = text.substr(0, end);
  const std::string_view path = text.substr(end);
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return {std::nullopt, authority, path};
  return {authority.substr(0, at), authority.substr(at + 1), path};
}

bool HasPort(std::string_view host) {
  const size_t bracket = host.rfind(']');
  return host.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
}

// The URL for Boost.URL: as RFC 3986 wants it, and without its host. What a user or password holds
// as it is becomes %XX. The host is ParseHostPort's, which knows more: the zone of an IPv6 address,
// and names such as 10.0.0.1.nip.io.
std::string StrictUrl(const Pieces& pieces) {
  const auto allowed = urls::unreserved_chars + urls::sub_delim_chars + ':';
  std::string url(kScheme);
  if (pieces.credentials) {
    for (const char c : *pieces.credentials) {
      url += c == '%' ? "%" : urls::encode(std::string(1, c), allowed);
    }
    url += '@';
  }
  return url.append(pieces.path);
}

absl::Status ReadCredentials(const urls::url_view& url, RedisAddress* result) {
  result->user = url.user();
  result->password = url.password();
  if (!url.has_userinfo() || !result->password.empty()) return absl::OkStatus();
  return Wrong("the password is missing: write user:password@ or :password@ before the host");
}

bool ReadDatabase(const urls::url_view& url, int* database) {
  const std::string path(url.encoded_path());
  if (url.has_query() || url.has_fragment()) return false;
  if (path.empty() || path == "/") return true;
  const char* end = path.data() + path.size();
  const auto [stop, error] = std::from_chars(path.data() + 1, end, *database);
  return error == std::errc() && stop == end && *database >= 0;
}

// `text` follows the scheme.
absl::Status ParseUrl(std::string_view text, RedisAddress* result) {
  const Pieces pieces = Split(text);
  if (pieces.path.find('@') != std::string_view::npos) {
    return Wrong(Concat("an '@' stands after a '/', '?' or '#': ", kEncode));
  }
  const std::string_view credentials = pieces.credentials.value_or("");
  if (!urls::make_pct_string_view({credentials.data(), credentials.size()})) {
    return Wrong("a '%' in user or password must be followed by two hex digits (itself it is %25)");
  }
  const std::string_view default_port = HasPort(pieces.host) ? "" : kDefaultPort;
  absl::Status status = ParseHostPort(Concat(pieces.host, default_port), false, &result->address);
  if (!status.ok()) return status;
  const std::string strict = StrictUrl(pieces);
  const auto url = urls::parse_uri(strict);
  if (!url || !ReadDatabase(*url, &result->database)) {
    return Wrong(
        Concat("after the address may stand a '/' and a database number only (", kEncode, ")"));
  }
  return ReadCredentials(*url, result);
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
    return Wrong(
        Concat("with credentials it must be redis://user:password@host:port (", kEncode, ")"));
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
