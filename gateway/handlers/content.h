// Content negotiation: what a body is, what an answer should be, and whether the caller has it
// already. Pure functions of header values.
#ifndef KACHE_GATEWAY_HANDLERS_CONTENT_H_
#define KACHE_GATEWAY_HANDLERS_CONTENT_H_

#include <string_view>

#include "gateway/handlers/problem.h"
#include "http/message.h"

namespace kache::gateway {

// `application/json`, with any parameters and in any case.
bool IsJsonContent(const HttpRequest& request);

// The body must be as it was written: 415 for a Content-Encoding or, in JSON, a charset other than
// UTF-8; 400 for Content-Range and for a repeated Content-Type.
MaybeProblem CheckContent(const HttpRequest& request);

// True when `accept` prefers application/octet-stream to application/json (RFC 9110, section
// 12.5.1). JSON is the answer where both are equally welcome, or neither is.
bool PrefersRawBytes(std::string_view accept);

// True when `if_none_match` is "*" or lists `etag` (which has its quotes, and W/ where it is weak),
// weakly compared: W/"a" and "a" are the same.
bool ListsETag(std::string_view if_none_match, std::string_view etag);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_CONTENT_H_
