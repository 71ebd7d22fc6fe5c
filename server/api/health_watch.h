// One stream of grpc.health.v1.Health.Watch: tells its client a service's state now and at each
// change. A watch without room ends with RESOURCE_EXHAUSTED (stream_room.h). Owns itself: gone
// after its last event.
//
// Thread-safe by the mutex of the WatchBoard, which all watches share: they are few and seldom
// busy.
#ifndef KACHE_SERVER_API_HEALTH_WATCH_H_
#define KACHE_SERVER_API_HEALTH_WATCH_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "prometheus/registry.h"
#include "security/access_control.h"
#include "server/api/call_queue.h"
#include "server/api/stream_room.h"

namespace kache {

class HealthWatch;

// What is known of each service, and who wants to be told. Outlives all watches.
struct WatchBoard {
  using State = grpc::health::v1::HealthCheckResponse::ServingStatus;

  static constexpr StreamRoom::Bounds kBounds = {.of_connection = 16, .further = 1000};

  // Both outlive the board.
  WatchBoard(const AccessControl& access_control, prometheus::Registry& registry);

  const AccessControl& access;
  std::mutex mutex;
  StreamRoom room ABSL_GUARDED_BY(mutex);
  std::map<std::string, State> states ABSL_GUARDED_BY(mutex);
  std::set<HealthWatch*> watches ABSL_GUARDED_BY(mutex);
  // Streams are ended, and new ones too.
  bool closed ABSL_GUARDED_BY(mutex) = false;

  State StateOf(const std::string& service) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
};

using AsyncHealth = grpc::health::v1::Health::WithAsyncMethod_Check<
    grpc::health::v1::Health::WithAsyncMethod_Watch<grpc::health::v1::Health::Service>>;

class HealthWatch {
 public:
  // Waits for a client on `queue`; once there is one, another watch waits for the next.
  static void Accept(AsyncHealth& service, WatchBoard& board, CallQueue& queue);

  // Sends what the client does not know yet. Never blocks: gRPC queues the message.
  void Continue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(board_.mutex);

 private:
  using Event = void (HealthWatch::*)(bool ok);
  class EventTag final : public CallTag {
   public:
    EventTag(HealthWatch& watch, Event event) : watch_(watch), event_(event) {}
    void OnEvent(bool ok) override { (watch_.*event_)(ok); }

   private:
    HealthWatch& watch_;
    const Event event_;
  };

  HealthWatch(AsyncHealth& service, WatchBoard& board, CallQueue& queue);
  ~HealthWatch();

  // Begins to tell, or to end.
  void Begin() ABSL_LOCKS_EXCLUDED(board_.mutex);
  void OnAccepted(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  void OnDone(bool ok);  // the stream is over: the client left, or the status was sent
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(board_.mutex);
  // Counts an event that came; deletes this after the last.
  void EndEvent() ABSL_LOCKS_EXCLUDED(board_.mutex);

  AsyncHealth& service_;
  WatchBoard& board_;
  CallQueue& queue_;
  grpc::ServerContext context_;
  grpc::health::v1::HealthCheckRequest request_;
  grpc::health::v1::HealthCheckResponse response_;
  grpc::ServerAsyncWriter<grpc::health::v1::HealthCheckResponse> writer_;
  EventTag accepted_tag_{*this, &HealthWatch::OnAccepted};
  EventTag written_tag_{*this, &HealthWatch::OnWritten};
  EventTag finished_tag_{*this, &HealthWatch::OnFinished};
  EventTag done_tag_{*this, &HealthWatch::OnDone};
  std::string connection_ ABSL_GUARDED_BY(board_.mutex);  // empty while it has no room
  size_t events_ ABSL_GUARDED_BY(board_.mutex) = 1;       // asked for and not yet come
  bool writing_ ABSL_GUARDED_BY(board_.mutex) = false;
  bool over_ ABSL_GUARDED_BY(board_.mutex) = false;
  std::optional<WatchBoard::State> told_ ABSL_GUARDED_BY(board_.mutex);
};

}  // namespace kache

#endif  // KACHE_SERVER_API_HEALTH_WATCH_H_
