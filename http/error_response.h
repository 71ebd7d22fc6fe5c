// Every error answer of the gateway has the same form:
//
//   {"error":{"code":"KEY_NOT_FOUND","message":"there is no such key"}}
#ifndef KACHE_HTTP_ERROR_RESPONSE_H_
#define KACHE_HTTP_ERROR_RESPONSE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "http/message.h"

namespace kache {

// Appends {"code":...,"message":...`more`}. `more` is empty or further members of the object as
// JSON, beginning with a comma.
void AppendErrorObject(std::string_view code, std::string_view message, std::string_view more,
                       std::string* json);

// The Retry-After for a failure: what the status advises (base/error_details.h), in whole seconds
// rounded up, as HTTP knows nothing finer; a second where it advises nothing, a day at most.
int RetryAfterSeconds(const absl::Status& status);

// A 429 or 503 advises when to come back.
HttpResponse ErrorResponse(int status, std::string_view code, std::string_view message,
                           std::string_view more = "", int retry_after_seconds = 1);

// Why there is no room for a request or an answer.
inline constexpr std::string_view kNoRoom = "too many bytes are held for other requests";

// What a request or an answer gets that finds no room in the memory that the gateway may use.
HttpResponse NoRoomResponse();

// The code that goes with a status where nothing more exact is known.
std::string_view DefaultErrorCode(int status);

}  // namespace kache

#endif  // KACHE_HTTP_ERROR_RESPONSE_H_
