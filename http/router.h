// Finds what a request asks for in one table of routes. A pattern is a literal path, or a prefix
// followed by one parameter (`/api/v1/keys/{key}`) that stands for the rest of the path: any bytes
// but a raw '/', and possibly none. Percent-encoded characters of the fixed part are the same path
// (SkipLiteral). What follows the parameter (`/api/v1/keys/{key}:touch`) stands in the path as it
// is written, as an encoded character belongs to the parameter.
//
// A GET route answers HEAD too. An unknown path is 404; a known one with another method is 405
// with `Allow`. Who may go where, and by which host, is decided here, before a body is read: 401,
// 403, 429.
//
// Immutable, so thread-safe.
#ifndef KACHE_HTTP_ROUTER_H_
#define KACHE_HTTP_ROUTER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/allowed_hosts.h"
#include "http/http_service.h"
#include "http/request_target.h"
#include "security/access_control.h"

namespace kache {

struct Route {
  HttpMethod method;
  std::string_view pattern;  // of static duration
  // Looks at the head: how large may the body be, or why is it refused unread? Without one a body
  // of up to kIgnoredBodyBytes is read and ignored.
  std::function<Admission(const HttpRequest&)> admit;
  std::function<void(HttpRequest&, Responder)> serve;
  // What the caller's token must allow. A route that says nothing is closed to almost all.
  Role role = Role::kAdmin;
  int64_t operations = 1;  // that a request counts for, against limits of operations a second
};

class Router final : public HttpService {
 public:
  static constexpr uint64_t kIgnoredBodyBytes = 64 * 1024;

  // Without `access` everybody may do everything. It outlives the router. Where it asks for no
  // tokens, requests must be for one of `hosts`, but for routes that need no role.
  explicit Router(std::vector<Route> routes, const AccessControl* access = nullptr,
                  AllowedHosts hosts = AllowedHosts({"*"}));

  Admission Admit(HttpRequest& request) override;
  void Serve(HttpRequest& request, Responder responder) override;
  HttpResponse Refusal(int status, std::string_view message) override;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  Admission AdmitTo(const Route* route, HttpRequest& request, const RequestTarget& target,
                    std::string_view not_found) const;
  // Why the request's host is none of ours; nothing when it is.
  std::optional<HttpResponse> DenyHost(const HttpRequest& request, std::string_view authority,
                                       Role role) const;
  // Why the caller may not go on; nothing when he may. Fills the request's caller.
  std::optional<HttpResponse> Deny(HttpRequest& request, Role role, int64_t operations) const;
  std::string AllowedMethods(std::string_view path) const;

  const std::vector<Route> routes_;
  const AccessControl* const access_;
  const AllowedHosts hosts_;
};

}  // namespace kache

#endif  // KACHE_HTTP_ROUTER_H_
