// Tests of IPv6 are left out where this machine has no IPv6 loopback address (many containers).
#ifndef KACHE_TESTS_TESTING_HAS_IPV6_H_
#define KACHE_TESTS_TESTING_HAS_IPV6_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace kache::testing {

inline bool HasIpv6() {
  const UniqueFd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_HAS_IPV6_H_
