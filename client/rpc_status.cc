#include "client/rpc_status.h"

#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "base/error_details.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace kache {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// The field numbers of google.rpc.Status and google.rpc.RetryInfo, which no package of the
// supported distributions carries as C++.
constexpr int kStatusDetailsField = 3;
constexpr int kRetryDelayField = 1;

constexpr char kReceiptUrl[] = "type.googleapis.com/kache.v1.Receipt";
constexpr char kSupersededUrl[] = "type.googleapis.com/kache.v1.Superseded";

// Calls `found` with the bytes of each length-delimited field number `field` of a message. Stops
// silently where the message is malformed.
template <class Found>
void ForEachField(const std::string& message, int field, Found found) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(message.data()),
                         static_cast<int>(message.size()));
  while (const uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) == field &&
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      std::string bytes;
      uint32_t size = 0;
      if (!input.ReadVarint32(&size) || !input.ReadString(&bytes, static_cast<int>(size))) return;
      found(bytes);
    } else if (!WireFormatLite::SkipField(&input, tag)) {
      return;
    }
  }
}

void KeepDetail(const std::string& bytes, absl::Status* status) {
  google::protobuf::Any detail;
  if (!detail.ParseFromString(bytes)) return;
  if (absl::EndsWith(detail.type_url(), "/kache.v1.Receipt")) {
    v1::Receipt receipt;
    if (receipt.ParseFromString(detail.value())) SetReceipt(receipt, status);
  } else if (absl::EndsWith(detail.type_url(), "/google.rpc.RetryInfo")) {
    ForEachField(detail.value(), kRetryDelayField, [status](const std::string& delay_bytes) {
      google::protobuf::Duration delay;
      if (!delay.ParseFromString(delay_bytes)) return;
      SetRetryAfter(absl::Seconds(delay.seconds()) + absl::Nanoseconds(delay.nanos()), status);
    });
  }
}

}  // namespace

absl::Status StatusFromRpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  ForEachField(status.error_details(), kStatusDetailsField,
               [&result](const std::string& bytes) { KeepDetail(bytes, &result); });
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

}  // namespace kache
