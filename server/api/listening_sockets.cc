#include "server/api/listening_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"

namespace kache {
namespace {

// gRPC reads all that has come before it can be stopped, and a byte of metadata may become 150 in
// its memory. Enough for 200 MB a second where answers take a millisecond.
constexpr int kReceiveBufferBytes = 128 << 10;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

absl::Status CannotListen(const HostPort& address, std::string_view why) {
  return absl::UnavailableError(
      Concat("cannot listen on ", address.ToString(), " for gRPC: ", why));
}

std::string Why(int error) {
  return error == EADDRINUSE ? "the port is in use" : std::strerror(error);
}

absl::StatusOr<Addresses> Resolve(const HostPort& address, const char* host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host, Concat(address.port).c_str(), &hints, &list);
  if (error != 0) return CannotListen(address, gai_strerror(error));
  return Addresses(list);
}

// Holds addresses of both families, whose ports are in the same place.
using Address = sockaddr_in6;
static_assert(offsetof(sockaddr_in6, sin6_port) == offsetof(sockaddr_in, sin_port));

uint16_t PortOf(int socket) {
  Address address{};
  socklen_t size = sizeof(address);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin6_port);
}

void SetOption(int socket, int level, int name, int value) {
  setsockopt(socket, level, name, &value, sizeof(value));
}

// A socket that listens on one address; none, with errno, where that can't be. `port` is the one
// that an earlier socket got, or 0. `both_families`: IPv4 clients reach an IPv6 wildcard, too.
UniqueFd ListenOnOne(const addrinfo& info, uint16_t port, bool both_families,
                     absl::Duration unacknowledged) {
  UniqueFd socket(::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.ok()) return {};
  SetOption(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (info.ai_family == AF_INET6) {
    SetOption(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, both_families ? 0 : 1);
  }
  // What is accepted inherits them.
  SetOption(socket.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBufferBytes);
  SetOption(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT,
            static_cast<int>(absl::ToInt64Milliseconds(unacknowledged)));
  Address address{};
  std::memcpy(&address, info.ai_addr, info.ai_addrlen);
  if (port != 0) address.sin6_port = htons(port);
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), info.ai_addrlen) != 0 ||
      listen(socket.get(), SOMAXCONN) != 0) {
    return {};
  }
  return socket;
}

// `error` is the last one where no address could be listened on.
absl::StatusOr<ListeningSockets> ListenOnAll(const HostPort& address, const char* host,
                                             bool both_families, absl::Duration unacknowledged,
                                             int& error) {
  auto addresses = Resolve(address, host);
  if (!addresses.ok()) return addresses.status();
  ListeningSockets result;
  for (const addrinfo* info = addresses->get(); info != nullptr; info = info->ai_next) {
    UniqueFd socket = ListenOnOne(*info, result.port, both_families, unacknowledged);
    if (!socket.ok()) {
      error = errno;
      if (error == EADDRINUSE) return CannotListen(address, Why(error));
      continue;
    }
    if (result.port == 0) result.port = PortOf(socket.get());
    result.sockets.push_back(std::move(socket));
  }
  if (result.sockets.empty()) return CannotListen(address, Why(error));
  return result;
}

}  // namespace

absl::StatusOr<ListeningSockets> ListenOn(const HostPort& address, absl::Duration unacknowledged) {
  const bool both_families = address.host == "::";
  int error = 0;
  auto listening = ListenOnAll(address, address.host.c_str(), both_families, unacknowledged, error);
  const bool no_ipv6 = error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
  if (listening.ok() || !both_families || !no_ipv6) return listening;
  return ListenOnAll(address, "0.0.0.0", /*both_families=*/false, unacknowledged, error);
}

}  // namespace kache
