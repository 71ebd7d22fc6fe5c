#include "gateway/http/router.h"

#include <optional>
#include <utility>

#include "base/strings.h"
#include "gateway/http/error_response.h"
#include "gateway/http/request_target.h"

namespace kache::gateway {
namespace {

// What stands for the pattern's parameter (empty for a literal pattern), or nothing when the path
// does not match.
std::optional<std::string_view> Match(std::string_view pattern, std::string_view path) {
  const size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) {
    if (pattern != path) return std::nullopt;
    return std::string_view();
  }
  if (path.substr(0, brace) != pattern.substr(0, brace)) return std::nullopt;
  const std::string_view parameter = path.substr(brace);
  if (parameter.find('/') != std::string_view::npos) return std::nullopt;
  return parameter;
}

bool Serves(HttpMethod route, HttpMethod asked) {
  return route == asked || (route == HttpMethod::kGet && asked == HttpMethod::kHead);
}

// True where only a raw '/' in a key keeps the path from matching: the likeliest mistake of a
// caller.
bool HasRawSlash(const Route& route, std::string_view path) {
  const size_t brace = route.pattern.find("{key}");
  return brace != std::string_view::npos && path.substr(0, brace) == route.pattern.substr(0, brace);
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

Admission Router::Admit(HttpRequest& request) {
  RequestTarget target;
  if (const absl::Status status = SplitTarget(request.target, &target); !status.ok()) {
    return Admission::Refuse(ErrorResponse(400, DefaultErrorCode(400), ToStd(status.message())));
  }
  std::string_view not_found = "there is nothing at this path";
  for (size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    const std::optional<std::string_view> parameter = Match(route.pattern, target.path);
    if (!parameter) {
      if (HasRawSlash(route, target.path)) {
        not_found = "a '/' inside the key must be encoded as %2F";
      }
      continue;
    }
    if (!Serves(route.method, request.method)) continue;
    request.route = i;
    request.parameter = *parameter;
    request.query = target.query;
    if (route.admit) return route.admit(request);
    return Admission::UpTo(kIgnoredBodyBytes);
  }
  const std::string allowed = AllowedMethods(target.path);
  if (allowed.empty())
    return Admission::Refuse(ErrorResponse(404, DefaultErrorCode(404), not_found));
  HttpResponse response =
      ErrorResponse(405, DefaultErrorCode(405), Concat("this path knows ", allowed, " only"));
  response.AddHeader("Allow", allowed);
  return Admission::Refuse(std::move(response));
}

std::string Router::AllowedMethods(std::string_view path) const {
  std::string allowed;
  for (const Route& route : routes_) {
    if (!Match(route.pattern, path)) continue;
    Append(&allowed, allowed.empty() ? "" : ", ", HttpMethodName(route.method));
    if (route.method == HttpMethod::kGet) allowed.append(", HEAD");
  }
  return allowed;
}

void Router::Serve(const HttpRequest& request, Responder responder) {
  routes_[request.route].serve(request, std::move(responder));
}

HttpResponse Router::Refusal(int status, std::string_view message) {
  return ErrorResponse(status, DefaultErrorCode(status), message);
}

}  // namespace kache::gateway
