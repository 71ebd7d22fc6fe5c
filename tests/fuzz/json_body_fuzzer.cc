// Any bytes as a JSON body of every route that takes one: nothing crashes, and what is accepted
// keeps the promises of json_body.h, also when it is written out and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "base/utf8.h"
#include "gateway/handlers/json_body.h"
#include "gateway/handlers/json_text.h"
#include "gateway/handlers/ttl.h"

namespace kache::gateway {
namespace {

constexpr size_t kMaxKeys = 5;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckStamp(const v1::Stamp& stamp) {
  Require(stamp.clock() != 0 && (stamp.clock() & 0xffff) == 0);
  Require(stamp.made_at_unix_ms() >= 0);
}

void CheckEntry(const JsonEntry& entry) {
  Require(entry.ttl_ms >= 0 && entry.ttl_ms <= kMaxTtlMs);
  if (entry.encoding == TextEncoding::kUtf8) Require(IsUtf8(entry.value));
  if (entry.key_encoding == TextEncoding::kUtf8) Require(IsUtf8(entry.key));
  if (entry.stamp) CheckStamp(*entry.stamp);
}

// What was read is written as the gateway writes values, and must read the same.
void CheckRoundTrip(const JsonEntry& entry) {
  std::string json = "{";
  AppendValueMember(entry.value, entry.encoding, &json);
  Append(&json, ",\"ttlMs\":", entry.ttl_ms, "}");
  JsonBody again;
  Require(!ParseJsonBody(JsonSchema::kPut, json, 0, &again).has_value());
  Require(again.top.value == entry.value && again.top.ttl_ms == entry.ttl_ms);
}

void Check(JsonSchema schema, std::string_view text) {
  JsonBody body;
  const MaybeProblem problem = ParseJsonBody(schema, text, kMaxKeys, &body);
  Require(body.keys.size() <= kMaxKeys && body.entries.size() <= kMaxKeys &&
          body.stamps.size() <= kMaxKeys);
  if (problem) {
    Require(problem->status == 400 && !problem->code.empty() && IsUtf8(problem->message));
    return;
  }
  Require(IsUtf8(text));
  CheckEntry(body.top);
  for (const JsonEntry& entry : body.entries) {
    CheckEntry(entry);
    CheckRoundTrip(entry);
  }
  for (const v1::Stamp& stamp : body.stamps) CheckStamp(stamp);
  if (schema == JsonSchema::kPut) CheckRoundTrip(body.top);
}

}  // namespace
}  // namespace kache::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  using kache::gateway::JsonSchema;
  for (const JsonSchema schema : {JsonSchema::kPut, JsonSchema::kTouch, JsonSchema::kBatchGet,
                                  JsonSchema::kBatchPut, JsonSchema::kBatchDelete}) {
    kache::gateway::Check(schema, text);
  }
  return 0;
}
