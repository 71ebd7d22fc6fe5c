// Writes that the coordinator is to stamp, as their caller did not.
#ifndef KACHE_SERVER_API_UNSTAMPED_H_
#define KACHE_SERVER_API_UNSTAMPED_H_

#include "kache/v1/kache.pb.h"

namespace kache {

// Whether the request has such a write. Requires of a BatchDelete: no stamps, or one for each key.
bool HasUnstamped(const v1::PutRequest& request);
bool HasUnstamped(const v1::DeleteRequest& request);
bool HasUnstamped(const v1::TouchRequest& request);
bool HasUnstamped(const v1::BatchPutRequest& request);
bool HasUnstamped(const v1::BatchDeleteRequest& request);
bool HasUnstamped(const v1::BatchTouchRequest& request);

}  // namespace kache

#endif  // KACHE_SERVER_API_UNSTAMPED_H_
