#include "http/request_target.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kache {
namespace {

// -1 for what is not a hexadecimal digit.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr size_t kEscapeBytes = 3;

// The byte that the escape at the beginning of `text` stands for; -1 when none is there.
int EscapedByte(std::string_view text) {
  if (text.size() < kEscapeBytes || text[0] != '%') return -1;
  const int high = HexDigit(text[1]);
  const int low = HexDigit(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// The text from the path on, for `http://host/path`; the text itself for `/path`.
std::string_view WithoutAuthority(std::string_view target, std::string_view* authority) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(ToAbsl(target), ToAbsl(scheme))) continue;
    const size_t path = target.find_first_of("/?", scheme.size());
    *authority = target.substr(scheme.size(), path - scheme.size());
    if (path == std::string_view::npos) return "/";
    return target.substr(path);
  }
  return target;
}

}  // namespace

absl::Status SplitTarget(std::string_view target, RequestTarget* result) {
  result->authority = std::string_view();
  const std::string_view local = WithoutAuthority(target, &result->authority);
  if (local.empty() || local.front() != '/') {
    return absl::InvalidArgumentError("the request target is neither a path nor an http URL");
  }
  if (local.find('#') != std::string_view::npos) {
    return absl::InvalidArgumentError("a '#' in the request target; encode it as %23");
  }
  const size_t mark = local.find('?');
  result->path = local.substr(0, mark);
  result->query = mark == std::string_view::npos ? std::string_view() : local.substr(mark + 1);
  return absl::OkStatus();
}

bool SkipLiteral(std::string_view literal, std::string_view* path) {
  std::string_view rest = *path;
  // As nearly every client sends it.
  if (rest.starts_with(literal) && literal.find('%') == std::string_view::npos) {
    path->remove_prefix(literal.size());
    return true;
  }
  for (const char wanted : literal) {
    if (rest.empty()) return false;
    const bool escaped = rest.front() == '%';
    if (escaped && (wanted == '/' || EscapedByte(rest) != static_cast<unsigned char>(wanted))) {
      return false;
    }
    if (!escaped && rest.front() != wanted) return false;
    rest.remove_prefix(escaped ? kEscapeBytes : 1);
  }
  *path = rest;
  return true;
}

bool PercentDecode(std::string_view text, std::string* decoded) {
  size_t escape = text.find('%');
  if (escape == std::string_view::npos) {
    decoded->assign(text);
    return true;
  }
  decoded->clear();
  decoded->reserve(text.size());
  while (escape != std::string_view::npos) {
    decoded->append(text.substr(0, escape));
    const int byte = EscapedByte(text.substr(escape));
    if (byte < 0) return false;
    decoded->push_back(static_cast<char>(byte));
    text.remove_prefix(escape + kEscapeBytes);
    escape = text.find('%');
  }
  decoded->append(text);
  return true;
}

absl::Status ParseQuery(std::string_view query, QueryParameters* result) {
  result->clear();
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    QueryParameter parameter;
    const bool decoded = PercentDecode(part.substr(0, equals), &parameter.name) &&
                         (equals == std::string_view::npos ||
                          PercentDecode(part.substr(equals + 1), &parameter.value));
    if (!decoded) return absl::InvalidArgumentError("a bad percent escape in the query");
    if (parameter.name.empty()) {
      return absl::InvalidArgumentError("a query parameter without a name");
    }
    for (const QueryParameter& earlier : *result) {
      if (earlier.name == parameter.name) {
        return absl::InvalidArgumentError("a query parameter is given twice");
      }
    }
    result->push_back(std::move(parameter));
  }
  return absl::OkStatus();
}

}  // namespace kache
