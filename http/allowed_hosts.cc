#include "http/allowed_hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxNameBytes = 253;  // of a DNS name

constexpr std::string_view kOwnDomains[] = {".localhost", ".local", ".internal", ".svc",
                                            ".cluster.local"};

bool IsIpAddress(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated = {};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
  text.copy(terminated.data(), text.size());
  in6_addr unused;  // the larger of the two
  return inet_pton(family, terminated.data(), &unused) == 1;
}

bool IsPort(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

// The host of `host:port`, where the port and the dot at a name's end are taken off.
std::string_view NameOf(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && IsPort(host.substr(colon + 1))) {
    host = host.substr(0, colon);
  }
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return host;
}

// `[address]` or `[address]:port`.
bool IsBracketed(std::string_view host) {
  const size_t end = host.find(']');
  if (end == std::string_view::npos || !IsIpAddress(AF_INET6, host.substr(1, end - 1))) {
    return false;
  }
  const std::string_view rest = host.substr(end + 1);
  return rest.empty() || (rest.front() == ':' && IsPort(rest.substr(1)));
}

}  // namespace

AllowedHosts::AllowedHosts(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::string& name : names_) {
    any_ = any_ || name == "*";
    if (name.size() > 1 && name.back() == '.') name.pop_back();
  }
}

bool AllowedHosts::Allows(std::string_view host) const {
  if (any_ || host.empty()) return true;
  if (host.front() == '[') return IsBracketed(host);
  const std::string_view name = NameOf(host);
  if (!IsHostName(name)) return false;
  if (name.find('.') == std::string_view::npos || IsIpAddress(AF_INET, name)) return true;
  for (const std::string_view domain : kOwnDomains) {
    if (absl::EndsWithIgnoreCase(ToAbsl(name), ToAbsl(domain))) return true;
  }
  return std::any_of(names_.begin(), names_.end(), [name](const std::string& allowed) {
    return absl::EqualsIgnoreCase(allowed, ToAbsl(name));
  });
}

bool AllowedHosts::IsHostName(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes || text.front() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace kache
