// One call to a Kache server, with its further attempts. An attempt of Get, Put or Delete travels
// on a Pipeline stream (stream_set.h) where it can, else as a unary call; all others are unary.
//
// UNAVAILABLE, a stream that breaks, a server that gives up early (DEADLINE_EXCEEDED with time
// left), or no answer to a unary call within its part of the time is tried again within the call's
// deadline and the limits of retry_budget.h: on another server at once, on the same one after a
// short wait.
//
// An attempt that was given up may still arrive, however late. That harms nobody: a read changes
// nothing, and all attempts of a write carry one stamp (stamping.h), so that the second one to
// arrive changes nothing either. A write that lost to a newer version is stamped anew and sent
// again while its caller waits, beyond those limits. One that a server of an earlier release was
// sent, which ignores stamps, is tried again only where that server said that nothing was done.
#ifndef KACHE_CLIENT_CALL_H_
#define KACHE_CLIENT_CALL_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/time/time.h"
#include "base/error_details.h"
#include "base/strings.h"
#include "client/answer_lessons.h"
#include "client/call_list.h"
#include "client/call_name.h"
#include "client/client_queue.h"
#include "client/cluster_time.h"
#include "client/messages.h"
#include "client/pipeline_messages.h"
#include "client/retry_budget.h"
#include "client/rpc_status.h"
#include "client/server_set.h"
#include "client/stamp_clock.h"
#include "client/stamp_support.h"
#include "client/stamping.h"
#include "client/stream_set.h"
#include "client/time_question.h"
#include "client/transport.h"
#include "client/transport_observer.h"
#include "client/unary_attempt.h"
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
  ClusterTime* cluster_time;
  StampClock* clock;
  StampSupport* stamp_support;
  TimeQuestion* time_question;
};

// Owns itself from Start until `done` was called. `prepare` makes the unary rpc to a server.
template <class Request, class Response>
class Call final : public CallBase, private ClientTag {
 public:
  using Reader = typename UnaryAttempt<Response>::Reader;
  using Prepare = Reader (*)(const ServerSet& servers, size_t server, grpc::ClientContext* context,
                             const Request& request, grpc::CompletionQueue* queue);

  static void Start(const CallEnvironment& environment, Rpc rpc, Prepare prepare, Request request,
                    const CallOptions& options, Done<Response> done) {
    auto* call = new Call(environment, rpc, prepare, std::move(request), options, std::move(done));
    if (environment.calls->Add(call)) {
      call->Begin();
    } else {
      call->Finish(Stopping(), /*listed=*/false);
    }
  }

