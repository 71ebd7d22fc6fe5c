// /api/v1/keys:batchGet, :batchPut and :batchDelete: many keys in one request, each with its own
// result or error, in order.
//
// Thread-safe. The upstream and the configuration outlive it.
#ifndef KACHE_GATEWAY_HANDLERS_BATCH_H_
#define KACHE_GATEWAY_HANDLERS_BATCH_H_

#include "gateway/handlers/handler_config.h"
#include "gateway/http/http_service.h"
#include "gateway/upstream/upstream.h"

namespace kache::gateway {

class BatchHandler {
 public:
  BatchHandler(Upstream* upstream, const HandlerConfig* config)
      : upstream_(upstream), config_(config) {}

  Admission Admit(const HttpRequest& request) const;
  void Get(const HttpRequest& request, Responder responder) const;
  void Put(const HttpRequest& request, Responder responder) const;
  void Delete(const HttpRequest& request, Responder responder) const;

 private:
  Upstream* const upstream_;
  const HandlerConfig* const config_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_BATCH_H_
