#include "gateway/upstream/call.h"

namespace kache::gateway {
namespace {

absl::Status ErrorOf(const v1::PipelineResult& result) {
  if (!result.has_error()) return absl::InternalError("the server answered another operation");
  const v1::Error& error = result.error();
  absl::Status status =
      StatusFromGrpc(grpc::Status(static_cast<grpc::StatusCode>(error.code()), error.message()));
  if (error.has_receipt()) SetReceipt(error.receipt(), &status);
  return status.ok() ? absl::InternalError("the server answered an error without a code") : status;
}

}  // namespace

bool PutInto(const v1::GetRequest& request, v1::PipelineOperation* operation) {
  *operation->mutable_get() = request;
  return true;
}

bool PutInto(const v1::PutRequest& request, v1::PipelineOperation* operation) {
  if (request.value().size() > StreamSet::kMaxValueBytes) return false;
  *operation->mutable_put() = request;
  return true;
}

bool PutInto(const v1::DeleteRequest& request, v1::PipelineOperation* operation) {
  *operation->mutable_delete_() = request;
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

bool CallList::Add(CallBase* call) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  call->next_ = first_;
  if (first_ != nullptr) first_->previous_ = call;
  first_ = call;
  return true;
}

void CallList::Remove(CallBase* call) {
  const std::lock_guard lock(mutex_);
  if (call->previous_ != nullptr) {
    call->previous_->next_ = call->next_;
  } else {
    first_ = call->next_;
  }
  if (call->next_ != nullptr) call->next_->previous_ = call->previous_;
  if (first_ == nullptr) emptied_.notify_all();  // under the lock: Stop's caller may destroy this
}

void CallList::Cancel() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  // Under the lock, so that none of them can end meanwhile; a cancelled call ends on a thread of
  // gRPC, never inside Cancel.
  for (CallBase* call = first_; call != nullptr; call = call->next_) call->Cancel();
}

void CallList::Stop() {
  Cancel();
  std::unique_lock lock(mutex_);
  while (first_ != nullptr) emptied_.wait(lock);
}

}  // namespace kache::gateway
