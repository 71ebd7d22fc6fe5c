#include "server/api/status_details.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/error_details.h"
#include "base/strings.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "kache/v1/kache.pb.h"
#include "server/api/receipts.h"
#include "server/api/status_map.h"
#include "server/replication/results.h"

namespace kache {
namespace {

constexpr absl::Duration kOverloadWait = absl::Milliseconds(100);
constexpr absl::Duration kMinWait = absl::Milliseconds(1);

// As client/version_text.h writes it.
std::string VersionText(const Version& version) {
  return absl::StrCat(absl::Hex(version.timestamp, absl::kZeroPad16), "-",
                      absl::Hex(version.clock, absl::kZeroPad16));
}

void AddErrorInfo(const absl::Status& status, google::rpc::Status& message) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonOf(status));
  if (info.reason().empty()) return;
  info.set_domain(kErrorDomain);
  if (const auto superseded = SupersededOf(status)) {
    (*info.mutable_metadata())["held"] = VersionText(superseded->held);
    (*info.mutable_metadata())["all_heard"] = superseded->all_heard ? "true" : "false";
  }
  if (const auto cluster_time_ms = ClusterTimeMsOf(status)) {
    (*info.mutable_metadata())["cluster_time_unix_ms"] = Concat(*cluster_time_ms);
  }
  message.add_details()->PackFrom(info);
}

void AddRetryInfo(const absl::Status& status, google::rpc::Status& message) {
  const std::optional<absl::Duration> wait = RetryAdvice(status);
  if (!wait) return;
  const int64_t ms = absl::ToInt64Milliseconds(*wait);
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(ms / 1000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(ms % 1000) * 1'000'000);
  message.add_details()->PackFrom(info);
}

}  // namespace

std::string StatusDetails(const absl::Status& status) {
  google::rpc::Status message;
  AddErrorInfo(status, message);
  AddRetryInfo(status, message);
  if (const auto receipt = ReceiptOf(status)) {
    v1::Receipt detail;
    FillReceipt(*receipt, detail);
    message.add_details()->PackFrom(detail);
  }
  if (const auto superseded = SupersededOf(status)) {
    v1::Superseded detail;
    FillSuperseded(*superseded, detail);
    message.add_details()->PackFrom(detail);
  }
  if (message.details().empty()) return "";
  message.set_code(ToGrpcCode(status.code()));
  message.set_message(std::string(status.message()));
  return message.SerializeAsString();
}

std::optional<absl::Duration> RetryAdvice(const absl::Status& status) {
  const std::optional<absl::Duration> wait = RetryAfterOf(status);
  if (wait) return std::max(*wait, kMinWait);
  if (absl::IsResourceExhausted(status)) return kOverloadWait;
  return std::nullopt;
}

}  // namespace kache
