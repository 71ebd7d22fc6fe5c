#include "client/get_or_fill.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "client/awaited_answer.h"
#include "kache/v1/kache.pb.h"

namespace kache {
namespace {

using Fill = absl::FunctionRef<absl::StatusOr<std::string>()>;

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

absl::StatusOr<v1::GetOrLeaseResponse> Ask(const FillEnvironment& environment,
                                           const FillRequest& request, absl::Duration wait) {
  v1::GetOrLeaseRequest ask;
  ask.set_key(std::string(request.key));
  ask.set_lease_ms(std::max<int64_t>(absl::ToInt64Milliseconds(request.lease), 1));
  ask.set_wait_ms(absl::ToInt64Milliseconds(wait));
  AwaitedAnswer<absl::StatusOr<v1::GetOrLeaseResponse>> answer;
  environment.transport.GetOrLease(
      std::move(ask), {Now() + absl::ToChronoNanoseconds(wait + request.timeout), environment.lane},
      answer.Callback());
  return answer.Wait();
}

// Whether it is stored now.
bool Store(const FillEnvironment& environment, const FillRequest& request, const std::string& value,
           v1::Stamp lease) {
  v1::PutRequest put;
  put.set_key(std::string(request.key));
  put.set_value(value);
  put.set_ttl_ms(request.ttl_ms);
  *put.mutable_stamp() = std::move(lease);
  AwaitedAnswer<absl::StatusOr<v1::PutResponse>> answer;
  environment.transport.Put(std::move(put),
                            {Now() + absl::ToChronoNanoseconds(request.timeout), environment.lane},
                            answer.Callback());
  return answer.Wait().ok();
}

// Tells those who joined that there is nothing for them, unless it came to that before.
class OpenFlight {
 public:
  OpenFlight(Flights& flights, std::string_view key)
      : flights_(flights), key_(key), flight_(flights.Begin(key)) {}
  ~OpenFlight() {
    if (flight_ != nullptr) flights_.End(key_, flight_, std::nullopt);
  }
  OpenFlight(const OpenFlight&) = delete;
  OpenFlight& operator=(const OpenFlight&) = delete;

  void Close() { flights_.Close(key_, flight_); }
  void End(std::string value) {
    flights_.End(key_, std::exchange(flight_, nullptr), std::move(value));
  }

 private:
  Flights& flights_;
  const std::string_view key_;
  std::shared_ptr<Flights::Flight> flight_;
};

absl::StatusOr<FilledValue> FillByLease(const FillEnvironment& environment,
                                        const FillRequest& request,
                                        const v1::GetOrLeaseResponse& leased, MonotonicTime at,
                                        Fill fill) {
  OpenFlight flight(environment.flights, request.key);
  absl::StatusOr<std::string> value = fill();
  if (!value.ok()) return value.status();
  // The life begins now, and all attempts say so.
  v1::Stamp lease = leased.lease();
  if (leased.cluster_time_unix_ms() != 0) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(Now() - at);
    lease.set_made_at_unix_ms(leased.cluster_time_unix_ms() + since.count());
  }
  flight.Close();
  const bool is_stored = Store(environment, request, *value, std::move(lease));
  if (is_stored) flight.End(*value);
  return FilledValue{*std::move(value), is_stored};
}

// No state of the servers, which a cache is to be spared: the caller's, or that of settings.
bool IsMistake(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsUnauthenticated(status) ||
         absl::IsPermissionDenied(status) || absl::IsUnimplemented(status) ||
         absl::IsFailedPrecondition(status);
}

absl::StatusOr<FilledValue> FillUncached(Fill fill) {
  absl::StatusOr<std::string> value = fill();
  if (!value.ok()) return value.status();
  return FilledValue{*std::move(value), false};
}

}  // namespace

absl::StatusOr<FilledValue> GetOrFill(const FillEnvironment& environment,
                                      const FillRequest& request, Fill fill) {
  const MonotonicTime by =
      Now() + absl::ToChronoNanoseconds(std::min(request.wait, absl::Hours(24)));
  while (true) {
    bool joined = false;
    std::optional<std::string> shared = environment.flights.Join(request.key, by, &joined);
    if (shared) return FilledValue{*std::move(shared), true};
    const absl::Duration left = absl::FromChrono(by - Now());
    if (joined && left <= absl::ZeroDuration()) return FillUncached(fill);
    const absl::Duration wait = std::clamp(left, absl::ZeroDuration(), kWaitAtServer);
    const MonotonicTime asked_at = Now();
    const absl::StatusOr<v1::GetOrLeaseResponse> answer = Ask(environment, request, wait);
    if (IsMistake(answer.status())) return answer.status();
    if (!answer.ok()) return FillUncached(fill);
    switch (answer->outcome()) {
      case v1::GetOrLeaseResponse::OUTCOME_HIT:
        return FilledValue{answer->value(), true};
      case v1::GetOrLeaseResponse::OUTCOME_LEASE:
        return FillByLease(environment, request, *answer, Now(), fill);
      default:
        if (absl::FromChrono(by - Now()) <= absl::ZeroDuration()) return FillUncached(fill);
        // A server that lets nobody wait any more answers at once.
        std::this_thread::sleep_until(asked_at + absl::ToChronoNanoseconds(wait));
    }
  }
}

}  // namespace kache
