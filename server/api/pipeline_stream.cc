#include "server/api/pipeline_stream.h"

#include <grpcpp/support/status.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "kache/v1/kache.grpc.pb.h"  // how gRPC serialises messages
#include "server/api/call_caller.h"
#include "server/api/call_deadline.h"
#include "server/api/call_metadata.h"
#include "server/api/call_name.h"
#include "server/api/message_bytes.h"
#include "server/api/pipeline_calls.h"
#include "server/api/pipeline_endpoint.h"

namespace kache {
namespace {

// Operations taken of one stream before the queue's other events have their turn.
constexpr size_t kOperationsPerTurn = 64;
// Messages that a closing stream still reads, so that what its client had sent is answered.
constexpr size_t kMessagesWhileClosing = 64;
// Of messages without room, whose refusals have not left: one more ends the stream.
constexpr size_t kRefusedMessages = 2;
// Of later releases' fields, and of such as no client writes (MessageParts::extra), for each
// operation that a message may have.
constexpr size_t kExtraPartsPerOperation = 16;
// What a result takes beside its value.
constexpr size_t kResultBytes = static_cast<size_t>(kFramingBytesPerKey);

}  // namespace

void PipelineStream::Accept(PipelineEndpoint& endpoint) {
  auto* stream = new PipelineStream(endpoint);
  stream->events_ = 1;
  stream->context_.AsyncNotifyWhenDone(&stream->done_tag_);
  endpoint.request()(&stream->context_, &stream->stream_, endpoint.queue().grpc_queue(),
                     static_cast<CallTag*>(&stream->accepted_tag_));
}

PipelineStream::PipelineStream(PipelineEndpoint& endpoint)
    : endpoint_(endpoint),
      window_(endpoint.environment().limits),
      stream_(&context_),
      end_(grpc::StatusCode::UNAVAILABLE,
           "the server is stopping or has no room, or the stream's token is not known any more") {
  endpoint_.queue().AddCall();
}

PipelineStream::~PipelineStream() {
  if (open_) endpoint_.Remove(this);
  endpoint_.queue().RemoveCall();
}

void PipelineStream::OnEvent(Event event, bool ok) {
  --events_;
  (this->*event)(ok);
  if (Over()) delete this;
}

void PipelineStream::RunTurn(Turn& turn) {
  turn.due_ = false;
  (this->*turn.run_)();
  if (Over()) delete this;
}

bool PipelineStream::Over() const {
  return events_ == 0 && window_.operations() == 0 && taking_ == nullptr && !take_turn_.due_ &&
         !send_turn_.due_;
}

void PipelineStream::OnAccepted(bool ok) {
  if (!ok) return;  // the server shuts down
  ++events_;        // OnDone comes for every stream that began
  open_ = true;
  endpoint_.Add(this);
  Accept(endpoint_);
  place_ = PlaceOf(context_);
  deadline_ = StreamDeadline(context_.raw_deadline());
  if (absl::Status metadata = CheckMetadata(context_); !metadata.ok()) return Refuse(metadata);
  ReturnRequestId(context_);
  const AccessControl& access = endpoint_.environment().policy.access;
  caller_ = CallerOf(context_, access);
  // What each operation needs is asked when it comes.
  const absl::Status allowed =
      access.Admit(caller_, Role::kRead, 0, std::chrono::steady_clock::now());
  if (!allowed.ok()) return Refuse(allowed);
  // At once, so that clients know that somebody is there before they entrust operations to it.
  ++events_;
  stream_.SendInitialMetadata(static_cast<CallTag*>(&opened_tag_));
  StartRead();
  if (endpoint_.closing()) Close();
}

void PipelineStream::Refuse(const absl::Status& status) {
  finishing_ = true;
  ++events_;
  stream_.Finish(ToGrpcStatus(status), static_cast<CallTag*>(&finished_tag_));
}

void PipelineStream::Close() {
  closing_ = true;
  FinishIfDone();
}

void PipelineStream::StartRead() {
  reading_ = true;
  ++events_;
  stream_.Read(&arriving_, static_cast<CallTag*>(&read_tag_));
}

void PipelineStream::OnRead(bool ok) {
  reading_ = false;
  if (!ok) {
    half_closed_ = true;
    return FinishIfDone();
  }
  if (broken_ || finishing_) return arriving_.Clear();
  if (!endpoint_.environment().policy.access.IsKnown(caller_)) closing_ = true;
  if (closing_) ++messages_while_closing_;
  std::unique_ptr<PipelineMessage> message = TakeArrived();
  arriving_.Clear();
  if (message == nullptr) return;
  window_.AddMessage(message->bytes());
  endpoint_.environment().metrics.operations_per_message.Observe(
      static_cast<double>(message->size()));
  taking_ = message.release();  // see taking_
  Continue();
}

std::unique_ptr<PipelineMessage> PipelineStream::TakeArrived() {
  PipelineEnvironment& environment = endpoint_.environment();
  const size_t bytes = arriving_.Length();
  // Fields of later releases are taken for operations.
  const std::optional<MessageParts> parts =
      CountParts(arriving_, *v1::PipelineRequest::descriptor());
  if (!parts || parts->fields > environment.limits.max_message_operations) {
    EndWith(absl::InvalidArgumentError(
        parts ? "more than MAX_PIPELINE_OPERATIONS operations in one message"
              : "the message is not a PipelineRequest"));
    return nullptr;
  }
  if (parts->extra > kExtraPartsPerOperation * environment.limits.max_message_operations) {
    EndWith(absl::InvalidArgumentError(
        "the message has too many fields that this release does not know"));
    return nullptr;
  }
  const auto memory = static_cast<int64_t>(PipelineMessage::MemoryBytes(bytes, *parts));
  AdmissionControl& admission = environment.policy.admission;
  if (!admission.AdmitBytes(memory, place_, /*own=*/0, static_cast<int64_t>(bytes))) {
    return TakeRefused(bytes, *parts);
  }
  std::unique_ptr<PipelineMessage> message = Parse(bytes, *parts);
  if (message == nullptr) {
    admission.ReleaseBytes(memory, place_);
    return nullptr;
  }
  message->admitted = true;
  message->counted = memory;
  return message;
}

std::unique_ptr<PipelineMessage> PipelineStream::TakeRefused(size_t bytes,
                                                             const MessageParts& parts) {
  ByteBudget& refusals = endpoint_.environment().refusals;
  const auto kept = static_cast<int64_t>(PipelineMessage::RefusalBytes(parts.fields));
  if (refused_messages_ >= kRefusedMessages || !refusals.Admit(kept)) {
    messages_while_closing_ = kMessagesWhileClosing;
    Close();
    return nullptr;
  }
  std::unique_ptr<PipelineMessage> message = Parse(bytes, parts);
  if (message == nullptr) {
    refusals.Release(kept);
    return nullptr;
  }
  ++refused_messages_;
  message = PipelineMessage::Stripped(*message);
  message->counted = kept;
  return message;
}

std::unique_ptr<PipelineMessage> PipelineStream::Parse(size_t bytes, const MessageParts& parts) {
  auto message = std::make_unique<PipelineMessage>(parts);
  const absl::Status status = ParseMessage(arriving_, message->request());
  if (!status.ok()) {
    EndWith(status);
    return nullptr;
  }
  message->Arrive(std::chrono::steady_clock::now(), bytes);
  return message;
}

void PipelineStream::Continue() {
  if (taking_ != nullptr) TakeOperations();
  if (WantsMessage()) {
    if (window_.RequestsFull()) {
      Pause(endpoint_.environment().metrics.paused_requests);
    } else {
      paused_ = nullptr;
      StartRead();
    }
  }
  FinishIfDone();
}

bool PipelineStream::WantsMessage() const {
  if (!open_ || half_closed_ || finishing_ || broken_) return false;
  return taking_ == nullptr && !reading_ && messages_while_closing_ < kMessagesWhileClosing;
}

void PipelineStream::TakeOperations() {
  PipelineEnvironment& environment = endpoint_.environment();
  const MonotonicTime now = std::chrono::steady_clock::now();
  if (broken_) taking_->DropRest();
  for (size_t taken = 0; taking_->HasNext(); ++taken) {
    if (window_.OperationsFull()) return Pause(environment.metrics.paused_operations);
    if (window_.AnswersFull()) return Pause(environment.metrics.paused_answers);
    if (taken == kOperationsPerTurn) {
      if (!std::exchange(take_turn_.due_, true)) endpoint_.queue().Post(&take_turn_);
      return;
    }
    paused_ = nullptr;
    window_.AddOperation();
    PipelineOperation& operation = taking_->Next(*this, environment.policy.slow_log.on());
    if (!taking_->admitted) {
      operation.Finish(environment.policy.admission.NoRoom());
      continue;
    }
    const MonotonicTime deadline =
        OperationDeadline(operation.request().timeout_ms(), taking_->arrived(), deadline_,
                          environment.policy.deadlines);
    ServeOperation(environment.context, environment.policy, caller_, place_, now, deadline,
                   operation);
  }
  EndMessageIfOver(std::exchange(taking_, nullptr));
}

void PipelineStream::Pause(prometheus::Counter& reason) {
  if (std::exchange(paused_, &reason) != &reason) reason.Increment();
}

void PipelineStream::Post(PipelineOperation* operation) { endpoint_.queue().Post(operation); }

absl::Status PipelineStream::AdmitAnswer(size_t bytes, int64_t held) {
  if (!window_.AnswerFits(bytes)) {
    endpoint_.environment().metrics.values_refused.Increment();
    return absl::ResourceExhaustedError(
        "the stream's answers are not being read; read them, then ask for this key again");
  }
  AdmissionControl& admission = endpoint_.environment().policy.admission;
  const auto own = held + static_cast<int64_t>(window_.answer_bytes() - bytes);
  const auto size = static_cast<int64_t>(bytes + kResultBytes);
  if (admission.AdmitBytes(static_cast<int64_t>(bytes), place_, own, size)) {
    return absl::OkStatus();
  }
  window_.RemoveAnswers(bytes);
  return admission.NoRoom();
}

const HashRing& PipelineStream::ring() const { return endpoint_.environment().policy.ring; }

void PipelineStream::Take(PipelineOperation& operation) {
  ready_.push_back(&operation);
  if (!std::exchange(send_turn_.due_, true)) endpoint_.queue().RunLast(&send_turn_);
}

void PipelineStream::SendReady() {
  if (writing_ || ready_.empty()) return;
  PipelineMetrics& metrics = endpoint_.environment().metrics;
  const size_t count = broken_ ? ready_.size() : GatherReady();
  if (broken_) {
    metrics.answers_dropped.Increment(static_cast<double>(count));
  } else {
    metrics.results_per_message.Observe(static_cast<double>(count));
    writing_ = true;
    ++events_;
    response_.set_cluster_time_unix_ms(
        absl::ToUnixMillis(endpoint_.environment().context.coordinator.Now()));
    // Serialises at once, so that the results may go.
    stream_.Write(response_, static_cast<CallTag*>(&written_tag_));
    response_.mutable_results()->UnsafeArenaExtractSubrange(0, response_.results_size(), nullptr);
  }
  EndReady(count);
  if (broken_) OnWritten(true);
}

size_t PipelineStream::GatherReady() {
  const size_t max_bytes = endpoint_.environment().context.limits.max_batch_bytes;
  size_t bytes = 0;
  size_t count = 0;
  for (; count < ready_.size(); ++count) {
    bytes += ready_[count]->answer_bytes() + kResultBytes;
    if (count > 0 && bytes > max_bytes) break;
    response_.mutable_results()->UnsafeArenaAddAllocated(&ready_[count]->result());
  }
  return count;
}

void PipelineStream::EndReady(size_t count) {
  PipelineMetrics& metrics = endpoint_.environment().metrics;
  const MonotonicTime now = std::chrono::steady_clock::now();
  for (size_t i = 0; i < count; ++i) {
    PipelineOperation& operation = *ready_[i];
    PipelineMessage& message = operation.message();
    metrics.CountOperation(operation.request().operation_case(), operation.code(),
                           message.arrived(), now);
    LogIfSlow(operation, now);
    ++sent_.operations;
    sent_.admitted += operation.admitted ? 1 : 0;
    sent_.bytes += operation.answer_bytes();
    message.EndOperation();
    EndMessageIfOver(&message);
  }
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<ptrdiff_t>(count));
}

