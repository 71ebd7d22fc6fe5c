// Unary rpcs on completion queues, so that a handler is a plain function of a request and a
// response and never sees a queue.
//
// UnaryEndpoint serves one method on one queue: it keeps `accepts` calls waiting for requests. Each
// UnaryCall goes round: accept -> check -> admit -> serve -> finish -> (back to the endpoint, to be
// used again). The next accept is posted before a request is dealt with. Calls and messages are
// used again (CallMessages), so a call in the steady state allocates nothing here.
//
// Threads: all runs on the queue's thread but for Finish, which any thread may call. While other
// calls are being served it posts the answer to the queue's thread, which alone then writes to the
// connections; a lone answer is written where it is given, as nobody is in its way.
#ifndef KACHE_SERVER_API_UNARY_CALL_H_
#define KACHE_SERVER_API_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "security/access_control.h"
#include "server/api/admission.h"
#include "server/api/answer.h"
#include "server/api/call_bytes.h"
#include "server/api/call_caller.h"
#include "server/api/call_deadline.h"
#include "server/api/call_messages.h"
#include "server/api/call_name.h"
#include "server/api/call_queue.h"
#include "server/api/connection_shares.h"
#include "server/api/message_bytes.h"
#include "server/api/rpc_metrics.h"
#include "server/api/slow_log.h"
#include "server/api/status_map.h"
#include "server/api/unary_method.h"

namespace kache {

// Where an endpoint is owned, whatever its messages.
class CallEndpoint {
 public:
  virtual ~CallEndpoint() = default;
};

template <class Request, class Response>
class UnaryEndpoint;

template <class Request, class Response>
class UnaryCall final : public CallTag, public Answer, private Posted {
 public:
  explicit UnaryCall(UnaryEndpoint<Request, Response>& endpoint)
      : endpoint_(endpoint), messages_(endpoint.method().in_arena) {}

  // Waits for a request.
  void Accept();
  void OnEvent(bool ok) override;
  void Finish(absl::Status status) override;
  bool Admits(size_t bytes) override;

 private:
  void Begin();
  absl::Status Parse();
  absl::Status Admit(MonotonicTime deadline);
  absl::Status CheckAccess(int64_t operations);
  // Whether a write without a stamp may have lain unread until after its caller's deadline.
  bool MayBeTooLate(MonotonicTime deadline);
  // False where the response may be dropped and there is no room for it: it was.
  bool CountResponse();
  void RunPosted() override { Send(); }
  void Send();
  // Gives the messages' memory back before the call is over: of large ones as soon as gRPC has made
  // its own bytes of them. Requires: on the queue's thread, where the call cannot be over yet.
  void DropMessages();
  void End();
  // gRPC's word that the call is over: answered, or given up by its caller.
  class OverTag final : public CallTag {
   public:
    explicit OverTag(UnaryCall& call) : call_(call) {}
    void OnEvent(bool ok) override { call_.OnOver(ok); }

   private:
    UnaryCall& call_;
  };
  void OnOver(bool ok);
  // Another event of the call has come; with the last one it goes back to the endpoint.
  void RetireIfOver();
  void LogIfSlow(MonotonicTime now);
  void Reset();

  // Messages of a call that are not kept until it is over.
  static constexpr int64_t kLargeBytes = int64_t{64} << 10;

  UnaryEndpoint<Request, Response>& endpoint_;
  // gRPC's objects serve one call each.
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<Response>> writer_;
  grpc::ByteBuffer arriving_;  // with request_bytes
  CallMessages<Request, Response> messages_;
  MonotonicTime started_;
  MonotonicTime finished_;  // noted for the slow log
  int64_t admitted_ = 0;
  ConnectionPlace place_ = 0;  // while admitted
  CallBytes bytes_;
  bool dropped_ = false;  // DropMessages
  std::string facts_;     // for the slow log, once dropped
  absl::Status status_;
  grpc::StatusCode code_ = grpc::StatusCode::OK;
  bool serving_ = false;
  int events_ = 0;  // of the call that is served, yet to come
  OverTag over_tag_{*this};
  std::atomic<bool> given_up_{false};
  // A lone answer's Send happens before its event. Says again what gRPC's queue orders, in a way
  // that thread checkers can see.
  std::atomic<bool> sent_{false};
};

template <class Request, class Response>
class UnaryEndpoint final : public CallEndpoint {
 public:
  using Call = UnaryCall<Request, Response>;
  using Method = UnaryMethod<Request, Response>;

  // Starts to accept. `policy` and `queue` outlive the endpoint, whose calls must have ended when
  // it is destroyed (CallQueue::Join).
  UnaryEndpoint(Method method, const CallPolicy& policy, CallQueue& queue)
      : method_(std::move(method)), policy_(policy), queue_(queue) {
    queue_.AddWaiting({method_.path, method_.accepts});
    for (size_t i = 0; i < method_.accepts; ++i) AcceptOne();
  }

