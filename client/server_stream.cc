#include "client/server_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/deferred_wakes.h"

namespace kache {
namespace {

// After which the times that a queued message names are looked at again.
constexpr absl::Duration kLongWait = absl::Milliseconds(20);

uint32_t TimeoutMs(MonotonicTime deadline, MonotonicTime now) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(left, 1, UINT32_MAX));
}

}  // namespace

std::shared_ptr<ServerStream> ServerStream::Open(v1::Kache::Stub& stub, ClientQueue& queue,
                                                 TransportObserver& observer,
                                                 ClusterTime& cluster_time) {
  std::shared_ptr<ServerStream> stream(new ServerStream(stub, queue, observer, cluster_time));
  stream->self_ = stream;
  stream->events_ = 1;
  queue.Add(stream.get());
  stream->stream_->StartCall(&stream->started_tag_);
  return stream;
}

ServerStream::ServerStream(v1::Kache::Stub& stub, ClientQueue& queue, TransportObserver& observer,
                           ClusterTime& cluster_time)
    : observer_(observer),
      cluster_time_(cluster_time),
      queue_(queue),
      stream_(stub.PrepareAsyncPipeline(&context_, queue.grpc_queue())) {}

ServerStream::~ServerStream() = default;

bool ServerStream::Send(v1::PipelineOperation* operation, MonotonicTime deadline, Done& done) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_ || retired_ || broken_ || unanswered_.size() >= kMaxUnanswered) return false;
    const size_t bytes = operation->ByteSizeLong();
    if (queued_bytes_ > 0 && queued_bytes_ + bytes > MaxQueuedBytes()) return false;
    const MonotonicTime now = std::chrono::steady_clock::now();
    operation->set_id(++last_id_);
    operation->set_timeout_ms(TimeoutMs(deadline, now));
    Queue(operation, bytes, now);
    unanswered_.emplace(last_id_, Unanswered{now, deadline, std::move(done)});
    if (to_flush_ != nullptr) return true;
    to_flush_ = self_;
  }
  DeferredWakes::Wake([](void* stream) { static_cast<ServerStream*>(stream)->Flush(); }, this);
  return true;
}

size_t ServerStream::MaxQueuedBytes() const {
  return std::min(max_queued_bytes_.load(std::memory_order_relaxed), kMaxQueuedBytes);
}

void ServerStream::Flush() {
  std::shared_ptr<ServerStream> self;
  {
    const std::lock_guard lock(mutex_);
    self = std::move(to_flush_);
    if (!TakeQueued(std::chrono::steady_clock::now())) return;
  }
  StartWrite();
}

