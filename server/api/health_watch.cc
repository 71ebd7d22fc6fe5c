#include "server/api/health_watch.h"

#include <grpcpp/support/status.h>

namespace kache {

using grpc::health::v1::HealthCheckResponse;

WatchBoard::State WatchBoard::StateOf(const std::string& service) const {
  const auto found = states.find(service);
  return found == states.end() ? HealthCheckResponse::SERVICE_UNKNOWN : found->second;
}

void HealthWatch::Accept(AsyncHealth& service, WatchBoard& board, CallQueue& queue) {
  auto* watch = new HealthWatch(service, board, queue);
  watch->context_.AsyncNotifyWhenDone(&watch->done_tag_);
  service.RequestWatch(&watch->context_, &watch->request_, &watch->writer_, queue.grpc_queue(),
                       queue.grpc_queue(), &watch->accepted_tag_);
}

HealthWatch::HealthWatch(AsyncHealth& service, WatchBoard& board, CallQueue& queue)
    : service_(service), board_(board), queue_(queue), writer_(&context_) {
  queue_.AddCall();
}

HealthWatch::~HealthWatch() { queue_.RemoveCall(); }

void HealthWatch::OnAccepted(bool ok) {
  if (ok) {
    Accept(service_, board_, queue_);
    const std::lock_guard lock(board_.mutex);
    ++events_;  // OnDone comes for every call that began
    if (board_.watches.size() >= WatchBoard::kMaxWatches) {
      over_ = true;
      ++events_;
      writer_.Finish(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many health watches"),
                     &finished_tag_);
    } else {
      board_.watches.insert(this);
      Continue();
    }
  }
  EndEvent();
}

void HealthWatch::Continue() {
  if (writing_ || over_) return;
  const WatchBoard::State state = board_.StateOf(request_.service());
  if (told_ != state) {
    told_ = state;
    writing_ = true;
    ++events_;
    response_.set_status(state);
    writer_.Write(response_, &written_tag_);
  } else if (board_.closed) {
    over_ = true;
    ++events_;
    writer_.Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is stopping"),
                   &finished_tag_);
  }
}

void HealthWatch::OnWritten(bool ok) {
  {
    const std::lock_guard lock(board_.mutex);
    writing_ = false;
    if (ok) Continue();
  }
  EndEvent();
}

void HealthWatch::OnFinished(bool) { EndEvent(); }

void HealthWatch::OnDone(bool) {
  {
    const std::lock_guard lock(board_.mutex);
    over_ = true;
    board_.watches.erase(this);
  }
  EndEvent();
}

void HealthWatch::EndEvent() {
  {
    const std::lock_guard lock(board_.mutex);
    if (--events_ > 0) return;
  }
  delete this;
}

}  // namespace kache
