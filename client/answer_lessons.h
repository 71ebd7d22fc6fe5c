// What answers teach a caller besides the result: cluster time, and the versions that stand in the
// cache. By overload, as call.h is a template over all rpcs.
//
// Pure, so thread-safe.
#ifndef KACHE_CLIENT_ANSWER_LESSONS_H_
#define KACHE_CLIENT_ANSWER_LESSONS_H_

#include <cstdint>

#include "kache/v1/kache.pb.h"

namespace kache {

// 0 where the answer names no cluster time.
template <class Response>
int64_t ClusterTimeIn(const Response& response) {
  if constexpr (requires { response.cluster_time_unix_ms(); }) {
    return response.cluster_time_unix_ms();
  } else {
    return 0;
  }
}
// An answer to an entry that was refused for its stamp names it, too.
template <class Response>
int64_t ClusterTimeInBatch(const Response& response) {
  if (response.cluster_time_unix_ms() != 0) return response.cluster_time_unix_ms();
  for (const v1::WriteResult& result : response.results()) {
    if (result.error().cluster_time_unix_ms() != 0) return result.error().cluster_time_unix_ms();
  }
  return 0;
}
inline int64_t ClusterTimeIn(const v1::BatchPutResponse& response) {
  return ClusterTimeInBatch(response);
}
inline int64_t ClusterTimeIn(const v1::BatchDeleteResponse& response) {
  return ClusterTimeInBatch(response);
}

// Calls see(v1::Version) for each receipt of an answer; those of errors are left out.
template <class Response, class See>
void ForEachVersion(const Response& response, See see) {
  if constexpr (requires { response.receipt(); }) see(response.receipt().version());
}
template <class See>
void ForEachVersion(const v1::BatchGetResponse& response, See see) {
  for (const v1::GetResult& result : response.results()) see(result.response().receipt().version());
}
template <class See>
void ForEachVersion(const v1::BatchPutResponse& response, See see) {
  for (const v1::WriteResult& result : response.results()) see(result.receipt().version());
}
template <class See>
void ForEachVersion(const v1::BatchDeleteResponse& response, See see) {
  for (const v1::WriteResult& result : response.results()) see(result.receipt().version());
}

}  // namespace kache

#endif  // KACHE_CLIENT_ANSWER_LESSONS_H_
