// An HTTP/1.1 server: Boost.Beast's parser on Boost.Asio sockets, behind values (message.h) and
// one interface (http_service.h).
//
//   HttpServer::Options options;
//   options.address = {"127.0.0.1", 0};
//   auto server = HttpServer::Start(options, &service, &observer);   // serves from here on
//   ... (*server)->port() ...
//   (*server)->BeginDrain();        // answers say "Connection: close"
//   (*server)->StopAccepting();
//   (*server)->AwaitConnections(absl::Seconds(20));
//
// Each thread runs one io_context; a connection stays on one of them, given out in turn. A
// connection is served one request at a time, so pipelined requests are answered in order and a
// client cannot make the server queue work. What it holds is bounded: connections, bytes of a
// head, of a body (by route), and of all requests and answers together (held_bytes.h); and so is
// every wait. A request or an answer that finds no room is refused with 503.
//
// Thread-safe. The destructor closes what is still open and joins the threads.
#ifndef KACHE_HTTP_HTTP_SERVER_H_
#define KACHE_HTTP_HTTP_SERVER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/settings.h"
#include "http/http_service.h"
#include "security/tls_files.h"

namespace kache {

// Of a server with so many connections: how many of those that it refuses are waited for, so that
// they read why, beside those that it serves. Of one client address its fair share.
constexpr size_t MaxRefusedConnections(size_t max_connections) {
  return std::min<size_t>(max_connections, 256);
}

struct HttpOptions {
  // Port 0 = any free one. A name stands for all its addresses, on one port; those that this
  // machine does not have are passed over. "::" stands for all addresses of both families, or of
  // IPv4 where the machine has no IPv6.
  HostPort address;
  TlsFiles tls;  // read again when they change; no certificate = plain connections
  std::string whose = "the HTTP port";  // for the log
  size_t threads = 1;
  // Of one client address its fair share (base/connection_book.h).
  size_t max_connections = 10'000;
  // A connection over the limit takes the place of the one of its thread whose client has the least
  // time left to send its request or to read its answer, instead of being refused. It is refused
  // where all are being served.
  bool replaces_waiting = false;
  size_t max_head_bytes = 64 * 1024;
  // What all connections together hold of requests, of answers, and of what the service reserves
  // for its requests; but for the first bytes of each connection (held_bytes.h).
  uint64_t max_buffered_bytes = 256 * 1024 * 1024;
  absl::Duration read_timeout = absl::Seconds(30);   // from a request's first byte to its last
  absl::Duration idle_timeout = absl::Seconds(75);   // between requests
  absl::Duration write_timeout = absl::Seconds(30);  // for one answer
};

class HttpServer {
 public:
  using Options = HttpOptions;

  // UNAVAILABLE when the address can't be listened on; the message says why.
  // INVALID_ARGUMENT when the files for TLS are wrong. `service` and
  // `observer` outlive the server.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const Options& options,
                                                           HttpService* service,
                                                           HttpObserver* observer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  // Of max_buffered_bytes.
  uint64_t held_bytes() const;

  // From now on every answer ends its connection.
  void BeginDrain();
  // Takes no new connections and closes those that have no request.
  void StopAccepting();
  // True when all connections have ended; false when that took longer than `timeout`.
  bool AwaitConnections(absl::Duration timeout);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kache

#endif  // KACHE_HTTP_HTTP_SERVER_H_
