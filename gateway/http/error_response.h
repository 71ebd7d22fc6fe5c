// Every error answer of the gateway has the same form:
//
//   {"error":{"code":"KEY_NOT_FOUND","message":"there is no such key"}}
#ifndef KACHE_GATEWAY_HTTP_ERROR_RESPONSE_H_
#define KACHE_GATEWAY_HTTP_ERROR_RESPONSE_H_

#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace kache::gateway {

// Appends {"code":...,"message":...`more`}. `more` is empty or further members of the object as
// JSON, beginning with a comma.
void AppendErrorObject(std::string_view code, std::string_view message, std::string_view more,
                       std::string* json);

// A 429 or 503 advises when to come back.
HttpResponse ErrorResponse(int status, std::string_view code, std::string_view message,
                           std::string_view more = "", int retry_after_seconds = 1);

// The code that goes with a status where nothing more exact is known.
std::string_view DefaultErrorCode(int status);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HTTP_ERROR_RESPONSE_H_
