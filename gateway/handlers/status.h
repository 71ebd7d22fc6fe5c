// GET /status: the ring and every node, as one of the servers sees them.
#ifndef KACHE_GATEWAY_HANDLERS_STATUS_H_
#define KACHE_GATEWAY_HANDLERS_STATUS_H_

#include <string>

#include "gateway/handlers/handler_config.h"
#include "gateway/upstream/upstream.h"
#include "http/http_service.h"

namespace kache::gateway {

// The answer's body. Instants are milliseconds since the Unix epoch.
std::string StatusJson(const v1::GetStatusResponse& status);

// Thread-safe. The upstream and the configuration outlive it.
class StatusHandler {
 public:
  StatusHandler(Upstream* upstream, const HandlerConfig* config)
      : upstream_(upstream), config_(config) {}

  void Get(const HttpRequest& request, Responder responder) const;

 private:
  Upstream* const upstream_;
  const HandlerConfig* const config_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_STATUS_H_
