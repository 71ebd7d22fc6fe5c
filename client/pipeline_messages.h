// A request and its answer as Pipeline's operation and result. Nothing else.
//
// Thread-safe.
#ifndef KACHE_CLIENT_PIPELINE_MESSAGES_H_
#define KACHE_CLIENT_PIPELINE_MESSAGES_H_

#include <cstddef>

#include "absl/status/status.h"
#include "kache/v1/kache.pb.h"

namespace kache {

// Larger values travel by unary calls, so as not to stall those behind them.
constexpr size_t kMaxPipelineValueBytes = size_t{64} << 10;

// False when the request does not travel on streams: by its kind, or its size.
bool PutInto(const v1::GetRequest& request, v1::PipelineOperation* operation);
bool PutInto(const v1::PutRequest& request, v1::PipelineOperation* operation);
bool PutInto(const v1::DeleteRequest& request, v1::PipelineOperation* operation);
bool PutInto(const v1::TouchRequest& request, v1::PipelineOperation* operation);
bool PutInto(const v1::GetOrLeaseRequest& request, v1::PipelineOperation* operation);
template <class Request>
bool PutInto(const Request&, v1::PipelineOperation*) {
  return false;
}

// OK when `response` was taken out of `result`; else the operation's error.
absl::Status TakeOut(v1::PipelineResult* result, v1::GetResponse* response);
absl::Status TakeOut(v1::PipelineResult* result, v1::PutResponse* response);
absl::Status TakeOut(v1::PipelineResult* result, v1::DeleteResponse* response);
absl::Status TakeOut(v1::PipelineResult* result, v1::TouchResponse* response);
absl::Status TakeOut(v1::PipelineResult* result, v1::GetOrLeaseResponse* response);
template <class Response>
absl::Status TakeOut(v1::PipelineResult*, Response*) {
  return absl::InternalError("the operation does not travel on streams");
}

}  // namespace kache

#endif  // KACHE_CLIENT_PIPELINE_MESSAGES_H_
