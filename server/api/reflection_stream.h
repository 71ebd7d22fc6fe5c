// One stream of server reflection: answers each question before the next one is read. It ends with
// RESOURCE_EXHAUSTED where there is no room for it (stream_room.h), and with INVALID_ARGUMENT at a
// question that is none. Owns itself: gone after its last event.
//
// Thread-safe by the mutex of the environment, which all streams share: they are few and seldom
// busy.
#ifndef KACHE_SERVER_API_REFLECTION_STREAM_H_
#define KACHE_SERVER_API_REFLECTION_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "server/api/call_queue.h"
#include "server/api/reflection.h"
#include "server/api/stream_room.h"

namespace kache {

// The service, with questions as bytes, as these are looked at before they are parsed.
class AsyncReflection final : public grpc::reflection::v1alpha::ServerReflection::Service {
 public:
  using Stream = grpc::ServerAsyncReaderWriter<grpc::reflection::v1alpha::ServerReflectionResponse,
                                               grpc::ByteBuffer>;

  AsyncReflection() { MarkMethodAsync(0); }
  void RequestStream(grpc::ServerContext* context, Stream* stream,
                     grpc::ServerCompletionQueue* queue, void* tag) {
    RequestAsyncBidiStreaming(0, context, stream, queue, queue, tag);
  }
};

class ReflectionStream;

// What all streams share. Outlives them.
struct ReflectionEnvironment {
  const Reflection reflection;
  std::mutex mutex;
  StreamRoom room ABSL_GUARDED_BY(mutex);
  std::set<ReflectionStream*> streams ABSL_GUARDED_BY(mutex);
  bool closed ABSL_GUARDED_BY(mutex) = false;  // streams are ended, and new ones too
};

class ReflectionStream {
 public:
  // Waits for a client on `queue`; once there is one, another stream waits for the next.
  static void Accept(AsyncReflection& service, ReflectionEnvironment& environment,
                     CallQueue& queue);

  // Ends the stream, unless it ends already.
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(environment_.mutex);

 private:
  using Event = void (ReflectionStream::*)(bool ok);
  class EventTag final : public CallTag {
   public:
    EventTag(ReflectionStream& stream, Event event) : stream_(stream), event_(event) {}
    void OnEvent(bool ok) override { stream_.OnEvent(event_, ok); }

   private:
    ReflectionStream& stream_;
    const Event event_;
  };

  ReflectionStream(AsyncReflection& service, ReflectionEnvironment& environment, CallQueue& queue);
  ~ReflectionStream();

  // Counts the event; deletes this after the last.
  void OnEvent(Event event, bool ok) ABSL_LOCKS_EXCLUDED(environment_.mutex);
  // With the mutex held.
  void OnAccepted(bool ok) ABSL_EXCLUSIVE_LOCKS_REQUIRED(environment_.mutex);
  void OnRead(bool ok) ABSL_EXCLUSIVE_LOCKS_REQUIRED(environment_.mutex);
  void OnWritten(bool ok) ABSL_EXCLUSIVE_LOCKS_REQUIRED(environment_.mutex);
  void OnFinished(bool /*ok*/) {}
  // The stream is over: the client left, or the status was sent.
  void OnDone(bool ok) ABSL_EXCLUSIVE_LOCKS_REQUIRED(environment_.mutex);
  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(environment_.mutex);

  AsyncReflection& service_;
  ReflectionEnvironment& environment_;
  CallQueue& queue_;
  grpc::ServerContext context_;
  AsyncReflection::Stream stream_;
  grpc::ByteBuffer arriving_;
  EventTag accepted_tag_{*this, &ReflectionStream::OnAccepted};
  EventTag read_tag_{*this, &ReflectionStream::OnRead};
  EventTag written_tag_{*this, &ReflectionStream::OnWritten};
  EventTag finished_tag_{*this, &ReflectionStream::OnFinished};
  EventTag done_tag_{*this, &ReflectionStream::OnDone};
  std::string connection_;  // empty while it has no room
  size_t events_ = 1;       // asked for and not yet come
  bool over_ = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_REFLECTION_STREAM_H_