void PipelineStream::LogIfSlow(PipelineOperation& operation, MonotonicTime now) const {
  const SlowLog& log = endpoint_.environment().policy.slow_log;
  const MonotonicTime arrived = operation.message().arrived();
  if (!log.IsSlow(arrived, now)) return;
  const v1::PipelineOperation& request = operation.request();
  const v1::PipelineResult& result = operation.result();
  std::string_view rpc = "Pipeline";
  std::string facts;
  if (request.has_get()) {
    rpc = "Pipeline/Get";
    facts = log.Facts(request.get(), result.get());
  } else if (request.has_put()) {
    rpc = "Pipeline/Put";
    facts = log.Facts(request.put(), result.put());
  } else if (request.has_delete_()) {
    rpc = "Pipeline/Delete";
    facts = log.Facts(request.delete_(), result.delete_());
  } else if (request.has_touch()) {
    rpc = "Pipeline/Touch";
    facts = log.Facts(request.touch(), result.touch());
  } else if (request.has_get_or_lease()) {
    rpc = "Pipeline/GetOrLease";
    facts = log.Facts(request.get_or_lease(), result.get_or_lease());
  }
  log.Report(rpc, {arrived, operation.begun(), operation.finished(), now},
             kGrpcCodeNames[static_cast<size_t>(ToGrpcCode(operation.code()))], facts,
             NameOf(request, context_));
}

