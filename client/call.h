// One call to a Kache server, with its further attempts. An attempt of Get, Put or Delete travels
// on a Pipeline stream (stream_set.h) where it can, else as a unary call; all others are unary.
//
// UNAVAILABLE, a stream that breaks, a server that gives up early (DEADLINE_EXCEEDED with time
// left), or no answer to a unary call within its part of the time is tried again within the call's
// deadline and the limits of retry_budget.h: on another server at once, on the same one after a
// short wait. Every operation of Kache is idempotent.
#ifndef KACHE_CLIENT_CALL_H_
#define KACHE_CLIENT_CALL_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/time/time.h"
#include "client/call_list.h"
#include "client/call_name.h"
#include "client/client_queue.h"
#include "client/pipeline_messages.h"
#include "client/retry_budget.h"
#include "client/rpc_status.h"
#include "client/server_set.h"
#include "client/stream_set.h"
#include "client/transport.h"
#include "client/transport_observer.h"
#include "grpcpp/alarm.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/async_unary_call.h"

namespace kache {

// What all calls of a transport share; outlives them.
struct CallEnvironment {
  const std::vector<std::unique_ptr<ClientQueue>>* queues;
  ServerSet* servers;
  StreamSet* streams;
  TransportObserver* observer;
  RetryBudget* budget;
  CallList* calls;
};

// Owns itself from Start until `done` was called. `prepare` makes the unary rpc to a server.
template <class Request, class Response>
class Call final : public CallBase, private ClientTag {
 public:
  using Reader = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>>;
  using Prepare = Reader (*)(const ServerSet& servers, size_t server, grpc::ClientContext* context,
                             const Request& request, grpc::CompletionQueue* queue);

  static void Start(const CallEnvironment& environment, Rpc rpc, Prepare prepare, Request request,
                    const CallOptions& options, Done<Response> done) {
    auto* call = new Call(environment, rpc, prepare, std::move(request), options, std::move(done));
    if (environment.calls->Add(call)) {
      call->Attempt();
    } else {
      call->Finish(Stopping(), /*listed=*/false);
    }
  }

  void Cancel() override {
    const std::lock_guard lock(cancel_mutex_);
    cancelled_ = true;
    if (context_) context_->TryCancel();
    if (alarm_) alarm_->Cancel();
  }

 private:
  Call(const CallEnvironment& environment, Rpc rpc, Prepare prepare, Request request,
       const CallOptions& options, Done<Response> done)
      : environment_(environment),
        rpc_(rpc),
        prepare_(prepare),
        request_(std::move(request)),
        deadline_(options.deadline),
        lane_(options.lane),
        name_(options.name),
        done_(std::move(done)) {}

  // The least time of an attempt, and how early its deadline may show.
  static constexpr absl::Duration kMinAttempt = absl::Milliseconds(250);
  static constexpr std::chrono::milliseconds kSoon{5};

  static absl::Status Stopping() { return absl::CancelledError("the client is stopping"); }

  static std::chrono::system_clock::time_point WallClock(MonotonicTime instant) {
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(
               instant - std::chrono::steady_clock::now());
  }

  void Attempt() {
    ++attempts_;
    if (SendOnStream()) return;
    server_ = environment_.servers->Pick(server_);
    {
      const std::lock_guard lock(cancel_mutex_);
      reader_.reset();  // it lives in the context's call
      context_.emplace();
      attempt_deadline_ = AttemptDeadline();
      context_->set_deadline(WallClock(attempt_deadline_));
      NameCall(name_, &*context_);
      if (cancelled_) context_->TryCancel();
    }
    ClientQueue& queue = *(*environment_.queues)[lane_ % environment_.queues->size()];
    reader_ = prepare_(*environment_.servers, *server_, &*context_, request_, queue.grpc_queue());
    reader_->StartCall();
    reader_->Finish(&response_, &status_, static_cast<ClientTag*>(this));
  }

  // False: to be sent otherwise. This object may be gone when it returns.
  bool SendOnStream() {
    v1::PipelineOperation operation;
    if (!PutInto(request_, &operation)) return false;
    NameOperation(name_, &operation);
    ServerStream::Done done = [this](absl::StatusOr<v1::PipelineResult> result) {
      if (result.ok()) {
        OnAttemptDone(TakeOut(&*result, &response_), /*stream_broke=*/false);
      } else {
        OnAttemptDone(result.status(), /*stream_broke=*/true);
      }
    };
    return environment_.streams->Send(lane_, &operation, deadline_, &server_, done);
  }

