// Bytes in JSON: as text where they are UTF-8, otherwise as base64 with a member that says so.
#ifndef KACHE_GATEWAY_HANDLERS_JSON_TEXT_H_
#define KACHE_GATEWAY_HANDLERS_JSON_TEXT_H_

#include <string>
#include <string_view>

#include "gateway/handlers/json_body.h"

namespace kache::gateway {

// Appends `"key":"..."`, and `,"keyEncoding":"base64"` where that is needed or asked for.
void AppendKeyMember(std::string_view key, TextEncoding wanted, std::string* json);
// Appends `"value":"..."`, and `,"encoding":"base64"` likewise.
void AppendValueMember(std::string_view value, TextEncoding wanted, std::string* json);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_JSON_TEXT_H_