  void Cancel() override {
    const std::lock_guard lock(cancel_mutex_);
    cancelled_ = true;
    if (unary_ != nullptr) unary_->context.TryCancel();
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
        requester_(options.requester),
        done_(std::move(done)) {}

  using Stamping = typename StampingOf<Request>::Type;
  using Verdict = StampedWrite::Verdict;
  static constexpr bool kWrites = !std::is_same_v<Stamping, NoStamping>;

  // How an attempt ended.
  enum class Ending : uint8_t {
    kAnswered,     // the server's own word, on a stream
    kStreamBroke,  // no answer will come
    kUnary,        // gRPC's word, which may be the server's
  };

  // The least time of an attempt, and how early its deadline may show.
  static constexpr absl::Duration kMinAttempt = absl::Milliseconds(250);
  static constexpr std::chrono::milliseconds kSoon{5};

  static absl::Status Stopping() { return absl::CancelledError("the client is stopping"); }

  void Begin() {
    if constexpr (kWrites) {
      const MonotonicTime instant = std::chrono::steady_clock::now();
      if (Stamping::IsGiven(request_)) {
        stamping_.TakeGiven(request_);
      } else if (const auto now = environment_.cluster_time->At(instant)) {
        stamping_.Begin(&request_, *environment_.clock, *now);
      } else {
        return environment_.time_question->Ask(deadline_, [this] { BeginLate(); });
      }
      return AttemptFrom(instant);
    }
    Attempt();
  }

  // Cluster time was asked for. Where it was not to be had, a coordinator that minds will say.
  void BeginLate() {
    if constexpr (kWrites) {
      if (std::chrono::steady_clock::now() >= deadline_) {
        return Finish(absl::DeadlineExceededError("no server told the time before the deadline"),
                      /*listed=*/true);
      }
      stamping_.Begin(&request_, *environment_.clock, Now());
    }
    Attempt();
  }

  // Cluster time, as well as it is known.
  absl::Time Now() const {
    return environment_.cluster_time->At(std::chrono::steady_clock::now()).value_or(absl::Now());
  }

  void Attempt() { AttemptFrom(kWrites ? std::chrono::steady_clock::now() : MonotonicTime()); }

  // `now` only counts for a write. This object may be gone when it returns.
  void AttemptFrom(MonotonicTime now) {
    ++attempts_;
    sent_ = now;
    if (SendOnStream()) return;
    sent_ = std::chrono::steady_clock::now();
    if constexpr (kWrites) stamping_.CopyTo(&request_);
    server_ = environment_.servers->Pick(server_);
    {
      const std::lock_guard lock(cancel_mutex_);
      unary_ = std::make_unique<UnaryAttempt<Response>>(AttemptDeadline(), name_);
      if (cancelled_) unary_->context.TryCancel();
    }
    ClientQueue& queue = *(*environment_.queues)[lane_ % environment_.queues->size()];
    unary_->reader =
        prepare_(*environment_.servers, *server_, &unary_->context, request_, queue.grpc_queue());
    unary_->reader->StartCall();
    unary_->reader->Finish(&response_, &unary_->status, static_cast<ClientTag*>(this));
  }

  // False: to be sent otherwise. This object may be gone when it returns.
  bool SendOnStream() {
    v1::PipelineOperation operation;
    if (!PutInto(request_, &operation)) return false;
    if constexpr (kWrites) stamping_.CopyTo(&operation);
    NameOperation(name_, &operation);
    ServerStream::Done done = [this](absl::StatusOr<v1::PipelineResult> result) {
      if (result.ok()) {
        OnAttemptDone(TakeOut(&*result, &response_), Ending::kAnswered);
      } else {
        OnAttemptDone(result.status(), Ending::kStreamBroke);
      }
    };
    return environment_.streams->Send(lane_, &operation, deadline_, &server_, done);
  }

  // Where there are other servers, one that does not answer may have half of the time that is left.
  MonotonicTime AttemptDeadline() const {
    if (environment_.servers->size() == 1 || attempts_ >= kMaxAttempts) return deadline_;
    return std::max(sent_ + (deadline_ - sent_) / 2,
                    std::min(deadline_, sent_ + absl::ToChronoNanoseconds(kMinAttempt)));
  }

  // The unary call is over.
  void OnEvent(bool /*ok*/) override {
    absl::Status result = StatusFromRpc(unary_->status);
    const bool late = absl::IsDeadlineExceeded(result) && unary_->deadline < deadline_ &&
                      std::chrono::steady_clock::now() + kSoon >= unary_->deadline;
    if (late) result = absl::UnavailableError("the server did not answer in time");
    if (IsOutOfBuffers(result)) {
      result = absl::UnavailableError("gRPC gave the call up, as it had no memory left for it");
    }
    OnAttemptDone(std::move(result), Ending::kUnary);
  }

  void OnAttemptDone(absl::Status status, Ending ending) {
    Learn(status, ending);
    if constexpr (kWrites) {
      if (Judge(&status) == Verdict::kSendAgain) {
        environment_.observer->OnRestamped();
        return SendAnew(stamping_.restamps());
      }
      if (!status.ok() && MayTryAgain(status) && MayHaveBeenDone(status, ending) &&
          environment_.stamp_support->Ignores(*server_)) {
        status = absl::Status(status.code(),
                              Concat(ToStd(status.message()),
                                     "; not sent again, as this server's release may do it twice"));
        return Finish(std::move(status), /*listed=*/true);
      }
    }
    if (status.ok()) {
      environment_.budget->OnSuccess();
      Finish(absl::OkStatus(), /*listed=*/true);
    } else if (!MayTryAgain(status) || !RetryLater(ending == Ending::kStreamBroke)) {
      Finish(std::move(status), /*listed=*/true);
    }
  }

  // What an answer says of the time, of the versions that stand in the cache, and of its server's
  // release.
  void Learn(const absl::Status& status, Ending ending) {
    if (!status.ok()) {
      if (absl::IsFailedPrecondition(status)) {
        AddTime(ClusterTimeMsOf(status).value_or(0));
      }
      return;
    }
    if (ending == Ending::kUnary) AddTime(ClusterTimeIn(response_));
    ForEachVersion(response_, [this](const v1::Version& version) {
      if (!environment_.clock->IsBehind(FromMessage(version))) return;
      const auto now = environment_.cluster_time->At(std::chrono::steady_clock::now());
      if (now) environment_.clock->Observe(FromMessage(version), *now);
    });
    if constexpr (kWrites) {
      const std::optional<bool> kept = stamping_.IsKept(response_);
      if (kept) environment_.stamp_support->Note(*server_, *kept);
    } else if constexpr (std::is_same_v<Request, v1::GetStatusRequest>) {
      if (response_.cluster_time_unix_ms() != 0) return;
      environment_.stamp_support->Note(*server_, /*keeps_stamps=*/false);
      environment_.cluster_time->UseWallClock(std::chrono::steady_clock::now(), absl::Now());
    }
  }

  void AddTime(int64_t told_unix_ms) {
    environment_.cluster_time->Add(sent_, std::chrono::steady_clock::now(), told_unix_ms);
  }

  Verdict Judge(absl::Status* status) {
    if (status->ok() && Stamping::kOneResult) return Verdict::kStored;  // spares the rest
    return stamping_.Judge(
        status, [this] { return IsWaitedFor(); }, *environment_.clock, Now(), &request_,
        &response_);
  }

  // Whoever asked for a write that lost, and does not wait for it any more, may have had another
  // one done meanwhile.
  bool IsWaitedFor() {
    return std::chrono::steady_clock::now() < deadline_ && !IsCancelled() &&
           (requester_ == nullptr || requester_->StillWaits());
  }

  // The next attempt is the first with its stamp: on any server, and no retry.
  void SendAnew(int restamps) {
    response_.Clear();
    server_.reset();
    --attempts_;
    const absl::Duration wait = RestampWait(restamps, absl::Uniform(absl::BitGen(), 0.0, 1.0));
    const MonotonicTime at = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
    if (wait == absl::ZeroDuration() || at >= deadline_) return Attempt();
    if (!AttemptAt(at)) Finish(Stopping(), /*listed=*/true);
  }

  // Whether what was sent to a server may have been done although it failed, or may be done later.
  static bool MayHaveBeenDone(const absl::Status& status, Ending ending) {
    return ending != Ending::kAnswered || !absl::IsUnavailable(status);
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
    environment_.observer->OnRetry();
    response_.Clear();
    return AttemptAt(at);
  }

  // False when the call is cancelled. This object may be gone by then, otherwise.
  bool AttemptAt(MonotonicTime at) {
    const std::lock_guard lock(cancel_mutex_);
    if (cancelled_) return false;
    // A new one each time: the old one's callback may still be on its way out.
    alarm_.emplace();
    alarm_->Set(WallClock(at), [this](bool /*fired*/) { OnAlarm(); });
    return true;
  }

  void OnAlarm() {
    // AttemptAt, which set it, may still hold the lock, and the attempt may end this object.
    { const std::lock_guard lock(cancel_mutex_); }
    Attempt();
  }

  void Finish(absl::Status status, bool listed) {
    if (absl::IsUnavailable(status) && IsCancelled()) status = Stopping();
    CallList* const calls = environment_.calls;
    if constexpr (kWrites) {
      stamping_.End(&status, &response_);
      TellTime();
    }
    environment_.observer->OnCallEnd(rpc_, status.code());
    if (status.ok()) {
      done_(std::move(response_));
    } else {
      done_(std::move(status));
    }
    if (listed) calls->Remove(this);
    delete this;
  }

  // Who asked for a write on a stream has cluster time from here, as its message told it to us: of
  // the instant at which it was sent, which is one between the question and the answer, too.
  void TellTime() {
    if (response_.cluster_time_unix_ms() != 0) return;
    if (const auto sent = environment_.cluster_time->At(sent_)) {
      response_.set_cluster_time_unix_ms(absl::ToUnixMillis(*sent));
    }
  }

  bool IsCancelled() {
    const std::lock_guard lock(cancel_mutex_);
    return cancelled_;
  }

  const CallEnvironment& environment_;
  const Rpc rpc_;
  const Prepare prepare_;
  Request request_;
  const MonotonicTime deadline_;
  const size_t lane_;
  const RequestName name_;
  const Requester* const requester_;
  Done<Response> done_;
  [[no_unique_address]] Stamping stamping_;
  Response response_;
  int attempts_ = 0;
  std::optional<size_t> server_;  // of the last attempt, as is:
  MonotonicTime sent_;            // not of a read on a stream

  std::mutex cancel_mutex_;  // between Cancel and the start of an attempt
  bool cancelled_ ABSL_GUARDED_BY(cancel_mutex_) = false;
  std::unique_ptr<UnaryAttempt<Response>> unary_;  // the last one
  std::optional<grpc::Alarm> alarm_ ABSL_GUARDED_BY(cancel_mutex_);
};

}  // namespace kache

#endif  // KACHE_CLIENT_CALL_H_
