#include "client/server_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kache {
namespace {

// After which the times that a queued message names are looked at again.
constexpr absl::Duration kLongWait = absl::Milliseconds(20);

uint32_t TimeoutMs(MonotonicTime deadline, MonotonicTime now) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(left, 1, UINT32_MAX));
}

}  // namespace

std::shared_ptr<ServerStream> ServerStream::Open(v1::Kache::Stub& stub,
                                                 TransportObserver& observer) {
  std::shared_ptr<ServerStream> stream(new ServerStream(observer));
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
    const std::lock_guard lock(mutex_);
    if (!open_ || retired_ || broken_ || unanswered_.size() >= kMaxUnanswered) return false;
    const size_t bytes = operation->ByteSizeLong();
    if (queued_bytes_ + bytes > kMaxQueuedBytes) return false;
    const MonotonicTime now = std::chrono::steady_clock::now();
    operation->set_id(++last_id_);
    operation->set_timeout_ms(TimeoutMs(deadline, now));
    Queue(operation, bytes, now);
    unanswered_.emplace(last_id_, Unanswered{now, deadline, std::move(done)});
    if (!TakeQueued()) return true;
  }
  StartWrite(&request_);
  return true;
}

void ServerStream::Queue(v1::PipelineOperation* operation, size_t bytes, MonotonicTime now) {
  const int operations = queued_.message.operations_size();
  if (operations >= kMaxMessageOperations ||
      (operations > 0 && queued_.bytes + bytes > kMaxMessageBytes)) {
    full_.push_back(std::exchange(queued_, Queued()));
  }
  if (queued_.message.operations_size() == 0) queued_.since = now;
  queued_.message.add_operations()->Swap(operation);
  queued_.bytes += bytes;
  queued_bytes_ += bytes;
}

bool ServerStream::TakeQueued() {
  if (writing_ || broken_) return false;
  do {
    Queued& next = full_.empty() ? queued_ : full_.front();
    const auto operations = static_cast<size_t>(next.message.operations_size());
    if (operations == 0) return false;
    if (on_the_way_ > 0 && on_the_way_ + operations > kMaxOnTheWay) return false;
    request_.Clear();
    request_.Swap(&next.message);
    queued_bytes_ -= std::exchange(next.bytes, 0);
    const MonotonicTime now = std::chrono::steady_clock::now();
    if (now - next.since > absl::ToChronoNanoseconds(kLongWait)) Refresh(now);
    if (!full_.empty()) full_.pop_front();
  } while (request_.operations_size() == 0);
  observer_.OnMessage(request_.operations_size());
  on_the_way_ += static_cast<size_t>(request_.operations_size());
  writing_ = true;
  return true;
}

void ServerStream::Refresh(MonotonicTime now) {
  auto* const operations = request_.mutable_operations();
  const auto is_over = [&](v1::PipelineOperation& operation) {
    const auto found = unanswered_.find(operation.id());
    if (found == unanswered_.end()) return true;
    operation.set_timeout_ms(TimeoutMs(found->second.deadline, now));
    return false;
  };
  operations->erase(std::remove_if(operations->begin(), operations->end(), is_over),
                    operations->end());
}

void ServerStream::OnReadInitialMetadataDone(bool ok) {
  if (!ok) return;
  const std::lock_guard lock(mutex_);
  peer_ = context_.peer();
  // Headers that come together with the end of the stream are a refusal.
  open_ = !broken_;
  last_read_ = std::chrono::steady_clock::now();
}

void ServerStream::OnReadDone(bool ok) {
  std::vector<std::pair<Done, v1::PipelineResult*>> answers;
  bool more = false;
  bool let_go = false;
  {
    const std::lock_guard lock(mutex_);
    last_read_ = std::chrono::steady_clock::now();
    broken_ |= !ok;
    if (ok) {
      on_the_way_ -= std::min(on_the_way_, static_cast<size_t>(response_.results_size()));
      for (v1::PipelineResult& result : *response_.mutable_results()) {
        const auto found = unanswered_.find(result.id());
        if (found == unanswered_.end()) continue;  // answered by Tick already
        answers.emplace_back(std::move(found->second.done), &result);
        unanswered_.erase(found);
      }
    }
    more = TakeQueued();
    let_go = IsToLetGo();
  }
  if (more) StartWrite(&request_);
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
    const std::lock_guard lock(mutex_);
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
    const std::lock_guard lock(mutex_);
    broken_ = true;
    unimplemented_ = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
    unanswered.swap(unanswered_);
    self = std::move(self_);
  }
  for (auto& [id, operation] : unanswered) {
    operation.done(absl::UnavailableError("the stream to the server broke"));
  }
  const std::lock_guard lock(mutex_);
  over_ = true;
  over_condition_.notify_all();
}

void ServerStream::AwaitOver() {
  std::unique_lock lock(mutex_);
  over_condition_.wait(lock, [this] { return over_; });
}

void ServerStream::Tick(MonotonicTime now, bool may_break) {
  std::vector<Done> late;
  bool frozen = false;
  {
    const std::lock_guard lock(mutex_);
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
  observer_.OnStreamFrozen();
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
    const std::lock_guard lock(mutex_);
    retired_ = true;
    let_go = IsToLetGo();
  }
  if (let_go) LetGo();
}

bool ServerStream::open() const {
  const std::lock_guard lock(mutex_);
  return open_ && !broken_ && !retired_;
}

bool ServerStream::over() const {
  const std::lock_guard lock(mutex_);
  return over_;
}

std::string ServerStream::peer() const {
  const std::lock_guard lock(mutex_);
  return peer_;
}

bool ServerStream::unimplemented() const {
  const std::lock_guard lock(mutex_);
  return unimplemented_;
}

}  // namespace kache
