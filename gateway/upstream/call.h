// One call to a Kache server with its further attempts, and the list of those under way. An attempt
// of Get, Put or Delete travels on a Pipeline stream (stream_set.h) where it can, else as a unary
// call; all others are unary.
#ifndef KACHE_GATEWAY_UPSTREAM_CALL_H_
#define KACHE_GATEWAY_UPSTREAM_CALL_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "gateway/upstream/retry_budget.h"
#include "gateway/upstream/server_set.h"
#include "gateway/upstream/status_details.h"
#include "gateway/upstream/stream_set.h"
#include "gateway/upstream/upstream.h"
#include "gateway/upstream/upstream_metrics.h"
#include "grpcpp/alarm.h"
#include "grpcpp/client_context.h"

namespace kache::gateway {

class CallList;

// What CallList needs of a call, whatever its types.
class CallBase {
 public:
  virtual ~CallBase() = default;
  // Makes the attempt under way fail soon. Any thread, while the call is on the list.
  virtual void Cancel() = 0;

 private:
  friend class CallList;
  CallBase* previous_ = nullptr;
  CallBase* next_ = nullptr;
};

// The calls under way, so that stopping can cancel and await them. Thread-safe.
class CallList {
 public:
  // False once stopped: the call is not on the list then and must not be made.
  bool Add(CallBase* call);
  void Remove(CallBase* call);
  // Cancels all. No call is added from then on.
  void Cancel();
  // And waits until the list is empty.
  void Stop();

 private:
  std::mutex mutex_;
  std::condition_variable emptied_;
  CallBase* first_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

// What all calls of an upstream share; outlives them.
struct CallEnvironment {
  ServerSet* servers;
  StreamSet* streams;
  UpstreamMetrics* metrics;
  RetryBudget* budget;
  CallList* calls;
};

// How a request and its answer stand in Pipeline's messages. False, nullptr: not at all.
bool PutInto(const v1::GetRequest& request, v1::PipelineOperation* operation);
bool PutInto(const v1::PutRequest& request, v1::PipelineOperation* operation);
bool PutInto(const v1::DeleteRequest& request, v1::PipelineOperation* operation);
template <class Request>
bool PutInto(const Request&, v1::PipelineOperation*) {
  return false;
}
// An OK status when `response` was taken out of `result`; else the operation's error.
absl::Status TakeOut(v1::PipelineResult* result, v1::GetResponse* response);
absl::Status TakeOut(v1::PipelineResult* result, v1::PutResponse* response);
absl::Status TakeOut(v1::PipelineResult* result, v1::DeleteResponse* response);
template <class Response>
absl::Status TakeOut(v1::PipelineResult*, Response*) {
  return absl::InternalError("the operation does not travel on streams");
}

// Owns itself from Start until `done` was called. `send` starts the unary rpc on a server.
template <class Request, class Response>
class Call final : public CallBase {
 public:
  using Send = void (*)(const ServerSet::Server& server, grpc::ClientContext* context,
                        const Request* request, Response* response,
                        std::function<void(grpc::Status)> done);

  static void Start(const CallEnvironment& environment, Rpc rpc, Send send, Request request,
                    const CallOptions& options, Done<Response> done) {
    auto* call = new Call(environment, rpc, send, std::move(request), options, std::move(done));
    if (environment.calls->Add(call)) {
      call->Attempt();
    } else {
      call->Finish(absl::UnavailableError("the gateway is stopping"), /*listed=*/false);
    }
  }

  void Cancel() override {
    const std::lock_guard lock(cancel_mutex_);
    cancelled_ = true;
    if (context_) context_->TryCancel();
    if (alarm_) alarm_->Cancel();
  }

 private:
  Call(const CallEnvironment& environment, Rpc rpc, Send send, Request request,
       const CallOptions& options, Done<Response> done)
      : environment_(environment),
        rpc_(rpc),
        send_(send),
        request_(std::move(request)),
        deadline_(options.deadline),
        worker_(options.worker),
        done_(std::move(done)) {}

  // The least time of an attempt, and how early its deadline may show.
  static constexpr absl::Duration kMinAttempt = absl::Milliseconds(250);
  static constexpr std::chrono::milliseconds kSoon{5};

