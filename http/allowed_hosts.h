// Which hosts a request may be for, so that no web page reaches a gateway without tokens by DNS
// rebinding: a stranger's page makes its own name mean the gateway's address, and its browser then
// takes the gateway for the page's own server. The browser still sends the stranger's name as
// `Host`.
//
// Allowed is what no stranger can own:
//   an IP address                          127.0.0.1   [::1]
//   a name of one label                    localhost   kache-gateway
//   a name under one of these              .localhost  .local  .internal  .svc  .cluster.local
//   a name of the list                     kache.example.com
//   nothing: browsers always send a host   HTTP/1.0
// A port, a dot at the end, and upper and lower case make no difference.
//
// Immutable, so thread-safe. Nothing here allocates.
#ifndef KACHE_HTTP_ALLOWED_HOSTS_H_
#define KACHE_HTTP_ALLOWED_HOSTS_H_

#include <string>
#include <string_view>
#include <vector>

namespace kache {

class AllowedHosts {
 public:
  // `names`: each as IsHostName accepts it, or `*`, which allows every host.
  explicit AllowedHosts(std::vector<std::string> names = {});

  // `host`: the value of a Host header, or the authority of a URL. O(names) for a name that needs
  // the list.
  bool Allows(std::string_view host) const;

  // Letters, digits, '-' and '_' in labels; at least one, at most 253 bytes. No port.
  static bool IsHostName(std::string_view text);

 private:
  std::vector<std::string> names_;
  bool any_ = false;
};

}  // namespace kache

#endif  // KACHE_HTTP_ALLOWED_HOSTS_H_
