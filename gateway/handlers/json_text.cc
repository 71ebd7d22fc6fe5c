#include "gateway/handlers/json_text.h"

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/utf8.h"

namespace kache::gateway {
namespace {

void AppendBytes(std::string_view bytes, TextEncoding wanted, std::string_view encoding_member,
                 std::string* json) {
  if (wanted == TextEncoding::kUtf8 && IsUtf8(bytes)) {
    AppendJsonString(bytes, json);
    return;
  }
  json->push_back('"');
  AppendBase64(bytes, json);
  json->append(encoding_member);
}

}  // namespace

void AppendKeyMember(std::string_view key, TextEncoding wanted, std::string* json) {
  json->append("\"key\":");
  AppendBytes(key, wanted, "\",\"keyEncoding\":\"base64\"", json);
}

void AppendValueMember(std::string_view value, TextEncoding wanted, std::string* json) {
  json->append("\"value\":");
  AppendBytes(value, wanted, "\",\"encoding\":\"base64\"", json);
}

}  // namespace kache::gateway