  // Where there are other servers, one that does not answer may have half of the time that is left.
  MonotonicTime AttemptDeadline() const {
    if (environment_.servers->size() == 1 || attempts_ >= kMaxAttempts) return deadline_;
    const MonotonicTime now = std::chrono::steady_clock::now();
    return std::max(now + (deadline_ - now) / 2,
                    std::min(deadline_, now + absl::ToChronoNanoseconds(kMinAttempt)));
  }

  // The unary call is over.
  void OnEvent(bool /*ok*/) override {
    absl::Status result = StatusFromRpc(status_);
    const bool late = absl::IsDeadlineExceeded(result) && attempt_deadline_ < deadline_ &&
                      std::chrono::steady_clock::now() + kSoon >= attempt_deadline_;
    OnAttemptDone(
        late ? absl::UnavailableError("the server did not answer in time") : std::move(result),
        /*stream_broke=*/false);
  }

  void OnAttemptDone(absl::Status status, bool stream_broke) {
    if (status.ok()) {
      environment_.budget->OnSuccess();
      Finish(absl::OkStatus(), /*listed=*/true);
    } else if (!MayTryAgain(status) || !RetryLater(stream_broke)) {
      Finish(std::move(status), /*listed=*/true);
    }
  }

  // A server may give up on its Redis servers before the call's time is up.
  bool MayTryAgain(const absl::Status& status) const {
    return absl::IsUnavailable(status) || (absl::IsDeadlineExceeded(status) &&
                                           std::chrono::steady_clock::now() + kSoon < deadline_);
  }

  // No wait before the first attempt on another server that is ready to take it.
  absl::Duration Wait() const {
    if (attempts_ == 1 && environment_.servers->AnyReady(/*except=*/server_)) {
      return absl::ZeroDuration();
    }
    return RetryBackoff(attempts_ + 1, absl::Uniform(absl::BitGen(), 0.0, 1.0));
  }

  // True when another attempt was arranged; this object may be gone by then. The streams count
  // their breaks themselves: one failure, whatever was under way.
  bool RetryLater(bool stream_broke) {
    const bool within_budget =
        stream_broke ? environment_.budget->MayRetry() : environment_.budget->OnFailure();
    if (attempts_ >= kMaxAttempts) return false;
    if (!within_budget) {
      environment_.observer->OnRetryRefused();
      return false;
    }
    const MonotonicTime at = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(Wait());
    if (at >= deadline_) return false;
    const std::lock_guard lock(cancel_mutex_);
    if (cancelled_) return false;
    environment_.observer->OnRetry();
    response_.Clear();
    // A new one each time: the old one's callback may still be on its way out.
    alarm_.emplace();
    alarm_->Set(WallClock(at), [this](bool /*fired*/) { OnAlarm(); });
    return true;
  }

  void OnAlarm() {
    // It may come before RetryLater, which set it, has let go of the lock. The attempt may end this
    // object at once, so it waits for that.
    { const std::lock_guard lock(cancel_mutex_); }
    Attempt();
  }

  void Finish(absl::Status status, bool listed) {
    if (absl::IsUnavailable(status) && IsCancelled()) status = Stopping();
    CallList* const calls = environment_.calls;
    environment_.observer->OnCallEnd(rpc_, status.code());
    if (status.ok()) {
      done_(std::move(response_));
    } else {
      done_(std::move(status));
    }
    if (listed) calls->Remove(this);
    delete this;
  }

  bool IsCancelled() {
    const std::lock_guard lock(cancel_mutex_);
    return cancelled_;
  }

  const CallEnvironment& environment_;
  const Rpc rpc_;
  const Prepare prepare_;
  const Request request_;
  const MonotonicTime deadline_;
  const size_t lane_;
  const RequestName name_;
  Done<Response> done_;
  Response response_;
  int attempts_ = 0;
  std::optional<size_t> server_;    // of the last attempt
  MonotonicTime attempt_deadline_;  // of the unary call under way

  std::mutex cancel_mutex_;  // between Cancel and the start of an attempt
  bool cancelled_ ABSL_GUARDED_BY(cancel_mutex_) = false;
  std::optional<grpc::ClientContext> context_;
  Reader reader_;  // of the unary call under way, as is:
  grpc::Status status_;
  std::optional<grpc::Alarm> alarm_ ABSL_GUARDED_BY(cancel_mutex_);
};

}  // namespace kache

#endif  // KACHE_CLIENT_CALL_H_
