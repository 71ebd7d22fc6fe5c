#include "base/error_details.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr char kReasonUrl[] = "kache/reason";
constexpr char kRetryAfterUrl[] = "kache/retry-after-ms";
constexpr char kClusterTimeUrl[] = "kache/cluster-time-ms";

void SetNumber(const char* url, int64_t number, absl::Status* status) {
  status->SetPayload(url, absl::Cord(Concat(number)));
}

std::optional<int64_t> NumberOf(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  int64_t number = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &number)) return std::nullopt;
  return number;
}

}  // namespace

void SetReason(std::string_view reason, absl::Status* status) {
  status->SetPayload(kReasonUrl, absl::Cord(ToAbsl(reason)));
}

std::string ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonUrl);
  return payload ? std::string(*payload) : std::string();
}

void SetRetryAfter(absl::Duration wait, absl::Status* status) {
  SetNumber(kRetryAfterUrl, absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))),
            status);
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const std::optional<int64_t> ms = NumberOf(status, kRetryAfterUrl);
  if (!ms || *ms < 0) return std::nullopt;
  return absl::Milliseconds(*ms);
}

void SetClusterTimeMs(int64_t cluster_time_ms, absl::Status* status) {
  SetNumber(kClusterTimeUrl, cluster_time_ms, status);
}

std::optional<int64_t> ClusterTimeMsOf(const absl::Status& status) {
  return NumberOf(status, kClusterTimeUrl);
}

}  // namespace kache
