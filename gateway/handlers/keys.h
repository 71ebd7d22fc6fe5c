// /api/v1/keys/{key}: PUT, GET, HEAD and DELETE of one key; and POST of {key}:touch and
// {key}:lease.
//
// Bodies: keys.cc, keys_lease.cc.
//
// Thread-safe. What it is given outlives it.
#ifndef KACHE_GATEWAY_HANDLERS_KEYS_H_
#define KACHE_GATEWAY_HANDLERS_KEYS_H_

#include "gateway/handlers/expected_bytes.h"
#include "gateway/handlers/handler_config.h"
#include "gateway/handlers/problem.h"
#include "gateway/handlers/request_options.h"
#include "gateway/upstream/node_names.h"
#include "gateway/upstream/upstream.h"
#include "http/http_service.h"

namespace kache::gateway {

class KeysHandler {
 public:
  KeysHandler(Upstream* upstream, const HandlerConfig* config, const NodeNames* names)
      : upstream_(upstream), config_(config), names_(names) {}

  Admission AdmitPut(const HttpRequest& request) const;
  // JSON alone: a page of a stranger can send that to nobody without being asked (CORS).
  Admission AdmitTouch(const HttpRequest& request) const;
  Admission AdmitLease(const HttpRequest& request) const;
  // Put takes the body away.
  void Put(HttpRequest& request, Responder responder) const;
  void Get(HttpRequest& request, Responder responder) const;
  void Delete(HttpRequest& request, Responder responder) const;
  void Touch(HttpRequest& request, Responder responder) const;
  void Lease(HttpRequest& request, Responder responder) const;

 private:
  MaybeProblem ReadPut(HttpRequest& request, v1::PutRequest* put, RequestOptions* options) const;
  HttpResponse Found(const HttpRequest& request, v1::GetResponse found, bool raw) const;
  MaybeProblem ReadTouch(HttpRequest& request, v1::TouchRequest* touch,
                         RequestOptions* options) const;
  MaybeProblem ReadLease(HttpRequest& request, v1::GetOrLeaseRequest* lease,
                         RequestOptions* options) const;
  HttpResponse Leased(const HttpRequest& request, const v1::GetOrLeaseResponse& answer) const;
  HttpResponse Miss(const v1::Receipt& receipt) const;

  Upstream* const upstream_;
  const HandlerConfig* const config_;
  const NodeNames* const names_;
  mutable ExpectedBytes expected_answer_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_KEYS_H_
