// Rules about a request's head that the parser does not know: where its body ends, what it expects,
// and whom it is for (RFC 9112 sections 3.2 and 6, RFC 9110 section 10.1.1).
#ifndef KACHE_HTTP_FRAMING_H_
#define KACHE_HTTP_FRAMING_H_

#include <string_view>

#include "http/message.h"

namespace kache {

struct FramingVerdict {
  int refuse_with = 0;  // 0 = the head is fine, otherwise the status to refuse it with
  std::string_view message;
  bool expects_continue = false;
};

FramingVerdict CheckFraming(const HttpRequest& request, bool http_1_1);

}  // namespace kache

#endif  // KACHE_HTTP_FRAMING_H_
