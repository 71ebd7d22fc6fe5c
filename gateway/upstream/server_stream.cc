#include "gateway/upstream/server_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kache::gateway {
namespace {

uint32_t TimeoutMs(MonotonicTime deadline, MonotonicTime now) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(left, 1, UINT32_MAX));
}

}  // namespace

std::shared_ptr<ServerStream> ServerStream::Open(v1::Kache::Stub& stub, UpstreamMetrics& metrics) {
  std::shared_ptr<ServerStream> stream(new ServerStream(metrics));
  stream->self_ = stream;
  stub.async()->Pipeline(&stream->context_, stream.get());
  stream->AddHold();
  stream->StartRead(&stream->response_);
  stream->StartCall();
  return stream;
}

ServerStream::~ServerStream() = default;

bool ServerStream::Send(v1::PipelineOperation* operation, MonotonicTime deadline, Done& done) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!open_ || retired_ || broken_ || unanswered_.size() >= kMaxUnanswered) return false;
    const size_t bytes = operation->ByteSizeLong();
    if (queued_bytes_ > 0 && queued_bytes_ + bytes > kMaxQueuedBytes) return false;
    const MonotonicTime now = std::chrono::steady_clock::now();
    operation->set_id(++last_id_);
    operation->set_timeout_ms(TimeoutMs(deadline, now));
    queued_.add_operations()->Swap(operation);
    queued_bytes_ += bytes;
    unanswered_.emplace(last_id_, Unanswered{now, deadline, std::move(done)});
    if (!TakeQueued()) return true;
  }
  StartWrite(&request_);
  return true;
}

bool ServerStream::TakeQueued() {
  if (writing_ || broken_ || queued_.operations_size() == 0) return false;
  request_.Clear();
  request_.Swap(&queued_);
  queued_bytes_ = 0;
  metrics_.ObserveMessage(request_.operations_size());
  writing_ = true;
  return true;
}

void ServerStream::OnReadInitialMetadataDone(bool ok) {
  if (!ok) return;
  std::lock_guard<std::mutex> lock(mutex_);
  peer_ = context_.peer();
  // Headers that come together with the end of the stream are a refusal.
  open_ = !broken_;
  last_read_ = std::chrono::steady_clock::now();
}

void ServerStream::OnReadDone(bool ok) {
  std::vector<std::pair<Done, v1::PipelineResult*>> answers;
  bool let_go = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    last_read_ = std::chrono::steady_clock::now();
    broken_ |= !ok;
    if (ok) {
      for (v1::PipelineResult& result : *response_.mutable_results()) {
        const auto found = unanswered_.find(result.id());
        if (found == unanswered_.end()) continue;  // answered by Tick already
        answers.emplace_back(std::move(found->second.done), &result);
        unanswered_.erase(found);
      }
    }
    let_go = IsToLetGo();
  }
  for (auto& [done, result] : answers) done(std::move(*result));
  if (ok) StartRead(&response_);
  if (let_go) LetGo();
}

bool ServerStream::IsToLetGo() {
  const bool done = retired_ && open_ && unanswered_.empty();
  return (broken_ || done) && !writing_ && std::exchange(holding_, false);
}

void ServerStream::LetGo() {
  StartWritesDone();
  RemoveHold();
}

void ServerStream::OnWriteDone(bool ok) {
  bool more = false;
  bool let_go = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    writing_ = false;
    broken_ |= !ok;
    more = TakeQueued();
    let_go = IsToLetGo();
  }
  if (more) StartWrite(&request_);
  if (let_go) LetGo();
}

void ServerStream::OnDone(const grpc::Status& status) {
  absl::flat_hash_map<uint64_t, Unanswered> unanswered;
  std::shared_ptr<ServerStream> self;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    broken_ = true;
    unimplemented_ = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
    unanswered.swap(unanswered_);
    self = std::move(self_);
  }
  for (auto& [id, operation] : unanswered) {
    operation.done(absl::UnavailableError("the stream to the server broke"));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  over_ = true;
  over_condition_.notify_all();
}

void ServerStream::AwaitOver() {
  std::unique_lock<std::mutex> lock(mutex_);
  over_condition_.wait(lock, [this] { return over_; });
}

void ServerStream::Tick(MonotonicTime now, bool may_break) {
  std::vector<Done> late;
  bool frozen = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto it = unanswered_.begin(); it != unanswered_.end();) {
      const auto current = it++;
      if (current->second.deadline > now) continue;
      late.push_back(std::move(current->second.done));
      unanswered_.erase(current);
    }
    frozen = may_break && !broken_ && Frozen(now);
    broken_ |= frozen;
  }
  for (Done& done : late) {
    done(absl::DeadlineExceededError("the server did not answer before the deadline"));
  }
  if (!frozen) return;
  metrics_.CountStreamFrozen();
  Cancel();
}

bool ServerStream::Frozen(MonotonicTime now) const {
  return std::any_of(unanswered_.begin(), unanswered_.end(), [&](const auto& entry) {
    return std::max(entry.second.sent, last_read_) + absl::ToChronoNanoseconds(kMaxSilence) < now;
  });
}

void ServerStream::Retire() {
  bool let_go = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    retired_ = true;
    let_go = IsToLetGo();
  }
  if (let_go) LetGo();
}

bool ServerStream::open() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return open_ && !broken_ && !retired_;
}

bool ServerStream::over() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return over_;
}

std::string ServerStream::peer() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return peer_;
}

bool ServerStream::unimplemented() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return unimplemented_;
}

}  // namespace kache::gateway
