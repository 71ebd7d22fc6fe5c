// TLS for one connection whose bytes somebody else carries: what came goes in, what is to be sent
// comes out. OpenSSL's client side over memory, without any input or output of its own.
//
//   TlsSession session(context, "redis-0");      // begins the handshake
//   ... send session.outgoing(), clear it; Receive what comes, send again ...
//   session.established(), then Encrypt and Receive
//
// Loop thread only.
#ifndef KACHE_SERVER_REDIS_TLS_SESSION_H_
#define KACHE_SERVER_REDIS_TLS_SESSION_H_

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace kache::redis {

class TlsSession {
 public:
  // `host` is what the server's certificate must be for: a name, or a numeric address.
  TlsSession(const std::shared_ptr<ssl_ctx_st>& context, const std::string& host);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Takes bytes of the network; appends what they held to `plain`. False when the connection is
  // useless from now on: error() says why. There may be something to send either way.
  bool Receive(std::string_view bytes, std::string* plain);
  // Requires: established. False as in Receive.
  bool Encrypt(std::string_view plain);

  bool established() const { return established_; }
  // To be sent and removed by the caller.
  std::string& outgoing() { return outgoing_; }
  const std::string& error() const { return error_; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };

  bool Shake();
  bool Fail(int result);
  void Gather();

  std::unique_ptr<ssl_st, Free> ssl_;  // keeps its context
  bool established_ = false;
  std::string outgoing_;
  std::string error_;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_TLS_SESSION_H_
