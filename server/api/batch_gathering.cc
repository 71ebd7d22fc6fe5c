#include "server/api/batch_gathering.h"

#include <algorithm>
#include <utility>

#include "base/error_details.h"
#include "base/strings.h"
#include "server/api/receipts.h"

namespace kache {
namespace {

// So that a batch of small values asks once or twice.
constexpr int64_t kAdmittedAtOnce = int64_t{16} << 10;

}  // namespace

void Gathering::CountOne() {
  // Release: the result is in place before the count. Acquire: the last one sees all results.
  if (missing_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  answer_.Finish(absl::OkStatus());
  delete this;
}

ReadGathering::ReadGathering(size_t keys, size_t max_bytes, v1::BatchGetResponse& response,
                             Answer& answer)
    : Gathering(keys, answer),
      max_bytes_(static_cast<int64_t>(max_bytes)),
      bytes_left_(max_bytes_),
      response_(response) {
  // All places exist before any result comes, so that the slots share nothing that changes.
  response_.mutable_results()->Reserve(static_cast<int>(keys));
  for (size_t i = 0; i < keys; ++i) response_.add_results();
}

ReadCallback ReadGathering::Slot(size_t index) {
  return [this, index](absl::StatusOr<ReadResult> result) { Take(index, std::move(result)); };
}

void ReadGathering::Take(size_t index, absl::StatusOr<ReadResult> result) {
  v1::GetResult& place = *response_.mutable_results(static_cast<int>(index));
  if (result.ok() && !Fits(result->value.size())) {
    result = Full();
  }
  if (result.ok() && !Admitted()) {
    bytes_left_.fetch_add(static_cast<int64_t>(result->value.size()), std::memory_order_relaxed);
    result = absl::ResourceExhaustedError(
        "too many bytes of requests and answers at once (MAX_IN_FLIGHT_BYTES); try again later");
  }
  if (result.ok()) {
    FillGetResponse(*std::move(result), answer().ring(), *place.mutable_response());
  } else {
    FillError(result.status(), *place.mutable_error());
  }
  CountOne();
}

absl::Status ReadGathering::Full() const {
  absl::Status full = absl::OutOfRangeError(Concat("the answer holds MAX_BATCH_BYTES (", max_bytes_,
                                                   ") already; ask for this key again"));
  SetReason(kAnswerFull, &full);
  return full;
}

uint64_t ReadGathering::room_bytes() const {
  return static_cast<uint64_t>(std::max<int64_t>(bytes_left_.load(std::memory_order_relaxed), 0));
}

bool ReadGathering::Fits(size_t bytes) {
  const auto size = static_cast<int64_t>(bytes);
  const int64_t before = bytes_left_.fetch_sub(size, std::memory_order_relaxed);
  if (before == max_bytes_ || before >= size) return true;
  bytes_left_.fetch_add(size, std::memory_order_relaxed);
  return false;
}

bool ReadGathering::Admitted() {
  const int64_t used = max_bytes_ - bytes_left_.load(std::memory_order_relaxed);
  int64_t admitted = admitted_bytes_.load(std::memory_order_relaxed);
  while (used > admitted) {
    const int64_t more = std::max(kAdmittedAtOnce, used - admitted);
    if (!answer().Admits(static_cast<size_t>(more))) return false;
    admitted = admitted_bytes_.fetch_add(more, std::memory_order_relaxed) + more;
  }
  return true;
}

WriteGathering::WriteGathering(size_t keys, Results& results, Answer& answer)
    : Gathering(keys, answer), results_(results) {
  results_.Reserve(static_cast<int>(keys));
  for (size_t i = 0; i < keys; ++i) results_.Add();
}

WriteCallback WriteGathering::Slot(size_t index) {
  return [this, index](absl::StatusOr<Receipt> result) { Take(index, std::move(result)); };
}

void WriteGathering::Take(size_t index, absl::StatusOr<Receipt> result) {
  v1::WriteResult& place = *results_.Mutable(static_cast<int>(index));
  if (result.ok()) {
    FillReceipt(*result, *place.mutable_receipt());
  } else {
    FillError(result.status(), *place.mutable_error());
  }
  CountOne();
}

TouchGathering::TouchGathering(size_t keys, v1::BatchTouchResponse& response, Answer& answer)
    : Gathering(keys, answer), response_(response) {
  response_.mutable_results()->Reserve(static_cast<int>(keys));
  for (size_t i = 0; i < keys; ++i) response_.add_results();
}

TouchCallback TouchGathering::Slot(size_t index) {
  return [this, index](absl::StatusOr<TouchResult> result) {
    v1::TouchResult& place = *response_.mutable_results(static_cast<int>(index));
    if (result.ok()) {
      FillTouchResponse(*result, *place.mutable_response());
    } else {
      FillError(result.status(), *place.mutable_error());
    }
    CountOne();
  };
}

}  // namespace kache
