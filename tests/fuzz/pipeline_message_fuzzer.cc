// Any bytes as a message of a Pipeline stream: nothing crashes, a message is counted the same
// however it is cut, takes no more memory than it was counted for before it was parsed, and each of
// its operations gets a result.
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "server/api/message_bytes.h"
#include "server/api/pipeline_message.h"
#include "server/api/validate.h"
#include "tests/fuzz/allocated_bytes.h"
#include "tests/fuzz/require.h"

namespace kache {
namespace {

// Answers at once.
class Sink final : public PipelineSink {
 public:
  void Post(PipelineOperation* operation) override { operation->RunPosted(); }
  void Take(PipelineOperation& operation) override {
    ++taken;
    operation.message().EndOperation();
  }
  absl::Status AdmitAnswer(size_t, int64_t) override { return absl::OkStatus(); }
  const std::atomic<bool>* cancelled() const override { return &broken_; }
  redis::CallerId caller() const override { return 1; }
  const HashRing& ring() const override { return ring_; }

  size_t taken = 0;

 private:
  const HashRing ring_{{"cache-a"}, 1};
  const std::atomic<bool> broken_{false};
};

grpc::ByteBuffer Buffer(std::string_view bytes, size_t slice_bytes) {
  std::vector<grpc::Slice> slices;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(slice_bytes, bytes.size()))) {
    const std::string_view slice = bytes.substr(0, slice_bytes);
    slices.emplace_back(slice.data(), slice.size());
  }
  return {slices.data(), slices.size()};
}

absl::Status ValidateOperation(const v1::PipelineOperation& operation) {
  const RequestLimits limits;
  switch (operation.operation_case()) {
    case v1::PipelineOperation::kGet:
      return Validate(operation.get(), limits);
    case v1::PipelineOperation::kPut:
      return Validate(operation.put(), limits);
    case v1::PipelineOperation::kDelete:
      return Validate(operation.delete_(), limits);
    case v1::PipelineOperation::OPERATION_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("operation: not set");
}

// What passed the checks is within the limits.
void CheckValid(const v1::PipelineOperation& operation) {
  const RequestLimits limits;
  const std::string& key = operation.has_get()   ? operation.get().key()
                           : operation.has_put() ? operation.put().key()
                                                 : operation.delete_().key();
  Require(!key.empty() && key.size() <= limits.max_key_bytes);
  if (operation.has_put()) {
    Require(operation.put().value().size() <= limits.max_value_bytes);
    Require(operation.put().ttl_ms() >= 0 && operation.put().ttl_ms() <= kMaxTtlMs);
  }
}

// Of the same kind as the operation, as an answer begins.
void BeginResult(PipelineOperation& operation) {
  const v1::PipelineOperation& request = operation.request();
  if (request.has_get()) operation.result().mutable_get()->mutable_receipt();
  if (request.has_put()) operation.result().mutable_put()->mutable_receipt();
  if (request.has_delete_()) operation.result().mutable_delete_()->mutable_receipt();
}

void Serve(PipelineMessage& message, Sink& sink) {
  size_t served = 0;
  while (message.HasNext()) {
    PipelineOperation& operation = message.Next(sink);
    Require(operation.result().id() == operation.request().id());
    const absl::Status status = ValidateOperation(operation.request());
    if (status.ok()) {
      CheckValid(operation.request());
      BeginResult(operation);
    }
    operation.Finish(status);
    Require(status.ok() != operation.result().has_error());
    ++served;
  }
  Require(message.Over() && served == message.size() && sink.taken == served);
}

// The ids and kinds of a message, for its refusal.
void CheckStripped(const PipelineMessage& full, const v1::PipelineRequest& request,
                   size_t counted_operations) {
  const int64_t before = AllocatedBytes();
  const std::unique_ptr<PipelineMessage> stripped = PipelineMessage::Stripped(full);
  const int64_t held = AllocatedBytes() - before;
  Require(held <= static_cast<int64_t>(PipelineMessage::RefusalBytes(counted_operations)));
  Require(stripped->size() == full.size());
  for (int i = 0; i < request.operations_size(); ++i) {
    const v1::PipelineOperation& operation = stripped->request().operations(i);
    Require(operation.id() == request.operations(i).id());
    Require(operation.operation_case() == request.operations(i).operation_case());
  }
}

void Check(std::string_view bytes) {
  grpc::ByteBuffer whole = Buffer(bytes, SIZE_MAX);
  grpc::ByteBuffer cut = Buffer(bytes, 5);
  const google::protobuf::Descriptor& type = *v1::PipelineRequest::descriptor();
  const std::optional<MessageParts> parts = CountParts(whole, type);
  const std::optional<MessageParts> parts_of_cut = CountParts(cut, type);
  Require(parts.has_value() == parts_of_cut.has_value());
  if (parts) Require(parts->fields == parts_of_cut->fields && parts->extra == parts_of_cut->extra);
  v1::PipelineRequest of_cut;
  const absl::Status status = ParseMessage(cut, of_cut);
  Require(status.ok() || absl::IsInvalidArgument(status));
  Require(cut.Length() == 0);

  // A message that cannot be counted is not parsed (pipeline_stream.cc). Nothing is refused for
  // that alone.
  if (!parts) return Require(!status.ok());

  const grpc::ByteBuffer kept = whole;  // parsing frees nothing then
  const int64_t before = AllocatedBytes();
  const auto message = std::make_unique<PipelineMessage>(*parts);
  Require(ParseMessage(whole, message->request()) == status);
  if (!status.ok()) return;
  Require(static_cast<size_t>(message->request().operations_size()) <= parts->fields);
  message->Arrive(MonotonicTime(), bytes.size());
  CheckStripped(*message, message->request(), parts->fields);
  Sink sink;
  Serve(*message, sink);
  const int64_t held = AllocatedBytes() - before;
  Require(held <= static_cast<int64_t>(PipelineMessage::MemoryBytes(bytes.size(), *parts)));
}

}  // namespace
}  // namespace kache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kache::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
