#include "gateway/handlers/web.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "gateway/handlers/content.h"
#include "gateway/web/web_file.h"
#include "http/error_response.h"
#include "http/request_target.h"

namespace kache::gateway {
namespace {

constexpr std::string_view kSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Kept by browsers, but asked for each time: the next release is seen at once.
HttpResponse FileResponse(const HttpRequest& request, std::string_view name) {
  const WebFile* const file = FindWebFile(name);
  if (file == nullptr) {
    return ErrorResponse(404, DefaultErrorCode(404), "there is nothing at this path");
  }
  HttpResponse response;
  Append(&response.headers, "ETag: ", file->etag,
         "\r\nCache-Control: no-cache\r\nContent-Security-Policy: ", kSecurityPolicy,
         "\r\nReferrer-Policy: no-referrer\r\n");
  if (request.headers.Find("If-None-Match") &&
      ListsETag(request.headers.Joined("If-None-Match"), file->etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = file->content_type;
  response.body = file->bytes;
  return response;
}

}  // namespace

void WebHandler::Page(const HttpRequest& request, Responder responder) const {
  responder.Send(FileResponse(request, "index.html"));
}

void WebHandler::Docs(const HttpRequest& request, Responder responder) const {
  responder.Send(FileResponse(request, "docs.html"));
}

void WebHandler::OpenApi(const HttpRequest& request, Responder responder) const {
  responder.Send(FileResponse(request, "openapi.json"));
}

void WebHandler::Asset(const HttpRequest& request, Responder responder) const {
  std::string name;
  if (!PercentDecode(request.parameter, &name)) name.clear();
  responder.Send(FileResponse(request, Concat("assets/", name)));
}

}  // namespace kache::gateway
