// One Pipeline stream: reads messages, starts their operations, and sends results as they come;
// those that are ready together travel in one message.
//
//  * Full (PipelineWindow): operations are not taken, messages not read, until answers have left.
//  * The process is full (AdmissionControl): the operations of a message are refused, all of them,
//    and nothing of them is kept but their ids. A client that does not read the refusals loses the
//    stream; so does one whose refusals find no room among those that wait for all clients.
//  * A message that is none, or has more operations than one may (PipelineLimits), or many fields
//    that this release does not know, ends the stream with INVALID_ARGUMENT, once what came before
//    is answered. It is not parsed (message_bytes.h).
//  * Fair: after kOperationsPerTurn operations the other events of the queue have their turn.
//  * Broken (cancelled, connection lost, deadline): operations that were taken go on, the answers
//    are dropped; what was not taken yet is never started.
//  * Closing (the server stops): goes on until nothing is in flight, or a bounded number of further
//    messages was read; then the stream ends with UNAVAILABLE.
//  * Authorised: by the token that the stream came with, looked at again for every message. A token
//    that is no longer known ends the stream, as closing does: the client may open another.
//  * Half-closed by the client: everything is answered, then the stream ends with OK.
//
// Queue's thread only, but for PipelineSink's functions that say otherwise. Owns itself from Accept
// until its last event and its last operation.
#ifndef KACHE_SERVER_API_PIPELINE_STREAM_H_
#define KACHE_SERVER_API_PIPELINE_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "kache/v1/kache.pb.h"
#include "prometheus/counter.h"
#include "security/access_control.h"
#include "server/api/call_tag.h"
#include "server/api/connection_shares.h"
#include "server/api/pipeline_message.h"
#include "server/api/pipeline_window.h"
#include "server/api/post_box.h"

namespace kache {

class PipelineEndpoint;

class PipelineStream final : private PipelineSink {
 public:
  // Requests come as bytes.
  using GrpcStream = grpc::ServerAsyncReaderWriter<v1::PipelineResponse, grpc::ByteBuffer>;

  // Waits for a client on the endpoint's queue.
  static void Accept(PipelineEndpoint& endpoint);
  // Ends the stream as soon as what it has is answered.
  void Close();

 private:
  using Event = void (PipelineStream::*)(bool ok);
  class EventTag final : public CallTag {
   public:
    EventTag(PipelineStream& stream, Event event) : stream_(stream), event_(event) {}
    void OnEvent(bool ok) override { stream_.OnEvent(event_, ok); }

   private:
    PipelineStream& stream_;
    const Event event_;
  };
  class Turn final : public Posted {
   public:
    Turn(PipelineStream& stream, void (PipelineStream::*run)()) : stream_(stream), run_(run) {}
    void RunPosted() override { stream_.RunTurn(*this); }

   private:
    friend class PipelineStream;
    PipelineStream& stream_;
    void (PipelineStream::*const run_)();
    bool due_ = false;
  };

  explicit PipelineStream(PipelineEndpoint& endpoint);
  ~PipelineStream();

  // Both end by deleting this when nothing is left to come.
  void OnEvent(Event event, bool ok);
  void RunTurn(Turn& turn);
  bool Over() const;

  void OnAccepted(bool ok);
  void OnRead(bool ok);
  // Counts what has arrived, then parses it. nullptr: the stream ends.
  std::unique_ptr<PipelineMessage> TakeArrived();
  std::unique_ptr<PipelineMessage> Parse(size_t bytes, const MessageParts& parts);
  // The same for a message without room: what its refusal needs.
  std::unique_ptr<PipelineMessage> TakeRefused(size_t bytes, const MessageParts& parts);
  // Ends a stream that has no right to be.
  void Refuse(const absl::Status& status);
  void OnWritten(bool ok);
  void OnSent(bool) {}   // headers or status
  void OnDone(bool ok);  // the stream is over: broken, or the status was sent

  // Takes operations and reads messages, as far as the window allows. Idempotent.
  void Continue();
  bool WantsMessage() const;
  void TakeOperations();
  void Pause(prometheus::Counter& reason);
  void StartRead();
  // Sends the results that are ready, unless a message is on its way; drops them once broken.
  void SendReady();
  // Puts results into response_, as many as one message may hold; returns their number.
  size_t GatherReady();
  // The first `count` that are ready have been sent or dropped.
  void EndReady(size_t count);
  void LogIfSlow(PipelineOperation& operation, MonotonicTime now) const;
  void EndMessageIfOver(PipelineMessage* message);
  // Reads no more, and ends the stream with that once everything is answered.
  void EndWith(const absl::Status& status);
  void FinishIfDone();

  // PipelineSink.
  void Post(PipelineOperation* operation) override;
  void Take(PipelineOperation& operation) override;
  absl::Status AdmitAnswer(size_t bytes, int64_t held) override;
  const std::atomic<bool>* cancelled() const override { return &cancelled_; }
  redis::CallerId caller() const override { return CallerIdOf(place_); }
  const HashRing& ring() const override;

  PipelineEndpoint& endpoint_;
  PipelineWindow window_;
  grpc::ServerContext context_;
  GrpcStream stream_;
  MonotonicTime deadline_;
  Caller caller_;
  ConnectionPlace place_ = 0;
  v1::PipelineResponse response_;  // empty but while a message is made

  grpc::ByteBuffer arriving_;
  // Read, not all of its operations taken. Owned, as are those that were taken as a whole: the last
  // of their operations to end deletes them.
  PipelineMessage* taking_ = nullptr;
  std::vector<PipelineOperation*> ready_;  // answered, not sent

  // What the message on its way counts for.
  struct Sent {
    size_t operations = 0;
    size_t admitted = 0;
    size_t bytes = 0;
  };
  Sent sent_;
  prometheus::Counter* paused_ = nullptr;  // why, while it is

  size_t events_ = 0;  // asked for and not yet come
  size_t messages_while_closing_ = 0;
  size_t refused_messages_ = 0;  // whose operations were refused, and not all answers have left
  grpc::Status end_;             // unless the client has half-closed
  bool open_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool half_closed_ = false;
  bool closing_ = false;
  bool finishing_ = false;
  bool broken_ = false;
  std::atomic<bool> cancelled_{false};  // as broken_, for other threads

  EventTag accepted_tag_{*this, &PipelineStream::OnAccepted};
  EventTag read_tag_{*this, &PipelineStream::OnRead};
  EventTag written_tag_{*this, &PipelineStream::OnWritten};
  EventTag opened_tag_{*this, &PipelineStream::OnSent};
  EventTag finished_tag_{*this, &PipelineStream::OnSent};
  EventTag done_tag_{*this, &PipelineStream::OnDone};
  Turn take_turn_{*this, &PipelineStream::Continue};
  Turn send_turn_{*this, &PipelineStream::SendReady};
};

}  // namespace kache

#endif  // KACHE_SERVER_API_PIPELINE_STREAM_H_
