#include "client/messages.h"

#include <utility>

#include "base/limits.h"
#include "client/rpc_status.h"
#include "client/version_text.h"

namespace kache {
std::string Version::ToString() const { return VersionText(ToMessage(*this)); }

absl::StatusOr<Version> Version::Parse(std::string_view text) {
  v1::Version version;
  if (ParseVersionText(text, &version)) return FromMessage(version);
  return absl::InvalidArgumentError("a version is 16 hexadecimal digits, a dash, and 16 more");
}

std::optional<Receipt> ReceiptOfError(const absl::Status& status) {
  const std::optional<v1::Receipt> receipt = ReceiptOf(status);
  if (!receipt) return std::nullopt;
  return FromMessage(*receipt);
}

v1::Consistency ToMessage(Consistency consistency) {
  switch (consistency) {
    case Consistency::kQuorum:
      return v1::CONSISTENCY_QUORUM;
    case Consistency::kAll:
      return v1::CONSISTENCY_ALL;
    case Consistency::kOne:
      break;
  }
  return v1::CONSISTENCY_ONE;
}

v1::Version ToMessage(const Version& version) {
  v1::Version message;
  message.set_timestamp(version.timestamp);
  message.set_clock(version.clock);
  return message;
}

absl::StatusOr<int64_t> TtlMs(absl::Duration ttl) {
  if (ttl == absl::InfiniteDuration()) return 0;
  if (ttl <= absl::ZeroDuration()) return absl::InvalidArgumentError("the TTL is not positive");
  if (ttl > absl::Milliseconds(kMaxTtlMs)) {
    return absl::InvalidArgumentError("the TTL is over 100 years");
  }
  return absl::ToInt64Milliseconds(absl::Ceil(ttl, absl::Milliseconds(1)));
}

Consistency FromMessage(v1::Consistency consistency) {
  switch (consistency) {
    case v1::CONSISTENCY_QUORUM:
      return Consistency::kQuorum;
    case v1::CONSISTENCY_ALL:
      return Consistency::kAll;
    default:
      return Consistency::kOne;
  }
}

Version FromMessage(const v1::Version& version) { return {version.timestamp(), version.clock()}; }

Receipt FromMessage(const v1::Receipt& message) {
  Receipt receipt;
  receipt.version = FromMessage(message.version());
  receipt.acknowledged = message.acknowledged();
  receipt.required = message.required();
  receipt.degraded = message.degraded();
  if (message.has_node_id()) receipt.node_id = message.node_id();
  if (message.expires_at_unix_ms() != 0) {
    receipt.expires_at = absl::FromUnixMillis(message.expires_at_unix_ms());
  }
  return receipt;
}

GetResult FromMessage(v1::GetResponse response) {
  GetResult result;
  if (response.found()) {
    result.value = std::move(*response.mutable_value());
    result.ttl =
        response.ttl_ms() == 0 ? absl::InfiniteDuration() : absl::Milliseconds(response.ttl_ms());
  }
  result.receipt = FromMessage(response.receipt());
  return result;
}

}  // namespace kache
