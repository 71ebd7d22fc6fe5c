// One unary call to a Kache server, with its further attempts.
//
// UNAVAILABLE, or no answer within an attempt's part of the time, is tried again within the call's
// deadline and the limits of retry_budget.h: on another server at once, on the same one after a
// short wait. Every operation of Kache is idempotent.
#ifndef KACHE_CLIENT_CALL_H_
#define KACHE_CLIENT_CALL_H_

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/call_list.h"
#include "client/channels.h"
#include "client/retry_budget.h"
#include "client/rpc_status.h"
#include "client/transport.h"
#include "grpcpp/alarm.h"
#include "grpcpp/client_context.h"

namespace kache {

// What all calls of a client share; outlives them.
struct CallEnvironment {
  Channels* channels;
  RetryBudget* budget;
  CallList* calls;
};

// Owns itself from Start until `done` was called, which is on a thread of gRPC, or inside Start
// once the list is stopped. `send` starts the rpc on a server.
template <class Request, class Response>
class Call final : public CallBase {
 public:
  using Send = void (*)(v1::Kache::Stub& server, grpc::ClientContext* context,
                        const Request* request, Response* response,
                        std::function<void(grpc::Status)> done);

  static void Start(const CallEnvironment& environment, Send send, Request request,
                    absl::Time deadline, Done<Response> done) {
    auto* const call = new Call(environment, send, std::move(request), deadline, std::move(done));
    if (environment.calls->Add(call)) {
      call->Attempt();
    } else {
      call->Finish(absl::CancelledError("the client is stopping"), /*listed=*/false);
    }
  }

  void Cancel() override {
    const std::lock_guard lock(cancel_mutex_);
    cancelled_ = true;
    if (context_) context_->TryCancel();
    if (alarm_) alarm_->Cancel();
  }

 private:
  Call(const CallEnvironment& environment, Send send, Request request, absl::Time deadline,
       Done<Response> done)
      : environment_(environment),
        send_(send),
        request_(std::move(request)),
        deadline_(deadline),
        done_(std::move(done)) {}

  // While there is another server to go to, an attempt leaves half of the time for it.
  absl::Time AttemptDeadline() const {
    if (environment_.channels->size() == 1 || attempts_ >= kMaxAttempts) return deadline_;
    const absl::Time now = absl::Now();
    return now + (deadline_ - now) / 2;
  }

  void Attempt() {
    ++attempts_;
    server_ = environment_.channels->Pick(server_);
    {
      const std::lock_guard lock(cancel_mutex_);
      context_.emplace();
      context_->set_deadline(absl::ToChronoTime(AttemptDeadline()));
      if (cancelled_) context_->TryCancel();
    }
    send_(environment_.channels->stub(*server_), &*context_, &request_, &response_,
          [this](const grpc::Status& status) { OnAttemptDone(status); });
  }

  void OnAttemptDone(const grpc::Status& status) {
    if (status.ok()) {
      environment_.budget->OnSuccess();
      Finish(absl::OkStatus(), /*listed=*/true);
    } else if (!MayTryAgain(status) || !RetryLater()) {
      Finish(StatusFromRpc(status), /*listed=*/true);
    }
  }

  bool MayTryAgain(const grpc::Status& status) const {
    return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
           status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  }

  // No wait before the first attempt on another server that is ready to take it.
  absl::Duration Wait() const {
    if (attempts_ == 1) {
      for (size_t i = 0; i < environment_.channels->size(); ++i) {
        if (i != *server_ && environment_.channels->IsReady(i)) return absl::ZeroDuration();
      }
    }
    return RetryBackoff(attempts_ + 1, absl::Uniform(absl::BitGen(), 0.0, 1.0));
  }

  // True when another attempt was arranged; this object may be gone by then.
  bool RetryLater() {
    if (!environment_.budget->OnFailure() || attempts_ >= kMaxAttempts) return false;
    const absl::Time at = absl::Now() + Wait();
    if (at >= deadline_) return false;
    const std::lock_guard lock(cancel_mutex_);
    if (cancelled_) return false;
    response_.Clear();
    // A new one each time: the old one's callback may still be on its way out.
    alarm_.emplace();
    alarm_->Set(absl::ToChronoTime(at), [this](bool /*fired*/) { Attempt(); });
    return true;
  }

  void Finish(absl::Status status, bool listed) {
    CallList* const calls = environment_.calls;
    if (status.ok()) {
      done_(std::move(response_));
    } else {
      done_(std::move(status));
    }
    if (listed) calls->Remove(this);
    delete this;
  }

  const CallEnvironment& environment_;
  const Send send_;
  const Request request_;
  const absl::Time deadline_;
  Done<Response> done_;
  Response response_;
  int attempts_ = 0;
  std::optional<size_t> server_;  // of the last attempt

  std::mutex cancel_mutex_;  // between Cancel and the start of an attempt; guards all below
  bool cancelled_ = false;
  std::optional<grpc::ClientContext> context_;
  std::optional<grpc::Alarm> alarm_;
};

}  // namespace kache

#endif  // KACHE_CLIENT_CALL_H_
