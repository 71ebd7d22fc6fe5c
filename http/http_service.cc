#include "http/http_service.h"

namespace kache {

Responder::~Responder() {
  if (!sink_) return;
  HttpResponse response;
  response.status = 500;
  response.body = R"({"error":{"code":"INTERNAL","message":"the request was not answered"}})";
  Send(std::move(response));
}

void Responder::Send(HttpResponse response) {
  const std::shared_ptr<ResponseSink> sink = std::move(sink_);
  sink->Send(std::move(response));
}

std::string_view RefusalReasonName(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kBadRequest:
      return "bad_request";
    case RefusalReason::kHeadersTooLarge:
      return "headers_too_large";
    case RefusalReason::kBodyTooLarge:
      return "body_too_large";
    case RefusalReason::kReadTimeout:
      return "read_timeout";
    case RefusalReason::kTooManyConnections:
      return "too_many_connections";
    case RefusalReason::kTooManyConnectionsOfAddress:
      return "too_many_connections_of_address";
    case RefusalReason::kMemory:
      return "memory";
    case RefusalReason::kTls:
      return "tls";
    case RefusalReason::kWriteTimeout:
      return "write_timeout";
    case RefusalReason::kCount:
      break;
  }
  return "unknown";
}

}  // namespace kache
