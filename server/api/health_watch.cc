#include "server/api/health_watch.h"

#include <grpcpp/support/status.h>

#include <chrono>
#include <utility>

#include "prometheus/gauge.h"
#include "server/api/call_caller.h"
#include "server/api/call_metadata.h"
#include "server/api/refusals.h"
#include "server/api/status_map.h"

namespace kache {

using grpc::health::v1::HealthCheckResponse;

WatchBoard::WatchBoard(const AccessControl& access_control, prometheus::Registry& registry)
    : access(access_control),
      room(kBounds, "health watches",
           prometheus::BuildGauge()
               .Name("kache_health_watches")
               .Help("Streams of Health.Watch that are open.")
               .Register(registry)
               .Add({}),
           Refusals(registry, "too_many_health_watches")) {}

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
    Begin();
  }
  EndEvent();
}

void HealthWatch::Begin() {
  const bool has_token = CallerOf(context_, board_.access).has_token();
  std::string connection = context_.peer();
  const std::lock_guard lock(board_.mutex);
  ++events_;  // OnDone comes for every call that began
  if (absl::Status metadata = CheckMetadata(context_); !metadata.ok()) return End(metadata);
  if (absl::Status room = board_.room.Take(connection, has_token); !room.ok()) return End(room);
  connection_ = std::move(connection);
  board_.watches.insert(this);
  Continue();
}

void HealthWatch::End(const absl::Status& status) {
  over_ = true;
  ++events_;
  writer_.Finish(ToGrpcStatus(status), &finished_tag_);
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
    End(absl::UnavailableError("the server is stopping"));
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
    if (!connection_.empty()) board_.room.GiveBack(std::exchange(connection_, ""));
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
