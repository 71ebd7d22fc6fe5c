// Formats the head of an HTTP/1.1 answer.
#ifndef KACHE_HTTP_RESPONSE_WRITER_H_
#define KACHE_HTTP_RESPONSE_WRITER_H_

#include <string>
#include <string_view>

#include "base/request_name.h"
#include "http/message.h"

namespace kache {

// "Not Found" for 404; "Unknown" for a status that this gateway never sends.
std::string_view ReasonPhrase(int status);

enum class ConnectionField { kNone, kClose, kKeepAlive };

// Replaces `head` with status line, fields and the empty line. A 304 carries no Content-Length;
// every answer carries X-Content-Type-Options: nosniff.
// `date` is the value of the Date field, `name` that of X-Request-Id, unless it has none.
void WriteResponseHead(const HttpResponse& response, ConnectionField connection,
                       std::string_view date, const RequestName& name, std::string* head);

// The current instant as HTTP writes it. Formatted once a second for each thread.
std::string_view HttpDate();

}  // namespace kache

#endif  // KACHE_HTTP_RESPONSE_WRITER_H_
