#include "gateway/handlers/receipt.h"

#include "base/json_writer.h"
#include "base/strings.h"
#include "client/version_text.h"

namespace kache::gateway {

namespace {

// Room for what a receipt adds and for what handlers add to it, so that it is made at once.
constexpr size_t kReceiptBytes = 320;

}  // namespace

void AppendReceipt(const v1::Receipt& receipt, std::string_view node, std::string* json) {
  if (receipt.has_version()) {
    json->append(",\"version\":\"");
    AppendVersionText(receipt.version(), json);
    json->push_back('"');
  }
  Append(json, ",\"acknowledged\":", receipt.acknowledged(), ",\"required\":", receipt.required(),
         ",\"degraded\":", receipt.degraded() ? "true" : "false");
  if (!node.empty()) {
    json->append(",\"node\":");
    AppendJsonString(node, json);
  }
  Append(json, ",\"expiresAt\":", receipt.expires_at_unix_ms());
}

void AddReceiptHeaders(const v1::Receipt& receipt, std::string_view node, HttpResponse* response) {
  std::string* const headers = &response->headers;
  headers->reserve(headers->size() + kReceiptBytes);
  if (receipt.has_version()) {
    headers->append("Kache-Version: ");
    AppendVersionText(receipt.version(), headers);
    headers->append("\r\n");
  }
  Append(headers, "Kache-Acknowledged: ", receipt.acknowledged(),
         "\r\nKache-Required: ", receipt.required(),
         "\r\nKache-Degraded: ", receipt.degraded() ? "true" : "false", "\r\n");
  if (!node.empty()) Append(headers, "Kache-Node: ", node, "\r\n");
  if (receipt.expires_at_unix_ms() != 0) {
    Append(headers, "Kache-Expires-At: ", receipt.expires_at_unix_ms(), "\r\n");
  }
}

void AppendReceipt(const v1::Receipt& receipt, std::string* json) {
  AppendReceipt(receipt, "", json);
}

void AddReceiptHeaders(const v1::Receipt& receipt, HttpResponse* response) {
  AddReceiptHeaders(receipt, "", response);
}

}  // namespace kache::gateway
