// Receipts and values in JSON and as text. Names and forms in JSON are those of REST
// (docs/rest.md).
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_RECEIPT_VIEW_H_
#define KACHE_CLIENT_CTL_RECEIPT_VIEW_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/json_writer.h"
#include "kache/v1/kache.pb.h"

namespace kache::ctl {

// A member of bytes: as text, or, where they are not UTF-8, as base64 with a further member
// `encoding_name` = "base64".
void BytesMember(std::string_view name, std::string_view bytes, std::string_view encoding_name,
                 JsonWriter* json);

// The receipt's members. `node`: the name of the node that answered a read; empty = left out.
void ReceiptMembers(const v1::Receipt& receipt, std::string_view node, JsonWriter* json);

// {"key":...,"found":...,"value":...,"ttlMs":...,<receipt>}
std::string GetJson(std::string_view key, const v1::GetResponse& response, std::string_view node);

// {"key":...,"found":...,<receipt>}
std::string TouchJson(std::string_view key, const v1::TouchResponse& response);

// {"key":...,<receipt>}
std::string WriteJson(std::string_view key, const v1::Receipt& receipt);

// "stored: version 0190...-..., acknowledged by 1 of 1, expires in 5m". `done` is the first word.
std::string WriteText(std::string_view done, const v1::Receipt& receipt, absl::Time now);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_RECEIPT_VIEW_H_
