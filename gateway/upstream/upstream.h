// The gateway's word for its way to the Kache servers: the client library's seam. Handlers call it,
// tests fake it.
#ifndef KACHE_GATEWAY_UPSTREAM_UPSTREAM_H_
#define KACHE_GATEWAY_UPSTREAM_UPSTREAM_H_

#include "client/transport.h"

namespace kache::gateway {

using Upstream = Transport;

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_UPSTREAM_H_