void ServerStream::SendWaiting(MonotonicTime now) {
  {
    const std::lock_guard lock(mutex_);
    if (!TakeQueued(now)) return;
  }
  StartWrite();
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

bool ServerStream::TakeQueued(MonotonicTime now) {
  if (writing_ || broken_ || writes_done_) return false;
  do {
    Queued& next = full_.empty() ? queued_ : full_.front();
    const auto operations = static_cast<size_t>(next.message.operations_size());
    if (operations == 0) return false;
    if (on_the_way_ > 0 && on_the_way_ + operations > kMaxOnTheWay) return false;
    if (full_.empty() && Gathers(next, now)) return false;
    request_.Clear();
    request_.Swap(&next.message);
    queued_bytes_ -= std::exchange(next.bytes, 0);
    if (now - next.since > absl::ToChronoNanoseconds(kLongWait)) Refresh(now);
    if (!full_.empty()) full_.pop_front();
  } while (request_.operations_size() == 0);
  observer_.OnMessage(request_.operations_size());
  AddOnTheWay(static_cast<size_t>(request_.operations_size()));
  writing_ = true;
  ++events_;
  return true;
}

bool ServerStream::Gathers(const Queued& message, MonotonicTime now) const {
  const auto operations = static_cast<size_t>(message.message.operations_size());
  return on_the_way_ >= kFewOnTheWay && operations < on_the_way_ &&
         now - message.since < absl::ToChronoNanoseconds(kMaxGather);
}

void ServerStream::AddOnTheWay(size_t operations) {
  if (on_the_way_ == 0) queue_.BeginReason();
  on_the_way_ += operations;
}

void ServerStream::RemoveOnTheWay(size_t operations) {
  if (on_the_way_ == 0) return;
  on_the_way_ -= std::min(on_the_way_, operations);
  if (on_the_way_ == 0) queue_.EndReason();
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

void ServerStream::OnEvent(Tag::Event event, bool ok) {
  (this->*event)(ok);
  absl::flat_hash_map<uint64_t, Unanswered> unanswered;
  std::shared_ptr<ServerStream> self;
  {
    const std::lock_guard lock(mutex_);
    if (--events_ > 0 || !finished_) return;
    broken_ = true;
    RemoveOnTheWay(on_the_way_);
    unanswered.swap(unanswered_);
    self = std::move(self_);
  }
  queue_.Remove(this);
  for (auto& [id, operation] : unanswered) {
    operation.done(absl::UnavailableError("the stream to the server broke"));
  }
  const std::lock_guard lock(mutex_);
  over_ = true;
  over_condition_.notify_all();
}

void ServerStream::OnStarted(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    ++events_;
    broken_ |= !ok;
  }
  if (ok) {
    stream_->ReadInitialMetadata(&headers_tag_);
  } else {
    stream_->Finish(&status_, &finished_tag_);
  }
}

void ServerStream::OnHeaders(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    ++events_;
    if (ok) {
      peer_ = context_.peer();
      open_ = true;
      last_read_ = std::chrono::steady_clock::now();
    }
  }
  StartRead();  // shows what is wrong, if anything is
}

void ServerStream::OnRead(bool ok) {
  std::vector<std::pair<Done, v1::PipelineResult*>> answers;
  bool more = false;
  bool writes_done = false;
  MonotonicTime sent = begun_;
  {
    const std::lock_guard lock(mutex_);
    last_read_ = std::chrono::steady_clock::now();
    broken_ |= !ok;
    ++events_;
    if (ok) {
      RemoveOnTheWay(static_cast<size_t>(response_.results_size()));
      answers.reserve(static_cast<size_t>(response_.results_size()));
      for (v1::PipelineResult& result : *response_.mutable_results()) {
        const auto found = unanswered_.find(result.id());
        if (found == unanswered_.end()) continue;  // answered by Tick already
        sent = std::max(sent, found->second.sent);
        answers.emplace_back(std::move(found->second.done), &result);
        unanswered_.erase(found);
      }
    }
    more = TakeQueued(last_read_);
    writes_done = TakeWritesDone();
  }
  if (more) StartWrite();
  if (writes_done) StartWritesDone();
  // No other thread reads or writes these two meanwhile.
  if (ok) cluster_time_.Add(sent, last_read_, response_.cluster_time_unix_ms());
  for (auto& [done, result] : answers) done(std::move(*result));
  if (ok) {
    StartRead();
  } else {
    stream_->Finish(&status_, &finished_tag_);
  }
}

bool ServerStream::TakeWritesDone() {
  if (!retired_ || !open_ || broken_ || writing_ || writes_done_ || !unanswered_.empty()) {
    return false;
  }
  ++events_;
  return writes_done_ = true;
}

void ServerStream::OnWritten(bool ok) {
  bool more = false;
  bool writes_done = false;
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    broken_ |= !ok;
    more = TakeQueued(std::chrono::steady_clock::now());
    writes_done = TakeWritesDone();
  }
  if (more) StartWrite();
  if (writes_done) StartWritesDone();
}

void ServerStream::OnFinished(bool /*ok*/) {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  unimplemented_ = status_.error_code() == grpc::StatusCode::UNIMPLEMENTED;
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
  {
    const std::lock_guard lock(mutex_);
    retired_ = true;
    if (!TakeWritesDone()) return;
  }
  StartWritesDone();
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
