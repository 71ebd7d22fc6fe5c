// /api/v1/keys:batchGet, :batchPut and :batchDelete: many keys in one request, each with its own
// result or error, in order.
//
// Thread-safe. What it is given outlives it.
#ifndef KACHE_GATEWAY_HANDLERS_BATCH_H_
#define KACHE_GATEWAY_HANDLERS_BATCH_H_

#include <cstddef>

#include "gateway/handlers/expected_bytes.h"
#include "gateway/handlers/handler_config.h"
#include "gateway/upstream/node_names.h"
#include "gateway/upstream/upstream.h"
#include "http/http_service.h"
#include "security/access_control.h"

namespace kache::gateway {

class BatchHandler {
 public:
  // `access` limits operations; without it they are not counted.
  BatchHandler(Upstream* upstream, const HandlerConfig* config, const NodeNames* names,
               const AccessControl* access = nullptr)
      : upstream_(upstream), config_(config), names_(names), access_(access) {}

  Admission Admit(const HttpRequest& request) const;
  // These take the body away.
  void Get(HttpRequest& request, Responder responder) const;
  void Put(HttpRequest& request, Responder responder) const;
  void Delete(HttpRequest& request, Responder responder) const;

 private:
  // A request counts as one operation until its keys are known.
  void Charge(const HttpRequest& request, size_t keys) const;

  Upstream* const upstream_;
  const HandlerConfig* const config_;
  const NodeNames* const names_;
  const AccessControl* const access_;
  mutable ExpectedBytes expected_per_key_;  // of a batchGet's answer
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_BATCH_H_
