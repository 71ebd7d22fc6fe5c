#include "client/pipeline_messages.h"

#include "client/rpc_status.h"

namespace kache {
namespace {

absl::Status ErrorOf(const v1::PipelineResult& result) {
  if (!result.has_error()) return absl::InternalError("the server answered another operation");
  return StatusFromError(result.error());
}

}  // namespace

bool PutInto(const v1::GetRequest& request, v1::PipelineOperation* operation) {
  *operation->mutable_get() = request;
  return true;
}

bool PutInto(const v1::PutRequest& request, v1::PipelineOperation* operation) {
  if (request.value().size() > kMaxPipelineValueBytes) return false;
  *operation->mutable_put() = request;
  return true;
}

bool PutInto(const v1::DeleteRequest& request, v1::PipelineOperation* operation) {
  *operation->mutable_delete_() = request;
  return true;
}

bool PutInto(const v1::TouchRequest& request, v1::PipelineOperation* operation) {
  *operation->mutable_touch() = request;
  return true;
}

bool PutInto(const v1::GetOrLeaseRequest& request, v1::PipelineOperation* operation) {
  *operation->mutable_get_or_lease() = request;
  return true;
}

absl::Status TakeOut(v1::PipelineResult* result, v1::GetResponse* response) {
  if (!result->has_get()) return ErrorOf(*result);
  response->Swap(result->mutable_get());
  return absl::OkStatus();
}

absl::Status TakeOut(v1::PipelineResult* result, v1::PutResponse* response) {
  if (!result->has_put()) return ErrorOf(*result);
  response->Swap(result->mutable_put());
  return absl::OkStatus();
}

absl::Status TakeOut(v1::PipelineResult* result, v1::DeleteResponse* response) {
  if (!result->has_delete_()) return ErrorOf(*result);
  response->Swap(result->mutable_delete_());
  return absl::OkStatus();
}

absl::Status TakeOut(v1::PipelineResult* result, v1::TouchResponse* response) {
  if (!result->has_touch()) return ErrorOf(*result);
  response->Swap(result->mutable_touch());
  return absl::OkStatus();
}

absl::Status TakeOut(v1::PipelineResult* result, v1::GetOrLeaseResponse* response) {
  if (!result->has_get_or_lease()) return ErrorOf(*result);
  response->Swap(result->mutable_get_or_lease());
  return absl::OkStatus();
}

}  // namespace kache
