#include "client/rpc_status.h"

#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "base/error_details.h"
#include "google/protobuf/any.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace kache {
namespace {

constexpr char kReceiptUrl[] = "type.googleapis.com/kache.v1.Receipt";
constexpr char kSupersededUrl[] = "type.googleapis.com/kache.v1.Superseded";

// Of our reasons only: another domain's may have the same name.
void KeepErrorInfo(const google::rpc::ErrorInfo& info, absl::Status* status) {
  if (info.domain() != kErrorDomain || info.reason().empty()) return;
  SetReason(info.reason(), status);
  const auto cluster_time = info.metadata().find("cluster_time_unix_ms");
  int64_t cluster_time_ms = 0;
  if (cluster_time != info.metadata().end() &&
      absl::SimpleAtoi(cluster_time->second, &cluster_time_ms)) {
    SetClusterTimeMs(cluster_time_ms, status);
  }
}

void KeepDetail(const google::protobuf::Any& detail, absl::Status* status) {
  v1::Receipt receipt;
  v1::Superseded superseded;
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  if (detail.UnpackTo(&receipt)) {
    SetReceipt(receipt, status);
  } else if (detail.UnpackTo(&superseded)) {
    SetSuperseded(superseded, status);
  } else if (detail.UnpackTo(&info)) {
    KeepErrorInfo(info, status);
  } else if (detail.UnpackTo(&retry)) {
    SetRetryAfter(absl::Seconds(retry.retry_delay().seconds()) +
                      absl::Nanoseconds(retry.retry_delay().nanos()),
                  status);
  }
}

}  // namespace

absl::Status StatusFromRpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& detail : details.details()) KeepDetail(detail, &result);
  return result;
}

absl::Status StatusFromError(const v1::Error& error) {
  if (error.code() == 0) return absl::InternalError("the server sent an error without a code");
  absl::Status result(static_cast<absl::StatusCode>(error.code()), error.message());
  if (error.has_receipt()) SetReceipt(error.receipt(), &result);
  if (!error.reason().empty()) SetReason(error.reason(), &result);
  if (error.has_superseded()) SetSuperseded(error.superseded(), &result);
  if (error.retry_after_ms() > 0) {
    SetRetryAfter(absl::Milliseconds(error.retry_after_ms()), &result);
  }
  if (error.cluster_time_unix_ms() != 0) SetClusterTimeMs(error.cluster_time_unix_ms(), &result);
  return result;
}

void SetReceipt(const v1::Receipt& receipt, absl::Status* status) {
  status->SetPayload(kReceiptUrl, absl::Cord(receipt.SerializeAsString()));
}

void SetSuperseded(const v1::Superseded& superseded, absl::Status* status) {
  SetReason(kSuperseded, status);
  status->SetPayload(kSupersededUrl, absl::Cord(superseded.SerializeAsString()));
}

std::optional<v1::Receipt> ReceiptOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReceiptUrl);
  v1::Receipt receipt;
  if (!payload || !receipt.ParseFromString(std::string(*payload))) return std::nullopt;
  return receipt;
}

std::optional<v1::Superseded> SupersededOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kSupersededUrl);
  v1::Superseded superseded;
  if (!payload || !superseded.ParseFromString(std::string(*payload))) return std::nullopt;
  return superseded;
}

std::optional<absl::Duration> RetryAdviceOf(const absl::Status& status) {
  return RetryAfterOf(status);
}

bool IsAnswerFull(const absl::Status& status) {
  if (absl::IsOutOfRange(status)) return ReasonOf(status) == kAnswerFull;
  return absl::IsResourceExhausted(status) && !RetryAfterOf(status);
}

bool IsOutOfBuffers(const absl::Status& status) {
  // gRPC tells by its words alone: those of this side, and those for what the other side did.
  return absl::IsResourceExhausted(status) && !RetryAfterOf(status) &&
         (absl::StrContains(status.message(), "Buffers full") ||
          absl::StrContains(status.message(), "RST_STREAM"));
}

}  // namespace kache
