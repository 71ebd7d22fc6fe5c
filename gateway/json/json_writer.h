// Appends JSON to a string, without building a document first.
#ifndef KACHE_GATEWAY_JSON_JSON_WRITER_H_
#define KACHE_GATEWAY_JSON_JSON_WRITER_H_

#include <string>
#include <string_view>

namespace kache::gateway {

// Appends `text` quoted and escaped. Requires: `text` is UTF-8 (IsUtf8); it is copied unchecked.
void AppendJsonString(std::string_view text, std::string* json);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_JSON_JSON_WRITER_H_
