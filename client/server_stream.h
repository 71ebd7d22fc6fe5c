// One Pipeline stream to a Kache server. What is asked for together travels together: the
// operations of one turn of the caller's thread (DeferredWakes) in one message, and so what is
// asked for while a message is being written. Beside those that the server has not answered a
// message goes out once it holds half as many operations, or has waited for kMaxGather; so the more
// there is to do, the larger the messages, and who is alone waits for nobody.
//
//   auto stream = ServerStream::Open(stub, queue, observer);
//   if (!stream->Send(operation, deadline, done)) ...   // not open (yet, or any more), or full
//
// At most kMaxOnTheWay operations are with the server; more wait here, and go out as it answers.
// One whose deadline passes is answered DEADLINE_EXCEEDED, and not sent any more if it still waits.
//
// A stream is open once the server has said that it is there. It is over when it breaks or the
// server ends it: everything unanswered then fails with UNAVAILABLE, and the server may still do
// it.
//
// The answers name cluster time: a message was made after all the operations that it answers were
// sent, so the last of these bounds the instant.
//
// Thread-safe. `done` is called exactly once, on the queue's thread or that of Tick's caller, never
// inside Send. Lives until it is over, whoever else holds it.
#ifndef KACHE_CLIENT_SERVER_STREAM_H_
#define KACHE_CLIENT_SERVER_STREAM_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "client/client_queue.h"
#include "client/cluster_time.h"
#include "client/transport_observer.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/status.h"
#include "kache/v1/kache.grpc.pb.h"

namespace kache {

class ServerStream final : public std::enable_shared_from_this<ServerStream>, private ClientWaiter {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<v1::PipelineResult>)>;

  // As many as a server takes of one stream before it stops reading, by default.
  static constexpr size_t kMaxOnTheWay = 1024;
  // Of one message: what every server takes.
  static constexpr int kMaxMessageOperations = kPipelineMessageOperations;
  static constexpr size_t kMaxMessageBytes = size_t{60} << 10;
  // What may wait here, all in all; Send refuses more.
  static constexpr size_t kMaxUnanswered = 16 * 1024;
  static constexpr size_t kMaxQueuedBytes = size_t{16} << 20;  // or less: LimitQueue
  // An open stream that is silent for so long although answers are due is taken for frozen.
  static constexpr absl::Duration kMaxSilence = absl::Milliseconds(250);

  static constexpr size_t kFewOnTheWay = 4;
  // How long an operation may wait for others. The server may hold those up that are on the way.
  static constexpr absl::Duration kMaxGather = absl::Milliseconds(1);

  // All outlive it.
  static std::shared_ptr<ServerStream> Open(v1::Kache::Stub& stub, ClientQueue& queue,
                                            TransportObserver& observer, ClusterTime& cluster_time);
  ~ServerStream();

  // Takes `operation`, all but whose id and timeout are set. False: neither it nor `done` is taken.
  bool Send(v1::PipelineOperation* operation, MonotonicTime deadline, Done& done);

  // At most so many bytes wait here from now on, and kMaxQueuedBytes; one operation always may.
  void LimitQueue(size_t bytes) { max_queued_bytes_.store(bytes, std::memory_order_relaxed); }

  // Answers what is past its deadline. Breaks the stream when it is frozen and `may_break`.
  void Tick(MonotonicTime now, bool may_break);
  // Sends nothing more; ends once everything is answered.
  void Retire();
  void Cancel() { context_.TryCancel(); }

  bool open() const;
  bool over() const;
  // Returns once it is over and everything is answered; for who has cancelled it.
  void AwaitOver();
  // The server's address, once open.
  std::string peer() const;
  // The server does not know Pipeline; once over.
  bool unimplemented() const;

 private:
  struct Unanswered {
    MonotonicTime sent;
    MonotonicTime deadline;
    Done done;
  };

  class Tag final : public ClientTag {
   public:
    using Event = void (ServerStream::*)(bool ok);
    Tag(ServerStream& stream, Event event) : stream_(stream), event_(event) {}
    void OnEvent(bool ok) override { stream_.OnEvent(event_, ok); }

