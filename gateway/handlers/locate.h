// GET /api/v1/locate/{key}: where a key lives by the ring, and what each Redis server holds for it.
#ifndef KACHE_GATEWAY_HANDLERS_LOCATE_H_
#define KACHE_GATEWAY_HANDLERS_LOCATE_H_

#include <string>
#include <string_view>

#include "gateway/handlers/handler_config.h"
#include "gateway/upstream/node_names.h"
#include "gateway/upstream/upstream.h"
#include "http/http_service.h"

namespace kache::gateway {

// The answer's body. Instants are milliseconds since the Unix epoch. Names that are not known are
// left out.
std::string LocationJson(std::string_view key, const v1::LocateResponse& location,
                         const NodeNames& names);

// Thread-safe. What it is given outlives it.
class LocateHandler {
 public:
  LocateHandler(Upstream* upstream, const HandlerConfig* config, const NodeNames* names)
      : upstream_(upstream), config_(config), names_(names) {}

  void Get(const HttpRequest& request, Responder responder) const;

 private:
  Upstream* const upstream_;
  const HandlerConfig* const config_;
  const NodeNames* const names_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_LOCATE_H_