  static std::chrono::system_clock::time_point WallClock(MonotonicTime instant) {
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(
               instant - std::chrono::steady_clock::now());
  }

  void Attempt() {
    ++attempts_;
    if (SendOnStream()) return;
    {
      const std::lock_guard lock(cancel_mutex_);
      context_.emplace();
      attempt_deadline_ = AttemptDeadline();
      context_->set_deadline(WallClock(attempt_deadline_));
      if (cancelled_) context_->TryCancel();
    }
    send_(environment_.servers->Next(), &*context_, &request_, &response_,
          [this](const grpc::Status& status) { OnUnaryDone(status); });
  }

  // False: to be sent otherwise. This object may be gone when it returns.
  bool SendOnStream() {
    v1::PipelineOperation operation;
    if (!PutInto(request_, &operation)) return false;
    ServerStream::Done done = [this](absl::StatusOr<v1::PipelineResult> result) {
      OnAttemptDone(result.ok() ? TakeOut(&*result, &response_) : result.status());
    };
    return environment_.streams->Send(worker_, &operation, deadline_, done);
  }

  // Where there are other servers, one that does not answer may have half of the time that is left.
  MonotonicTime AttemptDeadline() const {
    if (environment_.servers->all().size() == 1 || attempts_ >= kMaxAttempts) return deadline_;
    const MonotonicTime now = std::chrono::steady_clock::now();
    return std::max(now + (deadline_ - now) / 2,
                    std::min(deadline_, now + absl::ToChronoNanoseconds(kMinAttempt)));
  }

  void OnUnaryDone(const grpc::Status& status) {
    absl::Status result = StatusFromGrpc(status);
    const bool late = absl::IsDeadlineExceeded(result) && attempt_deadline_ < deadline_ &&
                      std::chrono::steady_clock::now() + kSoon >= attempt_deadline_;
    OnAttemptDone(late ? absl::UnavailableError("the server did not answer in time")
                       : std::move(result));
  }

  void OnAttemptDone(absl::Status status) {
    if (status.ok()) {
      environment_.budget->OnSuccess();
      Finish(absl::OkStatus(), /*listed=*/true);
    } else if (!absl::IsUnavailable(status) || !RetryLater()) {
      Finish(std::move(status), /*listed=*/true);
    }
  }

  // True when another attempt was arranged; this object may be gone by then.
  bool RetryLater() {
    const bool within_budget = environment_.budget->OnFailure();
    if (attempts_ >= kMaxAttempts) return false;
    if (!within_budget) {
      environment_.metrics->CountRetryRefused();
      return false;
    }
    const absl::Duration wait =
        RetryBackoff(attempts_ + 1, absl::Uniform(absl::BitGen(), 0.0, 1.0));
    const MonotonicTime at = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
    if (at >= deadline_) return false;
    const std::lock_guard lock(cancel_mutex_);
    if (cancelled_) return false;
    environment_.metrics->CountRetry();
    response_.Clear();
    // A new one each time: the old one's callback may still be on its way out.
    alarm_.emplace();
    alarm_->Set(WallClock(at), [this](bool /*fired*/) { Attempt(); });
    return true;
  }

  void Finish(absl::Status status, bool listed) {
    environment_.metrics->CountCall(rpc_, status.code());
    if (status.ok()) {
      done_(std::move(response_));
    } else {
      done_(std::move(status));
    }
    if (listed) environment_.calls->Remove(this);
    delete this;
  }

  const CallEnvironment& environment_;
  const Rpc rpc_;
  const Send send_;
  const Request request_;
  const MonotonicTime deadline_;
  const size_t worker_;
  Done<Response> done_;
  Response response_;
  int attempts_ = 0;
  MonotonicTime attempt_deadline_;  // of the unary call under way

  std::mutex cancel_mutex_;  // between Cancel and the start of an attempt
  bool cancelled_ ABSL_GUARDED_BY(cancel_mutex_) = false;
  std::optional<grpc::ClientContext> context_;
  std::optional<grpc::Alarm> alarm_ ABSL_GUARDED_BY(cancel_mutex_);
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_CALL_H_
