#include "client/batch_stamping.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "base/error_details.h"
#include "client/messages.h"
#include "client/rpc_status.h"

namespace kache {
namespace {

int Count(const v1::BatchPutRequest& request) { return request.entries_size(); }
int Count(const v1::BatchDeleteRequest& request) { return request.keys_size(); }

std::string_view KeyAt(const v1::BatchPutRequest& request, int i) {
  return request.entries(i).key();
}
std::string_view KeyAt(const v1::BatchDeleteRequest& request, int i) { return request.keys(i); }

// Keeps the entries at `places`, which rise.
template <class Field>
void KeepOf(Field* field, const std::vector<int>& places) {
  int kept = 0;
  for (const int place : places) {
    if (place != kept) field->SwapElements(place, kept);
    ++kept;
  }
  field->DeleteSubrange(kept, field->size() - kept);
}
void Keep(v1::BatchPutRequest* request, const std::vector<int>& places) {
  KeepOf(request->mutable_entries(), places);
}
v1::Stamp* StampAt(v1::BatchDeleteRequest* request, int i) {
  while (request->stamps_size() <= i) request->add_stamps();
  return request->mutable_stamps(i);
}
void Keep(v1::BatchDeleteRequest* request, const std::vector<int>& places) {
  if (request->keys_size() > 0) StampAt(request, request->keys_size() - 1);  // one for each
  KeepOf(request->mutable_keys(), places);
  KeepOf(request->mutable_stamps(), places);
}

v1::Stamp* StampAt(v1::BatchPutRequest* request, int i) {
  return request->mutable_entries(i)->mutable_stamp();
}

// A stamp without a clock is none.
bool HasStamp(const v1::BatchPutRequest& request, int i) {
  return request.entries(i).stamp().clock() != 0;
}
bool HasStamp(const v1::BatchDeleteRequest& request, int i) {
  return i < request.stamps_size() && request.stamps(i).clock() != 0;
}

v1::Error ErrorOf(const absl::Status& status) {
  v1::Error error;
  error.set_code(static_cast<int>(status.code()));
  error.set_message(std::string(status.message()));
  error.set_reason(ReasonOf(status));
  if (const auto receipt = ReceiptOf(status)) *error.mutable_receipt() = *receipt;
  if (const auto wait = RetryAfterOf(status)) {
    error.set_retry_after_ms(absl::ToInt64Milliseconds(*wait));
  }
  return error;
}

}  // namespace

template <class Request, class Response>
bool BatchStamping<Request, Response>::IsGiven(const Request& request) {
  const int count = Count(request);
  for (int i = 0; i < count; ++i) {
    if (!HasStamp(request, i)) return false;
  }
  return count > 0;
}

template <class Request, class Response>
void BatchStamping<Request, Response>::Begin(Request* request, StampClock& clock, absl::Time now) {
  const int count = Count(*request);
  absl::flat_hash_map<std::string_view, int> last;
  last.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) last[KeyAt(*request, i)] = i;

  // Each write takes the place of its key's last entry.
  absl::flat_hash_map<int, size_t> write_at;
  std::vector<int> places;
  for (int i = 0; i < count; ++i) {
    if (last[KeyAt(*request, i)] != i) continue;
    write_at[i] = places.size();
    places.push_back(i);
  }
  write_of_.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) write_of_.push_back(write_at[last[KeyAt(*request, i)]]);
  last.clear();  // its views end with what is left out

  Keep(request, places);
  writes_.resize(places.size());
  for (size_t i = 0; i < writes_.size(); ++i) {
    asked_.push_back(i);
    const int place = static_cast<int>(i);
    if (HasStamp(*request, place)) {
      writes_[i].stamped.TakeGiven(*StampAt(request, place));
    } else {
      writes_[i].stamped.Stamp(clock, now);
      writes_[i].stamped.CopyTo(StampAt(request, place));
    }
  }
}

template <class Request, class Response>
std::optional<bool> BatchStamping<Request, Response>::IsKept(const Response& response) const {
  if (is_given() || static_cast<size_t>(response.results_size()) != asked_.size()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < asked_.size(); ++i) {
    const v1::WriteResult& result = response.results(static_cast<int>(i));
    if (!result.has_receipt()) continue;
    return IsOfStamp(FromMessage(result.receipt().version()), writes_[asked_[i]].stamped.version());
  }
  return std::nullopt;
}

template <class Request, class Response>
StampedWrite::Verdict BatchStamping<Request, Response>::Judge(
    absl::Status* status, StampedWrite::IsWaitedFor is_waited_for, StampClock& clock,
    absl::Time now, Request* request, Response* response) {
  if (is_given() || !status->ok()) return status->ok() ? Verdict::kStored : Verdict::kFailed;
  if (static_cast<size_t>(response->results_size()) != asked_.size()) {
    *status = absl::InternalError("the server answered another number of keys than asked for");
    return Verdict::kFailed;
  }
  answered_ = true;
  std::vector<int> places;
  std::vector<size_t> again;
  for (size_t i = 0; i < asked_.size(); ++i) {
    const int place = static_cast<int>(i);
    if (TakeResult(i, response->mutable_results(place), is_waited_for, clock, now) ==
        Verdict::kSendAgain) {
      places.push_back(place);
      again.push_back(asked_[i]);
    }
  }
  asked_ = std::move(again);
  if (asked_.empty()) return Verdict::kStored;
  Keep(request, places);
  for (size_t i = 0; i < asked_.size(); ++i) {
    v1::Stamp* const stamp = StampAt(request, static_cast<int>(i));
    stamp->Clear();
    writes_[asked_[i]].stamped.CopyTo(stamp);
  }
  return Verdict::kSendAgain;
}

template <class Request, class Response>
StampedWrite::Verdict BatchStamping<Request, Response>::TakeResult(
    size_t i, v1::WriteResult* result, StampedWrite::IsWaitedFor is_waited_for, StampClock& clock,
    absl::Time now) {
  Write& write = writes_[asked_[i]];
  write.result.Swap(result);
  if (!write.result.has_error()) return Verdict::kStored;
  const absl::Status error = StatusFromError(write.result.error());
  const Verdict verdict = write.stamped.Judge(error, is_waited_for, clock, now);
  if (verdict == Verdict::kStored) *write.result.mutable_receipt() = ReceiptOfLost(error);
  return verdict;
}

template <class Request, class Response>
int BatchStamping<Request, Response>::restamps() const {
  int most = 0;
  for (const size_t i : asked_) most = std::max(most, writes_[i].stamped.restamps());
  return most;
}

template <class Request, class Response>
void BatchStamping<Request, Response>::End(absl::Status* status, Response* response) {
  if (is_given() || !answered_) return;
  if (!status->ok()) {
    for (const size_t i : asked_) *writes_[i].result.mutable_error() = ErrorOf(*status);
    *status = absl::OkStatus();
  }
  response->clear_results();
  for (Write& write : writes_) {
    if (write.stamped.is_given()) continue;
    const std::string& reason = write.result.error().reason();
    if (reason != kSuperseded && reason != kStampOutOfRange) continue;
    *write.result.mutable_error() = ErrorOf(WithoutStamp(StatusFromError(write.result.error())));
  }
  for (const size_t i : write_of_) *response->add_results() = writes_[i].result;
}

template class BatchStamping<v1::BatchPutRequest, v1::BatchPutResponse>;
template class BatchStamping<v1::BatchDeleteRequest, v1::BatchDeleteResponse>;

}  // namespace kache
