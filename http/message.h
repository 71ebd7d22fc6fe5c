// HTTP requests and responses as plain values: what handlers see, and what tests make. The server
// (http_server.h) turns bytes into these and back; nothing here knows sockets.
//
// Thread-compatible. A HttpRequest belongs to its connection and stays unchanged until the request
// was answered, but for its body, which whoever serves the request may take away.
#ifndef KACHE_HTTP_MESSAGE_H_
#define KACHE_HTTP_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/request_name.h"
#include "base/requester.h"
#include "security/access_control.h"

namespace kache {

enum class HttpMethod : uint8_t { kGet, kHead, kPut, kPost, kDelete, kOther };

std::string_view HttpMethodName(HttpMethod method);

// Header fields in the order received, in one block of memory that is reused. Names are compared
// without regard to case; the number of fields is bounded by the size limit of the head, so
// lookups walk the list.
class HeaderList {
 public:
  void Add(std::string_view name, std::string_view value);
  // Keeps small buffers.
  void Clear();
  // What it takes of memory.
  size_t memory_bytes() const { return text_.capacity() + fields_.capacity() * sizeof(Field); }

  // The first field of that name. Views are valid until Add or Clear.
  std::optional<std::string_view> Find(std::string_view name) const;
  size_t Count(std::string_view name) const;
  // All values of that name, joined by ", " as HTTP allows for list-valued fields.
  std::string Joined(std::string_view name) const;

 private:
  struct Field {
    uint32_t name_begin;
    uint32_t name_size;
    uint32_t value_size;  // the value follows the name
  };
  std::string_view Name(const Field& field) const;
  std::string_view Value(const Field& field) const;

  std::string text_;
  std::vector<Field> fields_;
};

struct HttpRequest {
  HttpMethod method = HttpMethod::kOther;
  std::string target;  // as sent
  HeaderList headers;
  std::string body;

  // What the router found in `target` (views into it): the index of the route, or kNoRoute; the
  // part of the path that stands for the pattern's parameter, still percent-encoded; the query.
  static constexpr size_t kNoRoute = SIZE_MAX;
  size_t route = kNoRoute;
  std::string_view parameter;
  std::string_view query;

  // What logs call it; set once the head is known.
  RequestName name;

  // Whom it comes from, as the router found out.
  Caller caller;

  // The server's thread that owns the connection.
  size_t worker = 0;

  // The client on its connection, until the request was answered; null in tests.
  const Requester* requester = nullptr;

  // Empties it for the next request and keeps small buffers.
  void Clear();
  // For who has read the body: gives its memory back, where it is worth it.
  void DropLargeBody();
  // What it takes of memory beside itself.
  size_t memory_bytes() const {
    return target.capacity() + headers.memory_bytes() + body.capacity();
  }
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";  // of static duration; empty = no such field
  std::string headers;                                 // further fields, each "Name: value\r\n"
  std::string body;
  bool close = false;  // end the connection after this answer
  // It says what became of a write, so it is sent also where there is no room for it
  // (held_bytes.h); any other answer is then replaced by a refusal.
  bool tells_of_write = false;
  bool no_room = false;  // it says that there is no room, and counts as such a refusal

  // What it takes of memory beside itself.
  size_t memory_bytes() const { return headers.capacity() + body.capacity(); }

  // `value` holds no line ends.
  void AddHeader(std::string_view name, std::string_view value);
  // The first further field of that name, as AddHeader got it.
  std::optional<std::string_view> FindHeader(std::string_view name) const;
};

}  // namespace kache

#endif  // KACHE_HTTP_MESSAGE_H_