void PipelineStream::EndMessageIfOver(PipelineMessage* message) {
  if (message == taking_ || !message->Over()) return;
  window_.RemoveMessage(message->bytes());
  if (!message->admitted) {
    --refused_messages_;
    endpoint_.environment().refusals.Release(message->counted);
  } else {
    endpoint_.environment().policy.admission.ReleaseBytes(message->counted, place_);
  }
  delete message;
}

void PipelineStream::OnWritten(bool ok) {
  writing_ = false;
  broken_ |= !ok;
  if (broken_) cancelled_ = true;
  const Sent sent = std::exchange(sent_, Sent());
  endpoint_.environment().policy.admission.Release(static_cast<int64_t>(sent.admitted), place_);
  window_.RemoveOperations(sent.operations);
  window_.RemoveAnswers(sent.bytes);
  endpoint_.environment().policy.admission.ReleaseBytes(static_cast<int64_t>(sent.bytes), place_);
  SendReady();
  Continue();
}

void PipelineStream::EndWith(const absl::Status& status) {
  end_ = ToGrpcStatus(status);
  messages_while_closing_ = kMessagesWhileClosing;
  Close();
}

void PipelineStream::FinishIfDone() {
  if (!open_ || finishing_ || broken_ || !(half_closed_ || closing_)) return;
  if (taking_ != nullptr || window_.operations() > 0) return;
  finishing_ = true;
  ++events_;
  stream_.Finish(half_closed_ ? grpc::Status::OK : end_, static_cast<CallTag*>(&finished_tag_));
}

void PipelineStream::OnDone(bool) {
  broken_ = true;  // or ended: nothing is left to be dropped then
  cancelled_ = true;
  if (std::exchange(open_, false)) endpoint_.Remove(this);
  SendReady();
  Continue();
}

}  // namespace kache
