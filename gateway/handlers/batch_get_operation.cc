#include "gateway/handlers/batch_get_operation.h"

#include <numeric>
#include <utility>

#include "absl/time/time.h"
#include "base/strings.h"
#include "client/rpc_status.h"

namespace kache::gateway {
namespace {

bool IsLeftOver(const v1::GetResult& result) {
  return result.has_error() && IsAnswerFull(StatusFromError(result.error()));
}

}  // namespace

BatchGetOperation::BatchGetOperation(Upstream* upstream, std::vector<std::string> keys,
                                     RequestOptions options, size_t max_answer_bytes,
                                     Reserve reserve, Finished finished)
    : upstream_(upstream),
      keys_(std::move(keys)),
      options_(std::move(options)),
      max_answer_bytes_(max_answer_bytes),
      reserve_(std::move(reserve)),
      finished_(std::move(finished)),
      results_(keys_.size()),
      pending_(keys_.size()) {
  std::iota(pending_.begin(), pending_.end(), size_t{0});
}

void BatchGetOperation::Ask() {
  v1::BatchGetRequest request;
  request.set_consistency(options_.consistency);
  for (const size_t index : pending_) {
    request.add_keys(keys_[index]);
    if (options_.min_version) *request.add_min_versions() = *options_.min_version;
  }
  upstream_->BatchGet(std::move(request), options_.call,
                      [self = shared_from_this()](absl::StatusOr<v1::BatchGetResponse> answer) {
                        self->OnAnswer(std::move(answer));
                      });
}

void BatchGetOperation::OnAnswer(absl::StatusOr<v1::BatchGetResponse> answer) {
  if (answer.ok() && static_cast<size_t>(answer->results_size()) != pending_.size()) {
    answer = absl::InternalError("a server answered another number of keys than asked");
  }
  if (!answer.ok()) {
    if (first_round_) {
      finished_(keys_, answer.status());
      return;
    }
    FailRest(answer.status());
    Finish();
    return;
  }
  first_round_ = false;
  std::vector<size_t> left_over;
  for (size_t i = 0; i < pending_.size(); ++i) {
    v1::GetResult& result = *answer->mutable_results(static_cast<int>(i));
    if (IsLeftOver(result)) left_over.push_back(pending_[i]);
    answer_bytes_ += result.response().value().size();
    results_[pending_[i]] = std::move(result);
  }
  if (!reserve_(2 * uint64_t{answer_bytes_})) return;
  const bool progress = left_over.size() < pending_.size();
  pending_ = std::move(left_over);
  if (pending_.empty() || !progress) {
    Finish();
  } else if (answer_bytes_ >= max_answer_bytes_) {
    FailRest(
        absl::OutOfRangeError(Concat("the values of this batch are more than ", max_answer_bytes_,
                                     " bytes together: ask for fewer keys at a time")));
    Finish();
  } else {
    Ask();
  }
}

void BatchGetOperation::FailRest(const absl::Status& status) {
  for (const size_t index : pending_) {
    v1::Error* const error = results_[index].mutable_error();
    error->Clear();  // of what the round before said
    error->set_code(static_cast<int>(status.code()));
    error->set_message(std::string(status.message()));
    if (const auto wait = RetryAdviceOf(status)) {
      error->set_retry_after_ms(absl::ToInt64Milliseconds(*wait));
    }
  }
}

void BatchGetOperation::Finish() { finished_(keys_, std::move(results_)); }

}  // namespace kache::gateway
