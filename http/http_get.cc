#include "http/http_get.h"

#include <cstddef>
#include <type_traits>

#include "absl/status/status.h"
#include "base/strings.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ssl/context.hpp"
#include "boost/asio/ssl/stream.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http.hpp"
#include "boost/beast/ssl.hpp"

namespace kache {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace net = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using net::ip::tcp;

beast::tcp_stream& Lowest(beast::tcp_stream& stream) { return stream; }
beast::tcp_stream& Lowest(ssl::stream<beast::tcp_stream>& stream) { return stream.next_layer(); }

// The request on its way: each step starts the next one.
template <class Stream>
class Exchange {
 public:
  Exchange(Stream& stream, const HostPort& server, const std::string& target,
           absl::Duration timeout)
      : stream_(stream), request_(http::verb::get, target, 11) {
    request_.set(http::field::host, server.ToString());
    request_.set(http::field::connection, "close");
    Lowest(stream_).expires_after(absl::ToChronoMilliseconds(timeout));
  }

  void Start(const tcp::resolver::results_type& endpoints) {
    Lowest(stream_).async_connect(endpoints, [this](const error_code& error, const tcp::endpoint&) {
      if (!Failed(error)) Greet();
    });
  }

  const error_code& error() const { return error_; }
  int status() const { return static_cast<int>(response_.result_int()); }

 private:
  void Greet() {
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      Send();
    } else {
      stream_.async_handshake(ssl::stream_base::client, [this](const error_code& error) {
        if (!Failed(error)) Send();
      });
    }
  }
  void Send() {
    http::async_write(stream_, request_, [this](const error_code& error, size_t) {
      if (!Failed(error)) Receive();
    });
  }
  void Receive() {
    http::async_read(stream_, buffer_, response_,
                     [this](const error_code& error, size_t) { Failed(error); });
  }
  bool Failed(const error_code& error) {
    error_ = error;
    return static_cast<bool>(error);
  }

  Stream& stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
  error_code error_;
};

// What an exchange over `stream` leads to.
struct Outcome {
  int status = 0;
  error_code error;
};
template <class Stream>
Outcome Run(net::io_context& context, Stream& stream, const tcp::resolver::results_type& endpoints,
            const HostPort& server, const std::string& target, absl::Duration timeout) {
  Exchange<Stream> exchange(stream, server, target, timeout);
  exchange.Start(endpoints);
  context.run();
  return {exchange.status(), exchange.error()};
}

Outcome RunOverTls(net::io_context& context, const TlsFiles& tls,
                   const tcp::resolver::results_type& endpoints, const HostPort& server,
                   const std::string& target, absl::Duration timeout) {
  ssl::context client(ssl::context::tls_client);
  client.set_verify_mode(ssl::verify_none);
  Outcome outcome;
  if (!tls.ca_file.empty()) {
    client.use_certificate_chain_file(tls.cert_file, outcome.error);
    if (outcome.error) return outcome;
    client.use_private_key_file(tls.key_file, ssl::context::pem, outcome.error);
    if (outcome.error) return outcome;
  }
  ssl::stream<beast::tcp_stream> stream(context, client);
  return Run(context, stream, endpoints, server, target, timeout);
}

}  // namespace

absl::StatusOr<int> HttpGet(const HostPort& server, const std::string& target,
                            absl::Duration timeout, const TlsFiles& tls) {
  net::io_context context;
  error_code error;
  tcp::resolver resolver(context);
  const auto endpoints = resolver.resolve(server.host, std::to_string(server.port), error);
  if (!error) {
    Outcome outcome;
    if (tls.cert_file.empty()) {
      beast::tcp_stream stream(context);
      outcome = Run(context, stream, endpoints, server, target, timeout);
    } else {
      outcome = RunOverTls(context, tls, endpoints, server, target, timeout);
    }
    if (!outcome.error) return outcome.status;
    error = outcome.error;
  }
  return absl::UnavailableError(Concat(server.ToString(), ": ", error.message()));
}

}  // namespace kache
