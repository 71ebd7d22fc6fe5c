#include "base/host_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxHostBytes = 253;  // of a DNS name

absl::Status Wrong(std::string_view message) { return absl::InvalidArgumentError(ToAbsl(message)); }

bool IsIpAddress(int family, const std::string& text) {
  in6_addr unused;  // the larger of the two
  return text.find('\0') == std::string::npos && inet_pton(family, text.c_str(), &unused) == 1;
}

// Accepts a zone after '%', as in fe80::1%eth0.
absl::Status CheckIpv6(std::string_view host) {
  const size_t percent = host.find('%');
  const std::string_view zone = percent == std::string_view::npos ? "0" : host.substr(percent + 1);
  const bool zone_is_plain = !zone.empty() && std::all_of(zone.begin(), zone.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
  if (zone_is_plain && IsIpAddress(AF_INET6, std::string(host.substr(0, percent)))) {
    return absl::OkStatus();
  }
  return Wrong("what stands in brackets is not an IPv6 address");
}

absl::Status CheckName(std::string_view host) {
  if (host.empty()) return Wrong("the host is missing");
  if (host.size() > kMaxHostBytes) {
    return Wrong(Concat("the host is longer than ", kMaxHostBytes, " bytes"));
  }
  if (host.find(':') != std::string_view::npos) {
    return Wrong("has more than one colon (an IPv6 address needs brackets: [::1]:port)");
  }
  bool numeric = true;
  for (const char c : host) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isalnum(byte) && c != '.' && c != '-' && c != '_') {
      return Wrong("the host may hold letters, digits, '.', '-' and '_' only");
    }
    numeric = numeric && (absl::ascii_isdigit(byte) || c == '.');
  }
  if (numeric && !IsIpAddress(AF_INET, std::string(host))) {
    return Wrong("the host is not a complete IPv4 address");
  }
  return absl::OkStatus();
}

absl::Status ParsePort(std::string_view text, bool allow_zero, uint16_t* port) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *port);
  if (error != std::errc() || stop != end || (*port == 0 && !allow_zero)) {
    return Wrong(Concat("the port must be a number from ", allow_zero ? 0 : 1, " to 65535"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string HostPort::ToString() const {
  if (host.find(':') != std::string::npos) return Concat("[", host, "]:", port);
  return Concat(host, ":", port);
}

absl::Status ParseHostPort(std::string_view text, bool allow_port_zero, HostPort* result) {
  const size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text.front() == '[';
  if (colon == std::string_view::npos || (bracketed && text.find(']') > colon)) {
    return Wrong("must be host:port");
  }
  std::string_view host = text.substr(0, colon);
  absl::Status status;
  if (bracketed) {
    if (host.back() != ']') return Wrong("must be [ipv6]:port");
    host = host.substr(1, host.size() - 2);
    status = CheckIpv6(host);
  } else {
    status = CheckName(host);
  }
  uint16_t port = 0;
  if (status.ok()) status = ParsePort(text.substr(colon + 1), allow_port_zero, &port);
  if (status.ok()) *result = HostPort{std::string(host), port};
  return status;
}

}  // namespace kache
