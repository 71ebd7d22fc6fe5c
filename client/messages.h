// The client library's types <-> the messages of kache.proto. Nothing else.
//
// Thread-safe.
#ifndef KACHE_CLIENT_MESSAGES_H_
#define KACHE_CLIENT_MESSAGES_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/types.h"
#include "kache/v1/kache.pb.h"

namespace kache {

v1::Consistency ToMessage(Consistency consistency);
v1::Version ToMessage(const Version& version);
// 0 for an infinite life; INVALID_ARGUMENT for one that is not positive, or over kMaxTtlMs
// (base/limits.h).
absl::StatusOr<int64_t> TtlMs(absl::Duration ttl);

Consistency FromMessage(v1::Consistency consistency);
Version FromMessage(const v1::Version& version);
Receipt FromMessage(const v1::Receipt& receipt);
GetResult FromMessage(v1::GetResponse response);

}  // namespace kache

#endif  // KACHE_CLIENT_MESSAGES_H_
