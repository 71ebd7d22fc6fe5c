#include "client/bench/pipeline_load.h"

#include <deque>
#include <utility>

#include "client/bench/connect.h"
#include "client/bench/precise_wait.h"
#include "grpcpp/client_context.h"

namespace kache::bench {
namespace {

constexpr auto kLookForLate = std::chrono::milliseconds(50);
// Beyond an operation's own deadline, which the server keeps.
constexpr auto kPatience = std::chrono::seconds(2);

absl::StatusCode CodeOf(int code) { return static_cast<absl::StatusCode>(code); }

}  // namespace

// One stream: one read and at most one write are always under way. Its tags carry what ended.
class PipelineLoad::Stream {
 public:
  enum class Event { kStarted, kRead, kWritten, kFinished };
  struct Tag {
    Stream* stream;
    Event event;
  };

  Stream(PipelineLoad* load, const std::string& server)
      : load_(load), stub_(bench::Connect(server, load->options_.security)) {}

  void Send(size_t slot) {
    waiting_.push_back(slot);
    if (state_ == State::kClosed) {
      Open();
    } else {
      WriteNext();
    }
  }
  void Cancel() {
    if (context_) context_->TryCancel();
  }

  void On(Event event, bool ok) {
    switch (event) {
      case Event::kStarted:
        if (!ok) return Finish();
        state_ = State::kOpen;
        call_->Read(&response_, &tags_[1]);
        return WriteNext();
      case Event::kWritten:
        writing_ = false;
        if (state_ == State::kFinishing) return FinishNow();
        if (ok) WriteNext();
        return;  // where it failed, the read fails too
      case Event::kRead:
        if (!ok) return Finish();
        for (v1::PipelineResult& result : *response_.mutable_results()) load_->TakeResult(&result);
        call_->Read(&response_, &tags_[1]);
        return;
      case Event::kFinished:
        state_ = State::kClosed;
        waiting_.clear();
        load_->FailAll(*this,
                       status_.ok() ? absl::StatusCode::kUnavailable : CodeOf(status_.error_code()),
                       status_.ok() ? "the server ended the stream" : status_.error_message());
    }
  }

 private:
  enum class State { kClosed, kStarting, kOpen, kFinishing };

  void Open() {
    state_ = State::kStarting;
    call_.reset();  // it lies in memory of its context
    context_ = std::make_unique<grpc::ClientContext>();
    call_ = stub_->AsyncPipeline(context_.get(), &load_->queue_, &tags_[0]);
  }
  void WriteNext() {
    if (state_ != State::kOpen || writing_ || waiting_.empty()) return;
    writing_ = true;
    load_->FillMessage(waiting_.front(), &request_);
    waiting_.pop_front();
    call_->Write(request_, &tags_[2]);
  }
  // A write must have ended first.
  void Finish() {
    state_ = State::kFinishing;
    if (!writing_) FinishNow();
  }
  void FinishNow() { call_->Finish(&status_, &tags_[3]); }

