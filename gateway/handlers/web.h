// What people look at: the status page, the description of the API, and the files that these load.
// All of it is built in (gateway/web), and none of it may load anything from another host: a strict
// Content-Security-Policy says so to the browser. Queries are ignored.
#ifndef KACHE_GATEWAY_HANDLERS_WEB_H_
#define KACHE_GATEWAY_HANDLERS_WEB_H_

#include "http/http_service.h"

namespace kache::gateway {

// Thread-safe.
class WebHandler {
 public:
  void Page(const HttpRequest& request, Responder responder) const;
  void Docs(const HttpRequest& request, Responder responder) const;
  void OpenApi(const HttpRequest& request, Responder responder) const;
  // 404 for a file that is not there; the name in the path is taken as it is, not decoded.
  void Asset(const HttpRequest& request, Responder responder) const;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_WEB_H_
