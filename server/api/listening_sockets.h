// Sockets that listen on an address:
//
//   * 0.0.0.0 means every IPv4 address. [::] means every address of both families, and of IPv4
//     alone where the machine has no IPv6.
//   * A name means all its addresses; one of them has to be there. They share one port.
//   * A port that somebody else listens on is an error, of any of the addresses.
//
// A value. Thread-compatible.
#ifndef KACHE_SERVER_API_LISTENING_SOCKETS_H_
#define KACHE_SERVER_API_LISTENING_SOCKETS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"
#include "base/unique_fd.h"

namespace kache {

struct ListeningSockets {
  std::vector<UniqueFd> sockets;  // at least one; accepting on them does not block
  uint16_t port = 0;
};

// UNAVAILABLE says why `address` cannot be listened on. Connections that are accepted send without
// delay, and end when what was sent is not acknowledged for `unacknowledged`.
absl::StatusOr<ListeningSockets> ListenOn(const HostPort& address, absl::Duration unacknowledged);

}  // namespace kache

#endif  // KACHE_SERVER_API_LISTENING_SOCKETS_H_
