// The JSON bodies that the gateway takes, read in one pass into what the handlers need.
//
//   PUT /api/v1/keys/{key}        {"value": "...", "ttl": 60, "encoding": "base64"}, or "ttlMs"
//   POST /api/v1/keys/{key}:touch {"ttl": 60}, or "ttlMs"; one of the two
//   POST /api/v1/keys/{key}:lease {"leaseMs": 10000, "waitMs": 200}, or less
//   POST /api/v1/keys:batchGet    {"keys": ["a", "b"], "keyEncoding": "base64", "encoding": ...}
//   POST /api/v1/keys:batchPut    {"entries": [{"key": "a", "value": ..., "stamp": "...", ...}]}
//   POST /api/v1/keys:batchDelete {"keys": ["a", "b"], "stamps": ["...", "..."], "keyEncoding":
//   ...}
//
// Strict: unknown and duplicate fields, wrong types, anything after the document, bytes that are
// not UTF-8 and lone surrogates are problems (BAD_JSON, BAD_TTL, BAD_STAMP, BAD_LEASE). Encoded
// keys and values are decoded here. Their sizes are not checked, other than the number of keys; nor
// is which stamp belongs to which key.
#ifndef KACHE_GATEWAY_HANDLERS_JSON_BODY_H_
#define KACHE_GATEWAY_HANDLERS_JSON_BODY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/handlers/problem.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

enum class JsonSchema : uint8_t { kPut, kTouch, kLease, kBatchGet, kBatchPut, kBatchDelete };
enum class TextEncoding : uint8_t { kUtf8, kBase64 };

struct JsonEntry {
  std::string key;
  std::string value;
  int64_t ttl_ms = 0;                               // by "ttl" or "ttlMs"
  TextEncoding encoding = TextEncoding::kUtf8;      // how `value` was written
  TextEncoding key_encoding = TextEncoding::kUtf8;  // how keys were written
  std::optional<v1::Stamp> stamp;                   // of an entry
};

struct JsonBody {
  JsonEntry top;                   // fields of the document itself
  std::vector<std::string> keys;   // kBatchGet, kBatchDelete
  std::vector<JsonEntry> entries;  // kBatchPut
  std::vector<v1::Stamp> stamps;   // kBatchDelete
  int64_t lease_ms = 0;            // kLease; 0 = the server's default
  int64_t wait_ms = 0;             // kLease
};

// Replaces `body`, which is only partly filled when there is a problem. More than `max_keys` keys,
// entries or stamps are a problem.
MaybeProblem ParseJsonBody(JsonSchema schema, std::string_view text, size_t max_keys,
                           JsonBody* body);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_JSON_BODY_H_
