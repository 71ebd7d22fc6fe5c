#include "gateway/handlers/json_body.h"

#include <utility>

#include "base/base64.h"
#include "base/strings.h"
#include "boost/json/basic_parser_impl.hpp"
#include "gateway/handlers/json_body_reader.h"

namespace kache::gateway {
namespace {

// More than any body needs; what is deeper is refused before it costs anything.
constexpr size_t kMaxDepth = 4;

Problem BadJson(std::string message) { return {400, "BAD_JSON", std::move(message)}; }

MaybeProblem Decode(TextEncoding encoding, std::string_view what, std::string* text) {
  if (encoding == TextEncoding::kUtf8) return std::nullopt;
  std::string bytes;
  if (!DecodeBase64(*text, &bytes)) {
    return BadJson(Concat("a ", what, " is not base64 (standard alphabet, padded)"));
  }
  *text = std::move(bytes);
  return std::nullopt;
}

MaybeProblem DecodeAll(JsonSchema schema, JsonBody* body) {
  if (schema == JsonSchema::kPut) return Decode(body->top.encoding, "value", &body->top.value);
  for (std::string& key : body->keys) {
    if (MaybeProblem problem = Decode(body->top.key_encoding, "key", &key)) return problem;
  }
  for (JsonEntry& entry : body->entries) {
    if (MaybeProblem problem = Decode(entry.key_encoding, "key", &entry.key)) return problem;
    if (MaybeProblem problem = Decode(entry.encoding, "value", &entry.value)) return problem;
  }
  return std::nullopt;
}

}  // namespace

MaybeProblem ParseJsonBody(JsonSchema schema, std::string_view text, size_t max_keys,
                           JsonBody* body) {
  *body = JsonBody();
  if (text.empty()) return BadJson("the body is empty; it should be a JSON object");
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<JsonBodyReader> parser(options, schema, max_keys, body);
  boost::system::error_code error;
  const size_t parsed = parser.write_some(/*more=*/false, text.data(), text.size(), error);
  if (parser.handler().problem()) return parser.handler().problem();
  if (error) {
    return BadJson(Concat("not JSON at byte ", parsed, ": ", error.message()));
  }
  if (parsed < text.size()) {
    return BadJson(Concat("something follows the JSON document at byte ", parsed));
  }
  return DecodeAll(schema, body);
}

}  // namespace kache::gateway
