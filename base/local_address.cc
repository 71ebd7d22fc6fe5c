#include "base/local_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/match.h"

namespace kache {
namespace {

bool IsLoopback(in_addr_t address) { return ntohl(address) >> 24 == IN_LOOPBACKNET; }

}  // namespace

bool IsOpenToOthers(const HostPort& listen) {
  in_addr ipv4{};
  if (inet_pton(AF_INET, listen.host.c_str(), &ipv4) == 1) return !IsLoopback(ipv4.s_addr);
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, listen.host.c_str(), &ipv6) != 1) {
    return !absl::EqualsIgnoreCase(listen.host, "localhost");
  }
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return !IsLoopback(ipv6.s6_addr32[3]);
  return !IN6_IS_ADDR_LOOPBACK(&ipv6);
}

}  // namespace kache
