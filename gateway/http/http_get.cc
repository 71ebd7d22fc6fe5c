#include "gateway/http/http_get.h"

#include <cstddef>

#include "absl/status/status.h"
#include "base/strings.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/core/tcp_stream.hpp"
#include "boost/beast/http.hpp"

namespace kache::gateway {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

// The request on its way: each step starts the next one.
class Exchange {
 public:
  Exchange(net::io_context& context, const HostPort& server, const std::string& target,
           absl::Duration timeout)
      : stream_(context), request_(http::verb::get, target, 11) {
    request_.set(http::field::host, server.ToString());
    request_.set(http::field::connection, "close");
    stream_.expires_after(absl::ToChronoMilliseconds(timeout));
  }

  void Start(const tcp::resolver::results_type& endpoints) {
    stream_.async_connect(endpoints, [this](const error_code& error, const tcp::endpoint&) {
      if (!Failed(error)) Send();
    });
  }

  const error_code& error() const { return error_; }
  int status() const { return static_cast<int>(response_.result_int()); }

 private:
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

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
  error_code error_;
};

}  // namespace

absl::StatusOr<int> HttpGet(const HostPort& server, const std::string& target,
                            absl::Duration timeout) {
  net::io_context context;
  error_code error;
  tcp::resolver resolver(context);
  const auto endpoints = resolver.resolve(server.host, std::to_string(server.port), error);
  if (!error) {
    Exchange exchange(context, server, target, timeout);
    exchange.Start(endpoints);
    context.run();
    if (!exchange.error()) return exchange.status();
    error = exchange.error();
  }
  return absl::UnavailableError(Concat(server.ToString(), ": ", error.message()));
}

}  // namespace kache::gateway
