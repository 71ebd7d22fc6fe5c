#include "gateway/upstream/upstream.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache::gateway {
namespace {

constexpr char kReceiptUrl[] = "type.googleapis.com/kache.v1.Receipt";
constexpr char kRetryAdviceUrl[] = "kache/retry-advice-ms";

}  // namespace

void SetReceipt(const v1::Receipt& receipt, absl::Status* status) {
  status->SetPayload(kReceiptUrl, absl::Cord(receipt.SerializeAsString()));
}

std::optional<v1::Receipt> ReceiptOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReceiptUrl);
  v1::Receipt receipt;
  if (!payload || !receipt.ParseFromString(std::string(*payload))) return std::nullopt;
  return receipt;
}

void SetRetryAdvice(absl::Duration wait, absl::Status* status) {
  status->SetPayload(kRetryAdviceUrl, absl::Cord(Concat(absl::ToInt64Milliseconds(wait))));
}

std::optional<absl::Duration> RetryAdviceOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryAdviceUrl);
  int64_t ms = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &ms) || ms < 0) return std::nullopt;
  return absl::Milliseconds(ms);
}

}  // namespace kache::gateway
