#include "client/ctl/receipt_view.h"

#include "base/base64.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "client/units.h"
#include "client/version_text.h"

namespace kache::ctl {

void BytesMember(std::string_view name, std::string_view bytes, std::string_view encoding_name,
                 JsonWriter* json) {
  if (IsUtf8(bytes)) {
    json->Member(name, bytes);
    return;
  }
  std::string encoded;
  AppendBase64(bytes, &encoded);
  json->Member(name, encoded).Member(encoding_name, "base64");
}

void ReceiptMembers(const v1::Receipt& receipt, std::string_view node, JsonWriter* json) {
  if (receipt.has_version()) json->Member("version", VersionText(receipt.version()));
  json->Member("acknowledged", receipt.acknowledged())
      .Member("required", receipt.required())
      .Member("degraded", receipt.degraded());
  if (!node.empty()) json->Member("node", node);
  json->Member("expiresAt", receipt.expires_at_unix_ms());
}

std::string GetJson(std::string_view key, const v1::GetResponse& response, std::string_view node) {
  JsonWriter json;
  json.BeginObject();
  BytesMember("key", key, "keyEncoding", &json);
  json.Member("found", response.found());
  if (response.found()) {
    BytesMember("value", response.value(), "encoding", &json);
    json.Member("ttlMs", response.ttl_ms());
  }
  ReceiptMembers(response.receipt(), node, &json);
  return json.EndObject().text();
}

std::string TouchJson(std::string_view key, const v1::TouchResponse& response) {
  JsonWriter json;
  json.BeginObject();
  BytesMember("key", key, "keyEncoding", &json);
  json.Member("found", response.found());
  ReceiptMembers(response.receipt(), "", &json);
  return json.EndObject().text();
}

std::string WriteJson(std::string_view key, const v1::Receipt& receipt) {
  JsonWriter json;
  json.BeginObject();
  BytesMember("key", key, "keyEncoding", &json);
  ReceiptMembers(receipt, "", &json);
  return json.EndObject().text();
}

std::string WriteText(std::string_view done, const v1::Receipt& receipt, absl::Time now) {
  std::string text =
      Concat(done, ": version ", VersionText(receipt.version()), ", acknowledged by ",
             receipt.acknowledged(), " (", receipt.required(), " required)");
  if (receipt.expires_at_unix_ms() != 0) {
    Append(&text, ", expires ", ExpiryText(receipt.expires_at_unix_ms(), now));
  }
  if (receipt.degraded()) text += " (degraded: a home replica was skipped or late)";
  return text;
}

}  // namespace kache::ctl
