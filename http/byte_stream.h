// The bytes of one connection: a TCP socket, with TLS on it or not.
//
// On the connection's thread only, but for PeerIsThere. One read or write at a time; `done` is
// called as Asio calls it: later, on the same thread.
#ifndef KACHE_HTTP_BYTE_STREAM_H_
#define KACHE_HTTP_BYTE_STREAM_H_

#include <openssl/ssl.h>
#include <poll.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/ssl/stream.hpp"
#include "boost/asio/write.hpp"
#include "http/worker.h"

namespace kache {

class ByteStream {
 public:
  using ErrorCode = boost::system::error_code;

  // Without `context` it is plain TCP.
  ByteStream(TcpSocket socket, const std::shared_ptr<ssl_ctx_st>& context)
      : socket_(std::move(socket)) {
    if (context)
      tls_.emplace(socket_, SSL_new(context.get()));  // takes it over, and it the context
  }

  TcpSocket& socket() { return socket_; }
  bool is_tls() const { return tls_.has_value(); }

  // done(error). Requires is_tls().
  template <class Done>
  void Handshake(Done done) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(done));
  }

  // done(error, bytes).
  template <class Done>
  void Read(boost::asio::mutable_buffer buffer, Done done) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(done));
    } else {
      socket_.async_read_some(buffer, std::move(done));
    }
  }

  // All of both, which stay until done(error, bytes).
  template <class Done>
  void Write(boost::asio::const_buffer head, boost::asio::const_buffer body, Done done) {
    if (!tls_) {
      boost::asio::async_write(socket_, std::array{head, body}, std::move(done));
    } else if (head.size() + body.size() <= kJoinedBytes) {
      // One record and one packet, where Asio would make one of each buffer.
      joined_.assign(static_cast<const char*>(head.data()), head.size());
      joined_.append(static_cast<const char*>(body.data()), body.size());
      boost::asio::async_write(*tls_, boost::asio::buffer(joined_), std::move(done));
    } else {
      boost::asio::async_write(*tls_, std::array{head, body}, std::move(done));
    }
  }

  // Says that nothing more will be sent: done(), which with TLS may be as late as the client likes.
  template <class Done>
  void EndSending(Done done) {
    if (!tls_) {
      ShutSending();
      boost::asio::post(socket_.get_executor(), std::move(done));
      return;
    }
    // Ends with the client's own goodbye, its end, or what it still sends.
    tls_->async_shutdown([this, done = std::move(done)](const ErrorCode& /*error*/) mutable {
      ShutSending();
      done();
    });
  }

  // Makes a read or write under way end with an error.
  void Cancel() {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }
  void Close() {
    ErrorCode ignored;
    socket_.close(ignored);
  }

  // False once the other side has ended its sending, or the connection is lost. Any thread, but not
  // beside Close.
  bool PeerIsThere() const {
    // Not by what there is to read: bytes may stand before the end, as TLS's last record does. The
    // descriptor of a socket that is closed is -1, and no peer is there.
    pollfd peer{const_cast<TcpSocket&>(socket_).native_handle(), POLLRDHUP, 0};
    return peer.fd >= 0 && ::poll(&peer, 1, /*timeout=*/0) == 0;
  }

 private:
  // What fits one record of TLS.
  static constexpr size_t kJoinedBytes = 16 * 1024;

  void ShutSending() {
    ErrorCode ignored;
    socket_.shutdown(boost::asio::socket_base::shutdown_send, ignored);
  }

  TcpSocket socket_;
  std::optional<boost::asio::ssl::stream<TcpSocket&>> tls_;
  std::string joined_;
};

}  // namespace kache

#endif  // KACHE_HTTP_BYTE_STREAM_H_
