// Who reaches an address that a program listens on: its own health check, and other machines.
#ifndef KACHE_BASE_LOCAL_ADDRESS_H_
#define KACHE_BASE_LOCAL_ADDRESS_H_

#include <string>
#include <string_view>

#include "base/host_port.h"
#include "base/strings.h"

namespace kache {

// Where a client on this machine reaches a program that listens on `listen`. An address that stands
// for all of the machine's becomes a loopback one; "::" becomes the name of both, as the machine
// may have one family alone.
inline HostPort LocalAddress(const HostPort& listen) {
  if (listen.host == "0.0.0.0") return {"127.0.0.1", listen.port};
  if (listen.host == "::") return {"localhost", listen.port};
  return listen;
}

// Whether other machines reach a program that listens on `listen`. A name other than localhost may
// mean any address.
bool IsOpenToOthers(const HostPort& listen);

// The warning at the start where callers are asked for neither a token nor a certificate. `setting`
// is the port's.
inline std::string OpenPortWarning(std::string_view setting, const HostPort& listen) {
  return Concat("everybody who reaches ", listen.ToString(), " (", setting,
                ") may use it: no tokens are asked for. Set TOKENS_FILE, or listen on 127.0.0.1 "
                "(docs/security.md)");
}

}  // namespace kache

#endif  // KACHE_BASE_LOCAL_ADDRESS_H_
