// Parses one HTTP/1.0 or 1.1 request into a HttpRequest, straight into its reused buffers. The
// grammar is Boost.Beast's basic_parser; this class only stores what it finds and counts bytes.
//
// One message for each object. Connection thread only.
#ifndef KACHE_HTTP_REQUEST_PARSER_H_
#define KACHE_HTTP_REQUEST_PARSER_H_

#include <cstddef>
#include <cstdint>

#include "boost/beast/http/basic_parser.hpp"
#include "http/held_bytes.h"
#include "http/message.h"

namespace kache {

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  using ErrorCode = boost::beast::error_code;

  // Fills `request`, which must be clear. A head of more than `max_head_bytes` is
  // http::error::header_limit.
  RequestParser(HttpRequest& request, size_t max_head_bytes);

  bool http_1_1() const { return http_1_1_; }

  // A body that grows over this is http::error::body_limit. Set it once the head is done.
  void set_body_limit(uint64_t bytes) { body_limit_bytes_ = bytes; }

  // Of the body, as announced by Content-Length; 0 = none, or not known.
  uint64_t announced_bytes() const { return length_; }
  // Of the body, as far as that is known (held_bytes.h). A chunked one says nothing of its size
  // before its end: it is no small one until then.
  uint64_t expected_bytes() const {
    return chunked() && !is_done() ? HeldBytes::kSmallBytes + 1 : length_;
  }
  // What the body's next buffer takes, beside the one that it has, where these further bytes make
  // it grow; 0 = they don't.
  size_t BytesToGrow(size_t bytes) const;

 private:
  using Field = boost::beast::http::field;
  using StringView = boost::beast::string_view;
  template <class T>
  using Optional = boost::optional<T>;

  void on_request_impl(boost::beast::http::verb method, StringView method_text, StringView target,
                       int version, ErrorCode& error) override;
  void on_response_impl(int code, StringView reason, int version, ErrorCode& error) override;
  void on_field_impl(Field field, StringView name, StringView value, ErrorCode& error) override;
  void on_header_impl(ErrorCode& error) override;
  void on_body_init_impl(const Optional<uint64_t>& length, ErrorCode& error) override;
  size_t on_body_impl(StringView body, ErrorCode& error) override;
  void on_chunk_header_impl(uint64_t size, StringView extensions, ErrorCode& error) override;
  size_t on_chunk_body_impl(uint64_t remain, StringView body, ErrorCode& error) override;
  void on_finish_impl(ErrorCode& error) override;

  // Of a buffer for a body of so many bytes.
  size_t CapacityFor(size_t size) const;

  HttpRequest& request_;
  size_t head_bytes_left_;
  bool head_done_ = false;
  bool http_1_1_ = false;
  uint64_t body_limit_bytes_ = 0;
  uint64_t length_ = 0;
};

}  // namespace kache

#endif  // KACHE_HTTP_REQUEST_PARSER_H_
