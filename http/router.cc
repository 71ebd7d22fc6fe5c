#include "http/router.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "http/error_response.h"
#include "http/request_target.h"

namespace kache {
namespace {

// What stands for the pattern's parameter (empty for a literal pattern), or nothing when the path
// does not match.
std::optional<std::string_view> Match(std::string_view pattern, std::string_view path) {
  const size_t brace = pattern.find('{');
  std::string_view rest = path;
  if (!SkipLiteral(pattern.substr(0, brace), &rest)) return std::nullopt;
  if (brace == std::string_view::npos) {
    if (!rest.empty()) return std::nullopt;
    return std::string_view();
  }
  if (rest.find('/') != std::string_view::npos) return std::nullopt;
  const std::string_view end = pattern.substr(pattern.find('}') + 1);
  if (rest.size() < end.size() || rest.substr(rest.size() - end.size()) != end) return std::nullopt;
  return rest.substr(0, rest.size() - end.size());
}

bool Serves(HttpMethod route, HttpMethod asked) {
  return route == asked || (route == HttpMethod::kGet && asked == HttpMethod::kHead);
}

// True where only a raw '/' in a key keeps the path from matching: the likeliest mistake of a
// caller.
bool HasRawSlash(const Route& route, std::string_view path) {
  const size_t brace = route.pattern.find("{key}");
  return brace != std::string_view::npos && SkipLiteral(route.pattern.substr(0, brace), &path);
}

}  // namespace

Router::Router(std::vector<Route> routes, const AccessControl* access, AllowedHosts hosts)
    : routes_(std::move(routes)), access_(access), hosts_(std::move(hosts)) {}

Admission Router::Admit(HttpRequest& request) {
  RequestTarget target;
  if (const absl::Status status = SplitTarget(request.target, &target); !status.ok()) {
    return Admission::Refuse(ErrorResponse(400, DefaultErrorCode(400), ToStd(status.message())));
  }
  const Route* found = nullptr;
  std::string_view not_found = "there is nothing at this path";
  for (size_t i = 0; i < routes_.size() && found == nullptr; ++i) {
    const Route& route = routes_[i];
    const std::optional<std::string_view> parameter = Match(route.pattern, target.path);
    if (!parameter) {
      if (HasRawSlash(route, target.path)) {
        not_found = "a '/' inside the key must be encoded as %2F";
      }
      continue;
    }
    if (!Serves(route.method, request.method)) continue;
    found = &route;
    request.route = i;
    request.parameter = *parameter;
    request.query = target.query;
  }
  return AdmitTo(found, request, target, not_found);
}

Admission Router::AdmitTo(const Route* route, HttpRequest& request, const RequestTarget& target,
                          std::string_view not_found) const {
  // Where nothing is, strangers learn no more than elsewhere.
  const Role role = route == nullptr ? Role::kRead : route->role;
  if (std::optional<HttpResponse> denied = DenyHost(request, target.authority, role)) {
    return Admission::Refuse(*std::move(denied));
  }
  if (std::optional<HttpResponse> denied =
          Deny(request, role, route == nullptr ? 1 : route->operations)) {
    return Admission::Refuse(*std::move(denied));
  }
  if (route != nullptr) {
    return route->admit ? route->admit(request) : Admission::UpTo(kIgnoredBodyBytes);
  }
  const std::string allowed = AllowedMethods(target.path);
  if (allowed.empty()) {
    return Admission::Refuse(ErrorResponse(404, DefaultErrorCode(404), not_found));
  }
  HttpResponse response =
      ErrorResponse(405, DefaultErrorCode(405), Concat("this path knows ", allowed, " only"));
  response.AddHeader("Allow", allowed);
  return Admission::Refuse(std::move(response));
}

std::optional<HttpResponse> Router::DenyHost(const HttpRequest& request, std::string_view authority,
                                             Role role) const {
  // A stranger's page has no token to send, and probes tell it nothing.
  const bool asks_for_tokens = access_ != nullptr && access_->asks_for_tokens();
  if (asks_for_tokens || role == Role::kNone) return std::nullopt;
  // The host of an absolute URL counts instead of the header (RFC 9112, section 3.2.2).
  const std::string_view host =
      authority.empty() ? request.headers.Find("Host").value_or(std::string_view()) : authority;
  if (hosts_.Allows(host)) return std::nullopt;
  return ErrorResponse(403, "HOST_NOT_ALLOWED",
                       "the request is for a host that this gateway does not know as its own: add "
                       "the host's name to HTTP_ALLOWED_HOSTS, or ask callers for tokens "
                       "(TOKENS_FILE)");
}

std::optional<HttpResponse> Router::Deny(HttpRequest& request, Role role,
                                         int64_t operations) const {
  if (access_ == nullptr || role == Role::kNone) return std::nullopt;
  // See Schemes: a browser's own idea must not change anything.
  const bool only_reads = request.method == HttpMethod::kGet || request.method == HttpMethod::kHead;
  const bool one = request.headers.Count("Authorization") == 1;
  request.caller =
      access_->Identify(one ? *request.headers.Find("Authorization") : std::string_view(),
                        only_reads ? Schemes::kBearerAndBasic : Schemes::kBearer);
  const absl::Status status =
      access_->Admit(request.caller, role, operations, std::chrono::steady_clock::now());
  if (status.ok()) return std::nullopt;
  const std::string message(status.message());
  if (absl::IsResourceExhausted(status)) {
    return ErrorResponse(429, "RATE_LIMITED", message, "", RetryAfterSeconds(status));
  }
  if (absl::IsPermissionDenied(status)) {
    return ErrorResponse(403, "PERMISSION_DENIED", message);
  }
  HttpResponse response = ErrorResponse(401, "UNAUTHENTICATED", message);
  response.AddHeader("WWW-Authenticate", only_reads ? "Bearer, Basic realm=\"kache\"" : "Bearer");
  return response;
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

void Router::Serve(HttpRequest& request, Responder responder) {
  routes_[request.route].serve(request, std::move(responder));
}

HttpResponse Router::Refusal(int status, std::string_view message) {
  return ErrorResponse(status, DefaultErrorCode(status), message);
}

}  // namespace kache
