#include "server/api/single_calls.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/error_details.h"
#include "base/strings.h"
#include "server/api/receipts.h"

namespace kache {

namespace {

void FinishGet(absl::StatusOr<ReadResult> result, v1::GetResponse& response, Answer& answer) {
  if (result.ok()) FillGetResponse(*std::move(result), answer.ring(), response);
  answer.Finish(result.status());
}

// For who asks for small values only.
ReadCallback FinishGetOf(uint32_t max_value_bytes, v1::GetResponse& response, Answer& answer) {
  return [max_value_bytes, &response, &answer](absl::StatusOr<ReadResult> result) {
    if (result.ok() && result->value.size() > max_value_bytes) {
      absl::Status too_large = absl::OutOfRangeError(
          Concat("the value has more than max_value_bytes (", max_value_bytes, ") bytes"));
      SetReason(kValueTooLarge, &too_large);
      result = std::move(too_large);
    }
    FinishGet(std::move(result), response, answer);
  };
}

}  // namespace

// The callbacks capture two references only: more would cost each an allocation.

void ServeGet(ServiceContext& context, const v1::GetRequest& request, MonotonicTime deadline,
              v1::GetResponse& response, Answer& answer) {
  const ReadOptions options{FromProto(request.consistency()), FromProto(request.min_version())};
  const OperationTiming timing{deadline, answer.times(), nullptr, answer.caller()};
  if (const uint32_t most = request.max_value_bytes(); most > 0) {
    return context.coordinator.Get(request.key(), options, timing,
                                   FinishGetOf(most, response, answer));
  }
  context.coordinator.Get(request.key(), options, timing,
                          [&response, &answer](absl::StatusOr<ReadResult> result) {
                            FinishGet(std::move(result), response, answer);
                          });
}

void ServePut(ServiceContext& context, const v1::PutRequest& request, MonotonicTime deadline,
              v1::PutResponse& response, Answer& answer) {
  context.coordinator.Put(request.key(), request.value(),
                          {FromProto(request.consistency()), FromProto(request.stamp()),
                           absl::Milliseconds(request.ttl_ms()), answer.held_bytes()},
                          {deadline, answer.times(), answer.cancelled(), answer.caller()},
                          [&response, &answer](absl::StatusOr<Receipt> result) {
                            if (result.ok()) FillReceipt(*result, *response.mutable_receipt());
                            answer.Finish(result.status());
                          });
}

void ServeDelete(ServiceContext& context, const v1::DeleteRequest& request, MonotonicTime deadline,
                 v1::DeleteResponse& response, Answer& answer) {
  context.coordinator.Delete(request.key(),
                             {FromProto(request.consistency()), FromProto(request.stamp()),
                              absl::ZeroDuration(), answer.held_bytes()},
                             {deadline, answer.times(), answer.cancelled(), answer.caller()},
                             [&response, &answer](absl::StatusOr<Receipt> result) {
                               if (result.ok()) FillReceipt(*result, *response.mutable_receipt());
                               answer.Finish(result.status());
                             });
}

void ServeLocate(ServiceContext& context, const v1::LocateRequest& request, MonotonicTime deadline,
                 v1::LocateResponse& response, Answer& answer) {
  context.coordinator.Locate(request.key(), {deadline, answer.times(), nullptr, answer.caller()},
                             [&response, &answer](absl::StatusOr<Location> result) {
                               if (result.ok()) FillLocation(*result, answer.ring(), response);
                               answer.Finish(result.status());
                             });
}

}  // namespace kache
