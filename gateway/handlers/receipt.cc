#include "gateway/handlers/receipt.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache::gateway {
namespace {

constexpr size_t kHalfDigits = 16;

bool ParseHex(std::string_view digits, uint64_t* value) {
  *value = 0;
  for (const char c : digits) {
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return false;
    *value = *value << 4 | static_cast<uint64_t>(digit);
  }
  return true;
}

}  // namespace

std::string VersionText(const v1::Version& version) {
  return Concat(absl::Hex(version.timestamp(), absl::kZeroPad16), "-",
                absl::Hex(version.coordinator(), absl::kZeroPad16));
}

bool ParseVersion(std::string_view text, v1::Version* version) {
  if (text.size() != 2 * kHalfDigits + 1 || text[kHalfDigits] != '-') return false;
  uint64_t timestamp = 0;
  uint64_t coordinator = 0;
  if (!ParseHex(text.substr(0, kHalfDigits), &timestamp) ||
      !ParseHex(text.substr(kHalfDigits + 1), &coordinator)) {
    return false;
  }
  version->set_timestamp(timestamp);
  version->set_coordinator(coordinator);
  return true;
}

void AppendReceipt(const v1::Receipt& receipt, std::string* json) {
  if (receipt.has_version()) {
    Append(json, ",\"version\":\"", VersionText(receipt.version()), "\"");
  }
  Append(json, ",\"acknowledged\":", receipt.acknowledged(), ",\"required\":", receipt.required(),
         ",\"degraded\":", receipt.degraded() ? "true" : "false");
  if (receipt.has_node()) Append(json, ",\"node\":", receipt.node());
  Append(json, ",\"expiresAt\":", receipt.expires_at_unix_ms());
}

void AddReceiptHeaders(const v1::Receipt& receipt, HttpResponse* response) {
  std::string* const headers = &response->headers;
  if (receipt.has_version()) {
    Append(headers, "Kache-Version: ", VersionText(receipt.version()), "\r\n");
  }
  Append(headers, "Kache-Acknowledged: ", receipt.acknowledged(),
         "\r\nKache-Required: ", receipt.required(),
         "\r\nKache-Degraded: ", receipt.degraded() ? "true" : "false", "\r\n");
  if (receipt.has_node()) Append(headers, "Kache-Node: ", receipt.node(), "\r\n");
  if (receipt.expires_at_unix_ms() != 0) {
    Append(headers, "Kache-Expires-At: ", receipt.expires_at_unix_ms(), "\r\n");
  }
}

}  // namespace kache::gateway
