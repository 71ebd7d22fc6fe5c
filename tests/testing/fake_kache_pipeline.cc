// The streams of a FakeKache.
#include "tests/testing/fake_kache.h"

namespace kache {
namespace {

void CopyError(const grpc::Status& status, v1::Error* error) {
  error->set_code(status.error_code());
  error->set_message(status.error_message());
}

}  // namespace

grpc::Status FakeKache::Pipeline(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::PipelineResponse, v1::PipelineRequest>* stream) {
  bool operations_are_calls;
  {
    const std::lock_guard lock(mutex_);
    if (!offers_pipeline_) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no streams");
    operations_are_calls = operations_are_calls_;
  }
  if (!operations_are_calls) {
    if (const grpc::Status status = Enter(context); !status.ok()) return status;
  }
  stream->SendInitialMetadata();
  v1::PipelineRequest request;
  while (stream->Read(&request)) {
    v1::PipelineResponse response;
    for (int i = request.operations_size(); i > 0; --i) {
      const v1::PipelineOperation& operation = request.operations(i - 1);
      v1::PipelineResult* const result = response.add_results();
      result->set_id(operation.id());
      const grpc::Status status = operations_are_calls ? Enter(context) : grpc::Status::OK;
      if (status.ok()) {
        Answer(operation, result);
      } else {
        CopyError(status, result->mutable_error());
      }
      if (status.ok()) Hold(context, &FakeKache::answer_delay_);
    }
    response.set_cluster_time_unix_ms(writes_.ClusterTimeMs());
    stream->Write(response);
  }
  const std::lock_guard lock(mutex_);
  ++ended_streams_;
  return grpc::Status::OK;
}

void FakeKache::Answer(const v1::PipelineOperation& operation, v1::PipelineResult* result) {
  {
    const std::lock_guard lock(mutex_);
    last_timeout_ = absl::Milliseconds(operation.timeout_ms());
    if (operation.has_get()) last_get_ = operation.get();
    if (operation.has_put()) last_put_ = operation.put();
    if (operation.has_delete_()) last_delete_ = operation.delete_();
  }
  v1::WriteResult written;
  if (operation.has_get()) {
    *result->mutable_get() = Read(operation.get().key());
  } else if (operation.has_put()) {
    const v1::PutRequest& put = operation.put();
    writes_.Write(put.key(), {.value = put.value(), .ttl_ms = put.ttl_ms()},
                  put.has_stamp() ? &put.stamp() : nullptr, &written);
    if (written.has_receipt()) *result->mutable_put()->mutable_receipt() = written.receipt();
  } else if (operation.has_get_or_lease()) {
    *result->mutable_get_or_lease() = Lease(operation.get_or_lease());
  } else if (operation.has_touch()) {
    *result->mutable_touch() = Find(operation.touch());
  } else {
    const v1::DeleteRequest& erase = operation.delete_();
    writes_.Write(erase.key(), {.deleted = true}, erase.has_stamp() ? &erase.stamp() : nullptr,
                  &written);
    if (written.has_receipt()) *result->mutable_delete_()->mutable_receipt() = written.receipt();
  }
  if (written.has_error()) *result->mutable_error() = written.error();
}

}  // namespace kache