  PipelineLoad* const load_;
  const std::unique_ptr<v1::Kache::Stub> stub_;
  Tag tags_[4] = {{this, Event::kStarted},
                  {this, Event::kRead},
                  {this, Event::kWritten},
                  {this, Event::kFinished}};
  State state_ = State::kClosed;
  bool writing_ = false;
  std::deque<size_t> waiting_;  // slots to be written; at most all
  v1::PipelineRequest request_;
  v1::PipelineResponse response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::PipelineRequest, v1::PipelineResponse>> call_;
};

PipelineLoad::PipelineLoad(const GrpcLoadOptions& options)
    : SlottedLoad(options.slots), options_(options) {
  for (size_t i = 0; i < options.connections; ++i) {
    streams_.push_back(std::make_unique<Stream>(this, options.servers[i % options.servers.size()]));
  }
}

PipelineLoad::~PipelineLoad() {
  for (const std::unique_ptr<Stream>& stream : streams_) stream->Cancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void PipelineLoad::Start(size_t index) {
  PipelineSlot& slot = slots_[index];
  slot.unanswered = slot.request.keys.size();
  slot.outcomes.assign(slot.unanswered, Outcome());
  slot.values.resize(slot.unanswered);
  slot.deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.timeout) + kPatience;
  streams_[index % streams_.size()]->Send(index);
}

// An operation's id says where its outcome goes.
void PipelineLoad::FillMessage(size_t index, v1::PipelineRequest* message) const {
  const Request& request = slots_[index].request;
  message->Clear();
  for (size_t i = 0; i < request.keys.size(); ++i) {
    v1::PipelineOperation* const operation = message->add_operations();
    operation->set_id(uint64_t{index} << 32 | i);
    operation->set_timeout_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(options_.timeout)));
    if (request.action == Action::kGet) {
      operation->mutable_get()->set_key(request.keys[i]);
      operation->mutable_get()->set_consistency(options_.consistency);
    } else if (request.action == Action::kPut) {
      v1::PutRequest* const put = operation->mutable_put();
      put->set_key(request.keys[i]);
      put->set_value(request.values[i]);
      put->set_ttl_ms(absl::ToInt64Milliseconds(options_.ttl));
      put->set_consistency(options_.consistency);
    } else {
      operation->mutable_delete_()->set_key(request.keys[i]);
      operation->mutable_delete_()->set_consistency(options_.consistency);
    }
  }
}

void PipelineLoad::TakeResult(v1::PipelineResult* result) {
  const size_t index = result->id() >> 32;
  const size_t i = result->id() & 0xFFFF'FFFF;
  if (index >= slots_.size() || i >= slots_[index].outcomes.size()) {
    return NoteError("the server answered an operation that was not asked for");
  }
  Outcome outcome;
  if (result->has_error()) {
    outcome.code = CodeOf(result->error().code());
    NoteError(result->error().message());
  } else if (result->has_get() && result->get().found()) {
    slots_[index].values[i] = std::move(*result->mutable_get()->mutable_value());
    outcome.found = true;
    outcome.value = slots_[index].values[i];
  }
  SetOutcome(index, i, outcome);
}

void PipelineLoad::SetOutcome(size_t index, size_t i, Outcome outcome) {
  PipelineSlot& slot = slots_[index];
  if (slot.unanswered == 0) return;
  slot.outcomes[i] = outcome;
  if (--slot.unanswered == 0) ended_.push_back(index);
}

void PipelineLoad::FailAll(const Stream& stream, absl::StatusCode code,
                           const std::string& message) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (streams_[i % streams_.size()].get() != &stream || slots_[i].unanswered == 0) continue;
    NoteError(message);
    slots_[i].outcomes.assign(slots_[i].outcomes.size(), {code, false, {}});
    slots_[i].unanswered = 0;
    ended_.push_back(i);
  }
}

void PipelineLoad::CancelLate(Instant now) {
  next_look_ = now + kLookForLate;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].unanswered > 0 && slots_[i].deadline < now) {
      streams_[i % streams_.size()]->Cancel();
    }
  }
}

bool PipelineLoad::Poll(Instant until) {
  void* tag = nullptr;
  bool ok = false;
  const auto deadline =
      std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::microseconds>(
                                             until - std::chrono::steady_clock::now());
  if (queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::GOT_EVENT) {
    const auto* const ended = static_cast<Stream::Tag*>(tag);
    ended->stream->On(ended->event, ok);
  }
  return !ended_.empty();
}

bool PipelineLoad::Wait(Instant until, size_t* index) {
  const Instant now = std::chrono::steady_clock::now();
  if (now >= next_look_) CancelLate(now);
  if (ended_.empty()) WaitPrecisely(until, [this](Instant instant) { return Poll(instant); });
  if (ended_.empty()) return false;
  *index = ended_.back();
  ended_.pop_back();
  return true;
}

}  // namespace kache::bench