  void AcceptOne() {
    if (idle_.empty()) idle_.push_back(std::make_unique<Call>(*this));
    Call* call = idle_.back().release();  // gRPC holds it until its last event
    idle_.pop_back();
    queue_.AddCall();
    call->Accept();
  }

  // Takes back a call that ended.
  void Retire(Call* call) {
    std::unique_ptr<Call> owned(call);
    if (idle_.size() < 2 * method_.accepts) idle_.push_back(std::move(owned));
    queue_.RemoveCall();
  }

  Method& method() { return method_; }
  const CallPolicy& policy() const { return policy_; }
  CallQueue& queue() { return queue_; }

 private:
  Method method_;
  const CallPolicy& policy_;
  CallQueue& queue_;
  std::vector<std::unique_ptr<Call>> idle_;
};

template <class Request, class Response>
void UnaryCall<Request, Response>::Accept() {
  context_.emplace();
  writer_.emplace(&*context_);
  messages_.Prepare();
  if (endpoint_.method().notices_cancel) {
    context_->AsyncNotifyWhenDone(static_cast<CallTag*>(&over_tag_));
  }
  const auto accept = [this](auto& request, auto* message) {
    request(&*context_, message, &*writer_, endpoint_.queue().grpc_queue(),
            static_cast<CallTag*>(this));
  };
  const auto& method = endpoint_.method();
  method.request ? accept(method.request, &messages_.request())
                 : accept(method.request_bytes, &arriving_);
}

template <class Request, class Response>
void UnaryCall<Request, Response>::OnEvent(bool ok) {
  if (serving_) {
    End();
  } else if (ok) {
    endpoint_.AcceptOne();
    Begin();
  } else {  // the server shuts down: no request will come
    Reset();
    endpoint_.Retire(this);
  }
}

template <class Request, class Response>
void UnaryCall<Request, Response>::Begin() {
  serving_ = true;
  events_ = 1;
  if (endpoint_.method().notices_cancel) {
    ++events_;
    given_up_.store(false, std::memory_order_relaxed);
    cancelled_ = &given_up_;
  }
  endpoint_.queue().CallBegins();
  started_ = std::chrono::steady_clock::now();
  timed_ = endpoint_.policy().slow_log.on();
  ring_ = &endpoint_.policy().ring;
  const MonotonicTime deadline =
      CallDeadline(context_->raw_deadline(), started_, endpoint_.policy().deadlines);
  absl::Status status = Parse();
  if (status.ok()) status = Admit(deadline);
  if (!status.ok()) {
    // A refused request counts for nothing, so nothing of it is kept until its caller is told.
    DropMessages();
    return Finish(std::move(status));
  }
  endpoint_.method().serve(messages_.request(), deadline, messages_.response(), *this);
}

template <class Request, class Response>
absl::Status UnaryCall<Request, Response>::Parse() {
  const auto& method = endpoint_.method();
  if (method.request) return absl::OkStatus();
  return ParseMessage(arriving_, method.max_fields, messages_.request());
}

template <class Request, class Response>
absl::Status UnaryCall<Request, Response>::Admit(MonotonicTime deadline) {
  if (deadline <= started_) {
    return absl::DeadlineExceededError("the deadline had passed when the call arrived");
  }
  auto& method = endpoint_.method();
  const int64_t operations = method.operations ? method.operations(messages_.request()) : 0;
  if (absl::Status status = CheckAccess(operations); !status.ok()) return status;
  if (method.check) {
    if (absl::Status status = method.check(messages_.request()); !status.ok()) return status;
  }
  if (MayBeTooLate(deadline)) {
    return absl::DeadlineExceededError(
        "this coordinator stood still, and the deadline may have passed meanwhile; nothing was "
        "written: send the write again");
  }
  if (operations == 0) return absl::OkStatus();
  AdmissionControl& admission = endpoint_.policy().admission;
  place_ = PlaceOf(*context_);
  caller_ = CallerIdOf(place_);
  absl::Status status = admission.Admit(operations, place_);
  if (!status.ok()) return status;
  admitted_ = operations;
  const auto bytes = static_cast<int64_t>(
      ParsedBytes(messages_.request(), method.text_bytes(messages_.request())));
  if (!bytes_.AdmitRequest(admission, bytes, place_)) return admission.NoRoom();
  held_bytes_ = bytes;
  return absl::OkStatus();
}

template <class Request, class Response>
absl::Status UnaryCall<Request, Response>::CheckAccess(int64_t operations) {
  const Role role = endpoint_.method().role;
  if (role == Role::kNone) return absl::OkStatus();
  const AccessControl& access = endpoint_.policy().access;
  return access.Admit(CallerOf(*context_, access), role, std::max<int64_t>(operations, 1),
                      started_);
}

template <class Request, class Response>
bool UnaryCall<Request, Response>::MayBeTooLate(MonotonicTime deadline) {
  const auto& unstamped = endpoint_.method().unstamped;
  if (!unstamped) return false;
  const MonotonicTime::duration unread = endpoint_.queue().UnreadFor(started_);
  return started_ + unread >= deadline && unstamped(messages_.request());
}

template <class Request, class Response>
bool UnaryCall<Request, Response>::Admits(size_t bytes) {
  return bytes_.AdmitPiece(endpoint_.policy().admission, static_cast<int64_t>(bytes));
}

template <class Request, class Response>
bool UnaryCall<Request, Response>::CountResponse() {
  if (admitted_ == 0) return true;
  const auto bytes = static_cast<int64_t>(messages_.response().ByteSizeLong());
  if (bytes_.AdmitAnswer(endpoint_.policy().admission, bytes, endpoint_.method().may_drop_answer)) {
    return true;
  }
  // Now, as the call may wait for a while until its refusal is sent. What is in an arena goes with
  // the arena.
  if (!endpoint_.method().in_arena) messages_.response() = Response();
  return false;
}

template <class Request, class Response>
void UnaryCall<Request, Response>::Finish(absl::Status status) {
  status_ = std::move(status);
  // Here, and not when it is sent: answers that wait for that would count for nothing.
  if (!status_.ok()) {
    bytes_.AnswerFailed();
  } else if (!CountResponse()) {
    status_ = endpoint_.policy().admission.NoRoom();
  }
  if (timed_) finished_ = CoarseMonotonic();
  CallQueue& queue = endpoint_.queue();
  if (queue.serving() == 1 || queue.OnThread()) {
    Send();
  } else {
    queue.Post(this);
  }
}

// The call may be over, and this used again or deleted, as soon as gRPC has the answer: but on the
// queue's thread, which is the one that ends calls.
template <class Request, class Response>
void UnaryCall<Request, Response>::Send() {
  const bool drop = !dropped_ && bytes_.bytes() > kLargeBytes && endpoint_.queue().OnThread();
  const grpc::Status status = ToGrpcStatus(status_);
  code_ = status.error_code();
  ReturnRequestId(*context_);
  sent_.store(true, std::memory_order_release);
  if (status.ok()) {
    writer_->Finish(messages_.response(), status, static_cast<CallTag*>(this));
  } else {
    writer_->FinishWithError(status, static_cast<CallTag*>(this));
  }
  if (drop) DropMessages();
}

template <class Request, class Response>
void UnaryCall<Request, Response>::DropMessages() {
  const SlowLog& log = endpoint_.policy().slow_log;
  if (timed_ && endpoint_.method().rpc != nullptr) {
    facts_ = log.Facts(messages_.request(), messages_.response());
  }
  messages_.Drop();
  dropped_ = true;
}

template <class Request, class Response>
void UnaryCall<Request, Response>::End() {
  sent_.load(std::memory_order_acquire);
  if (admitted_ > 0) {
    endpoint_.policy().admission.Release(admitted_, place_);
  }
  const MonotonicTime now = std::chrono::steady_clock::now();
  endpoint_.method().metrics.Count(code_, started_, now);
  LogIfSlow(now);
  if (!dropped_) messages_.Clear(bytes_.bytes());
  bytes_.Release(endpoint_.policy().admission);
  endpoint_.queue().CallEnds();
  RetireIfOver();
}

template <class Request, class Response>
void UnaryCall<Request, Response>::OnOver(bool /*ok*/) {
  if (context_->IsCancelled()) given_up_.store(true, std::memory_order_relaxed);
  RetireIfOver();
}

template <class Request, class Response>
void UnaryCall<Request, Response>::RetireIfOver() {
  if (--events_ > 0) return;
  Reset();
  endpoint_.Retire(this);
}

template <class Request, class Response>
void UnaryCall<Request, Response>::LogIfSlow(MonotonicTime now) {
  const SlowLog& log = endpoint_.policy().slow_log;
  const char* const rpc = endpoint_.method().rpc;
  if (rpc == nullptr || !log.IsSlow(started_, now)) return;
  log.Report(
      rpc, {started_, times_.begun, finished_, now}, kGrpcCodeNames[static_cast<size_t>(code_)],
      dropped_ ? facts_ : log.Facts(messages_.request(), messages_.response()), NameOf(*context_));
}

template <class Request, class Response>
void UnaryCall<Request, Response>::Reset() {
  writer_.reset();
  context_.reset();
  admitted_ = 0;
  dropped_ = false;
  facts_.clear();
  serving_ = false;
  times_ = {};
}

}  // namespace kache

#endif  // KACHE_SERVER_API_UNARY_CALL_H_
