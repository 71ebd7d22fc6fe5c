#include "http/request_parser.h"

#include <algorithm>
#include <limits>
#include <string>

#include "boost/beast/http/error.hpp"

namespace kache {
namespace {

namespace http = boost::beast::http;

// The most that is set aside because of a Content-Length alone, before the bytes are there.
constexpr uint64_t kMaxReservedBytes = 64 * 1024;

HttpMethod MethodOf(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::kGet;
    case http::verb::head:
      return HttpMethod::kHead;
    case http::verb::put:
      return HttpMethod::kPut;
    case http::verb::post:
      return HttpMethod::kPost;
    case http::verb::delete_:
      return HttpMethod::kDelete;
    default:
      return HttpMethod::kOther;
  }
}

}  // namespace

RequestParser::RequestParser(HttpRequest& request, size_t max_head_bytes)
    : request_(request), head_bytes_left_(max_head_bytes) {
  header_limit(static_cast<uint32_t>(
      std::min<size_t>(max_head_bytes, std::numeric_limits<uint32_t>::max())));
  body_limit(boost::none);  // counted here, where the limit of the route is known
}

void RequestParser::on_request_impl(http::verb method, StringView method_text, StringView target,
                                    int version, ErrorCode& error) {
  http_1_1_ = version >= 11;
  const size_t bytes = method_text.size() + target.size() + sizeof("  HTTP/1.1\r\n") - 1;
  if (bytes > head_bytes_left_) {
    error = http::error::header_limit;
    return;
  }
  head_bytes_left_ -= bytes;
  request_.method = MethodOf(method);
  request_.target.assign(target.data(), target.size());
}

void RequestParser::on_response_impl(int /*code*/, StringView /*reason*/, int /*version*/,
                                     ErrorCode& /*error*/) {}

void RequestParser::on_field_impl(Field /*field*/, StringView name, StringView value,
                                  ErrorCode& error) {
  const size_t bytes = name.size() + value.size() + sizeof(": \r\n") - 1;
  if (bytes > head_bytes_left_) {
    error = http::error::header_limit;
    return;
  }
  head_bytes_left_ -= bytes;
  if (head_done_) return;  // a trailer: never taken for a header
  request_.headers.Add({name.data(), name.size()}, {value.data(), value.size()});
}

void RequestParser::on_header_impl(ErrorCode& /*error*/) { head_done_ = true; }

void RequestParser::on_body_init_impl(const Optional<uint64_t>& length, ErrorCode& /*error*/) {
  if (!length) return;
  length_ = *length;
  request_.body.reserve(static_cast<size_t>(std::min(*length, kMaxReservedBytes)));
}

size_t RequestParser::CapacityFor(size_t size) const {
  // Doubled as it grows, but never beyond what was announced: half of it would stay empty.
  const size_t doubled = 2 * request_.body.capacity();
  if (size > length_) return std::max(size, doubled);
  return std::max(size, std::min<size_t>(doubled, length_));
}

size_t RequestParser::BytesToGrow(size_t bytes) const {
  if (!head_done_) return 0;
  size_t size = request_.body.size() + bytes;
  if (length_ > 0) size = std::min<size_t>(size, length_);  // what follows is the next request
  return size > request_.body.capacity() ? CapacityFor(size) : 0;
}

size_t RequestParser::on_body_impl(StringView body, ErrorCode& error) {
  if (body.size() > body_limit_bytes_ - request_.body.size()) {
    error = http::error::body_limit;
    return 0;
  }
  const size_t size = request_.body.size() + body.size();
  if (size > request_.body.capacity()) {
    std::string larger;  // a string that grows takes more than it is asked for
    larger.reserve(CapacityFor(size));
    larger.append(request_.body);
    request_.body.swap(larger);
  }
  request_.body.append(body.data(), body.size());
  return body.size();
}

void RequestParser::on_chunk_header_impl(uint64_t size, StringView /*extensions*/,
                                         ErrorCode& error) {
  if (size > body_limit_bytes_ - request_.body.size()) error = http::error::body_limit;
}

size_t RequestParser::on_chunk_body_impl(uint64_t /*remain*/, StringView body, ErrorCode& error) {
  return on_body_impl(body, error);
}

void RequestParser::on_finish_impl(ErrorCode& /*error*/) {}

}  // namespace kache
