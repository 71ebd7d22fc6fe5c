// An address to listen on or connect to, not yet resolved.
#ifndef KACHE_BASE_HOST_PORT_H_
#define KACHE_BASE_HOST_PORT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace kache {

struct HostPort {
  std::string host;  // a name or an IP address; IPv6 without brackets
  uint16_t port = 0;
  // host:port, with brackets round an IPv6 address.
  std::string ToString() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// Parses `host:port` or `[ipv6]:port`; the host's spelling is kept. `allow_port_zero` is for listen
// addresses (0 = any free). INVALID_ARGUMENT says what is wrong without repeating the text.
absl::Status ParseHostPort(std::string_view text, bool allow_port_zero, HostPort* result);

}  // namespace kache

#endif  // KACHE_BASE_HOST_PORT_H_
