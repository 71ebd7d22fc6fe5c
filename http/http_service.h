// The seam between the HTTP server and what it serves. The server (http_server.h) knows bytes,
// sockets and time limits; the service knows routes and what they mean; the observer counts.
#ifndef KACHE_HTTP_HTTP_SERVICE_H_
#define KACHE_HTTP_HTTP_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "http/held_bytes.h"
#include "http/message.h"

namespace kache {

// Where one answer goes.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // Any thread, exactly once for each request.
  virtual void Send(HttpResponse response) = 0;
  // As Responder::Reserve.
  virtual bool Reserve(uint64_t bytes) = 0;
};

// The right, and the duty, to answer one request: one that goes out of scope unused answers 500,
// so that no client waits for ever. Any thread; the request stays valid until Send.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  void Send(HttpResponse response);

  // Before Send, by one thread at a time: the request takes `bytes` of memory now, beside the
  // request itself (copies on their way to a server, an answer that is awaited or at hand).
  // Replaces what was reserved before; Send ends it. False: there is no room, nothing has changed,
  // and the request is to be answered with NoRoomResponse before anything is done for it. Never
  // false for less than before.
  bool Reserve(uint64_t bytes) { return sink_->Reserve(bytes); }

 private:
  std::shared_ptr<ResponseSink> sink_;  // shared: the connection lives until it was answered
};

// What is to happen with a request whose head is known and whose body was not read yet.
struct Admission {
  uint64_t body_limit = 0;              // a larger body is refused with 413
  std::optional<HttpResponse> refusal;  // answer this instead of reading the body

  static Admission UpTo(uint64_t body_limit) { return {body_limit, std::nullopt}; }
  static Admission Refuse(HttpResponse response) { return {0, std::move(response)}; }
};

class HttpService {
 public:
  virtual ~HttpService() = default;
  // Both are called on the connection's thread and must not block it. Fills the request's route.
  virtual Admission Admit(HttpRequest& request) = 0;
  // May take the request's body away (HttpRequest::body); all else stays until Send.
  virtual void Serve(HttpRequest& request, Responder responder) = 0;
  // Turns a refusal of the server itself (bad syntax, too large, too slow) into an answer. Any
  // thread.
  virtual HttpResponse Refusal(int status, std::string_view message) = 0;
};

// Why the server itself refused or gave up a request or a connection.
enum class RefusalReason : uint8_t {
  kBadRequest,                   // 400, 417, 501: syntax, framing, expectations
  kHeadersTooLarge,              // 431
  kBodyTooLarge,                 // 413
  kReadTimeout,                  // 408
  kTooManyConnections,           // 503
  kTooManyConnectionsOfAddress,  // 503: of one client
  kMemory,                       // 503: bytes held for all requests and answers reached their limit
  kTls,                          // connection closed: no handshake, none in time, or no certificate
  kWriteTimeout,                 // connection closed: the client does not read its answer
  kCount,
};
std::string_view RefusalReasonName(RefusalReason reason);

// An answer whose last byte was given to its connection, or that could not be sent.
struct HttpAnswered {
  int status = 0;
  size_t body_bytes = 0;
  bool served = false;       // OnStarted was called for the request
  absl::Duration receiving;  // from the end of the head to that of the body
  absl::Duration serving;    // until the answer was there
  absl::Duration sending;
  absl::Duration elapsed() const { return receiving + serving + sending; }
};

// Called on the connections' threads: implementations are thread-safe.
class HttpObserver {
 public:
  virtual ~HttpObserver() = default;
  // Once, before all others. `held` is the server's, and lives as long.
  virtual void OnServing(const HeldBytes& /*held*/) {}
  virtual void OnConnectionOpened() {}
  virtual void OnConnectionClosed() {}
  // A request was admitted and goes to the service.
  virtual void OnStarted(const HttpRequest& /*request*/) {}
  virtual void OnAnswered(const HttpRequest& /*request*/, const HttpAnswered& /*answer*/) {}
  virtual void OnRefused(RefusalReason /*reason*/) {}
};

}  // namespace kache

#endif  // KACHE_HTTP_HTTP_SERVICE_H_