   private:
    ServerStream& stream_;
    const Event event_;
  };

  ServerStream(v1::Kache::Stub& stub, ClientQueue& queue, TransportObserver& observer,
               ClusterTime& cluster_time);

  // All on the queue's thread.
  void OnEvent(Tag::Event event, bool ok);
  void OnStarted(bool ok);
  void OnHeaders(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnWritesDone(bool) {}
  void OnFinished(bool ok);
  void SendWaiting(MonotonicTime now) override;

  // Sends what was queued since the last Flush, unless it is to wait.
  void Flush();
  // What is asked for of gRPC, each followed by its event. Counted under the lock before.
  void StartRead() { stream_->Read(&response_, &read_tag_); }
  void StartWrite() { stream_->Write(request_, &written_tag_); }
  void StartWritesDone() { stream_->WritesDone(&writes_done_tag_); }

  // A message that waits; its operations are in unanswered_ unless their time is up.
  struct Queued {
    v1::PipelineRequest message;
    size_t bytes = 0;
    MonotonicTime since;  // its first operation
  };

  size_t MaxQueuedBytes() const;

  // All below require the lock.
  void Queue(v1::PipelineOperation* operation, size_t bytes, MonotonicTime now);
  // Moves a queued message into request_: StartWrite is to follow. False when there is nothing to
  // send, or nothing may be sent yet.
  bool TakeQueued(MonotonicTime now);
  // Whether a message of so many operations waits for others to join it.
  bool Gathers(const Queued& message, MonotonicTime now) const;
  void AddOnTheWay(size_t operations);
  void RemoveOnTheWay(size_t operations);
  // Of a message that waited long: leaves out what is past its deadline, and tells the server of
  // the time that is left.
  void Refresh(MonotonicTime now);
  bool Frozen(MonotonicTime now) const;
  // True once: nothing will be written any more, and StartWritesDone is to follow.
  bool TakeWritesDone();

  TransportObserver& observer_;
  ClusterTime& cluster_time_;
  ClientQueue& queue_;
  const MonotonicTime begun_ = std::chrono::steady_clock::now();
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::PipelineRequest, v1::PipelineResponse>> stream_;
  grpc::Status status_;
  v1::PipelineResponse response_;  // being read into
  v1::PipelineRequest request_;    // on its way

  mutable std::mutex mutex_;
  // All below: under the lock.
  std::shared_ptr<ServerStream> self_;                      // until it is over
  std::shared_ptr<ServerStream> to_flush_;                  // itself, while Flush is to come
  size_t events_ = 0;                                       // asked for of gRPC, and not yet come
  std::deque<Queued> full_;                                 // messages before queued_
  Queued queued_;                                           // the one that grows
  size_t queued_bytes_ = 0;                                 // of all
  std::atomic<size_t> max_queued_bytes_ = kMaxQueuedBytes;  // without the lock
  // Sent and not answered by the server, whether or not Tick has answered them meanwhile.
  size_t on_the_way_ = 0;
  absl::flat_hash_map<uint64_t, Unanswered> unanswered_;
  uint64_t last_id_ = 0;
  MonotonicTime last_read_;
  std::string peer_;
  bool open_ = false;
  bool writing_ = false;
  bool retired_ = false;
  bool broken_ = false;
  bool writes_done_ = false;
  bool finished_ = false;
  bool over_ = false;
  std::condition_variable over_condition_;
  bool unimplemented_ = false;

  Tag started_tag_{*this, &ServerStream::OnStarted};
  Tag headers_tag_{*this, &ServerStream::OnHeaders};
  Tag read_tag_{*this, &ServerStream::OnRead};
  Tag written_tag_{*this, &ServerStream::OnWritten};
  Tag writes_done_tag_{*this, &ServerStream::OnWritesDone};
  Tag finished_tag_{*this, &ServerStream::OnFinished};
};

}  // namespace kache

#endif  // KACHE_CLIENT_SERVER_STREAM_H_
