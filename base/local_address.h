// How a program's own health check reaches the program.
#ifndef KACHE_BASE_LOCAL_ADDRESS_H_
#define KACHE_BASE_LOCAL_ADDRESS_H_

#include "base/host_port.h"

namespace kache {

// Where a client on this machine reaches a program that listens on `listen`: an address that stands
// for all of the machine's becomes the loopback one of its family.
inline HostPort LocalAddress(const HostPort& listen) {
  if (listen.host == "0.0.0.0") return {"127.0.0.1", listen.port};
  if (listen.host == "::") return {"::1", listen.port};
  return listen;
}

}  // namespace kache

#endif  // KACHE_BASE_LOCAL_ADDRESS_H_
