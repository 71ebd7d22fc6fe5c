// Stamps as REST writes them: the version that a client gives to a write, so that it may send the
// write again (kache.proto, "Safe retries"). In the header Kache-Stamp, and in the JSON of batches:
//
//   0190a1b2c3d40000-5e4f3a2b1c0d;made-at=1717000000000;above=0190a1b2c3d3ffff-0123456789abcdef
//
// The first part is the text of a version without its last four digits, which are the hash of the
// content and the coordinator's to set. Then, in any order and each at most once:
//   made-at  milliseconds since the Unix epoch: when the value's life begins
//   above    the version that this stamp was put above
//   lease    without a value: this is the token of a lease, and the write its fill
// Blanks may surround a ';'.
//
// The gateway passes stamps on and never changes one. Pure functions, so thread-safe.
#ifndef KACHE_GATEWAY_HANDLERS_STAMP_H_
#define KACHE_GATEWAY_HANDLERS_STAMP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/handlers/problem.h"
#include "http/message.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

constexpr char kStampHeader[] = "Kache-Stamp";
constexpr char kBadStamp[] = "BAD_STAMP";
constexpr char kBadStampMessage[] =
    "a stamp is <16 hexadecimal digits>-<12 more, not all 0>, and perhaps ;made-at=<milliseconds "
    "since the Unix epoch>, ;above=<version> and ;lease";

// No stamp is longer.
constexpr size_t kMaxStampBytes = 128;

// The token of a lease, as ParseStampText reads it.
std::string LeaseText(const v1::Stamp& lease);

// Replaces `stamp`. False when `text` is not in that form; `stamp` is then unchanged.
bool ParseStampText(std::string_view text, v1::Stamp* stamp);

// Reads the header Kache-Stamp of a request that writes one key. BAD_STAMP when it is malformed or
// stands there twice.
MaybeProblem ReadStamp(const HttpRequest& request, std::optional<v1::Stamp>* stamp);

// Adds Kache-Cluster-Time, for clients to stamp by. 0 = not known: adds nothing.
void AddClusterTime(int64_t cluster_time_unix_ms, HttpResponse* response);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_STAMP_H_
