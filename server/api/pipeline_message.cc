#include "server/api/pipeline_message.h"

#include <utility>

#include "server/api/receipts.h"

namespace kache {

void PipelineOperation::Begin(PipelineSink& sink, PipelineMessage& message,
                              const v1::PipelineOperation& request, bool timed) {
  timed_ = timed;
  cancelled_ = sink.cancelled();
  caller_ = sink.caller();
  ring_ = &sink.ring();
  held_bytes_ = static_cast<int64_t>(message.memory_bytes());
  sink_ = &sink;
  message_ = &message;
  request_ = &request;
  result_ = google::protobuf::Arena::CreateMessage<v1::PipelineResult>(&message.arena());
  result_->set_id(request.id());
}

void PipelineOperation::Finish(absl::Status status) {
  if (timed_) finished_ = CoarseMonotonic();
  if (status.ok() && result_->has_get()) {
    const size_t bytes = result_->get().value().size();
    status = sink_->AdmitAnswer(bytes, held_bytes_);
    if (status.ok()) {
      answer_bytes_ = bytes;
    } else {
      std::string().swap(*result_->mutable_get()->mutable_value());
    }
  }
  code_ = status.code();
  if (!status.ok()) FillError(status, *result_->mutable_error());
  sink_->Post(this);
}

google::protobuf::ArenaOptions PipelineMessage::ArenaSizes(size_t operations) {
  google::protobuf::ArenaOptions options;
  options.start_block_size = FirstBlockBytes(operations);
  options.max_block_size = kMaxBlockBytes;
  return options;
}

PipelineMessage::PipelineMessage(const MessageParts& parts)
    : parts_(parts),
      arena_(ArenaSizes(parts.fields)),
      request_(google::protobuf::Arena::CreateMessage<v1::PipelineRequest>(&arena_)) {}

void PipelineMessage::Arrive(MonotonicTime now, size_t bytes) {
  arrived_ = now;
  bytes_ = bytes;
  operations_ = std::vector<PipelineOperation>(static_cast<size_t>(request_->operations_size()));
}

std::unique_ptr<PipelineMessage> PipelineMessage::Stripped(const PipelineMessage& full) {
  auto stripped = std::make_unique<PipelineMessage>(MessageParts{.fields = full.size()});
  for (const v1::PipelineOperation& operation : full.request_->operations()) {
    v1::PipelineOperation* const kept = stripped->request_->add_operations();
    kept->set_id(operation.id());
    if (operation.has_get()) kept->mutable_get();
    if (operation.has_put()) kept->mutable_put();
    if (operation.has_delete_()) kept->mutable_delete_();
  }
  stripped->Arrive(full.arrived_, stripped->request_->ByteSizeLong());
  return stripped;
}

PipelineOperation& PipelineMessage::Next(PipelineSink& sink, bool timed) {
  PipelineOperation& operation = operations_[next_];
  operation.Begin(sink, *this, request_->operations(static_cast<int>(next_)), timed);
  ++next_;
  return operation;
}

void PipelineMessage::DropRest() {
  ended_ += operations_.size() - next_;
  next_ = operations_.size();
}

}  // namespace kache
