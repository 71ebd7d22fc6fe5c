#include "server/api/validate.h"

#include <string>

#include "base/limits.h"
#include "base/strings.h"

namespace kache {
namespace {

absl::Status ValidateConsistency(v1::Consistency consistency) {
  switch (consistency) {
    case v1::CONSISTENCY_UNSPECIFIED:
    case v1::CONSISTENCY_ONE:
    case v1::CONSISTENCY_QUORUM:
    case v1::CONSISTENCY_ALL:
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError(
          Concat("consistency: ", static_cast<int>(consistency), " is not a known level"));
  }
}

absl::Status ValidateBatch(std::string_view field, size_t count, size_t bytes,
                           v1::Consistency consistency, const RequestLimits& limits) {
  if (count > limits.max_batch_keys) {
    return absl::InvalidArgumentError(Concat(
        field, ": ", count, " of them, at most MAX_BATCH_KEYS (", limits.max_batch_keys, ")"));
  }
  if (bytes > limits.max_batch_bytes) {
    return absl::InvalidArgumentError(Concat(field, ": ", bytes,
                                             " bytes together, at most MAX_BATCH_BYTES (",
                                             limits.max_batch_bytes, ")"));
  }
  return ValidateConsistency(consistency);
}

template <class Keys>
size_t TotalBytes(const Keys& keys) {
  size_t bytes = 0;
  for (const std::string& key : keys) bytes += key.size();
  return bytes;
}

}  // namespace

absl::Status ValidateKey(std::string_view key, const RequestLimits& limits) {
  if (key.empty()) return absl::InvalidArgumentError("key: empty, at least 1 byte is needed");
  if (key.size() > limits.max_key_bytes) {
    return absl::InvalidArgumentError(
        Concat("key: ", key.size(), " bytes, at most MAX_KEY_BYTES (", limits.max_key_bytes, ")"));
  }
  return absl::OkStatus();
}

absl::Status ValidateWrite(std::string_view key, std::string_view value, int64_t ttl_ms,
                           const RequestLimits& limits) {
  if (absl::Status status = ValidateKey(key, limits); !status.ok()) return status;
  if (value.size() > limits.max_value_bytes) {
    return absl::InvalidArgumentError(Concat(
        "value: ", value.size(), " bytes, at most MAX_VALUE_BYTES (", limits.max_value_bytes, ")"));
  }
  if (ttl_ms < 0) {
    return absl::InvalidArgumentError(
        Concat("ttl_ms: ", ttl_ms, " is negative; 0 means that the key does not expire"));
  }
  if (ttl_ms > kMaxTtlMs) {
    return absl::InvalidArgumentError(
        Concat("ttl_ms: ", ttl_ms, ", at most ", kMaxTtlMs, " (100 years)"));
  }
  return absl::OkStatus();
}

absl::Status ValidateStamp(const v1::Stamp& stamp, bool of_put) {
  if (stamp.lease() && (!of_put || stamp.clock() == 0)) {
    return absl::InvalidArgumentError("stamp.lease: only of a Put, with the token of a lease");
  }
  if (stamp.clock() == 0 && stamp.timestamp() == 0) {
    if (stamp.made_at_unix_ms() == 0) return absl::OkStatus();  // not set
    return absl::InvalidArgumentError("stamp: made_at_unix_ms without a timestamp and a clock");
  }
  if (stamp.clock() == 0 || stamp.timestamp() == 0) {
    return absl::InvalidArgumentError("stamp: timestamp and clock are set both, or neither");
  }
  if ((stamp.clock() & 0xFFFF) != 0) {
    return absl::InvalidArgumentError(
        "stamp.clock: the lower 16 bits must be 0; they are for a hash of the content");
  }
  if (stamp.made_at_unix_ms() < 0) {
    return absl::InvalidArgumentError("stamp.made_at_unix_ms: negative");
  }
  return absl::OkStatus();
}

absl::Status Validate(const v1::GetRequest& request, const RequestLimits& limits) {
  if (absl::Status status = ValidateKey(request.key(), limits); !status.ok()) return status;
  return ValidateConsistency(request.consistency());
}

absl::Status Validate(const v1::PutRequest& request, const RequestLimits& limits) {
  absl::Status status = ValidateWrite(request.key(), request.value(), request.ttl_ms(), limits);
  if (status.ok()) status = ValidateStamp(request.stamp(), /*of_put=*/true);
  return status.ok() ? ValidateConsistency(request.consistency()) : status;
}

absl::Status Validate(const v1::DeleteRequest& request, const RequestLimits& limits) {
  absl::Status status = ValidateKey(request.key(), limits);
  if (status.ok()) status = ValidateStamp(request.stamp());
  return status.ok() ? ValidateConsistency(request.consistency()) : status;
}

absl::Status Validate(const v1::TouchRequest& request, const RequestLimits& limits) {
  absl::Status status = ValidateWrite(request.key(), {}, request.ttl_ms(), limits);
  if (status.ok()) status = ValidateStamp(request.stamp());
  return status.ok() ? ValidateConsistency(request.consistency()) : status;
}

absl::Status Validate(const v1::BatchGetRequest& request, const RequestLimits& limits) {
  const int keys = request.keys_size();
  const int versions = request.min_versions_size();
  if (versions != 0 && versions != keys) {
    return absl::InvalidArgumentError(
        Concat("min_versions: ", versions, " for ", keys, " keys; give none, or one for each key"));
  }
  return ValidateBatch("keys", static_cast<size_t>(keys), TotalBytes(request.keys()),
                       request.consistency(), limits);
}

absl::Status Validate(const v1::BatchPutRequest& request, const RequestLimits& limits) {
  size_t bytes = 0;
  for (const v1::BatchPutRequest::Entry& entry : request.entries()) {
    bytes += entry.key().size() + entry.value().size();
  }
  return ValidateBatch("entries", static_cast<size_t>(request.entries_size()), bytes,
                       request.consistency(), limits);
}

absl::Status Validate(const v1::BatchDeleteRequest& request, const RequestLimits& limits) {
  if (request.stamps_size() != 0 && request.stamps_size() != request.keys_size()) {
    return absl::InvalidArgumentError(Concat("stamps: ", request.stamps_size(), " for ",
                                             request.keys_size(),
                                             " keys; give none, or one for each key"));
  }
  return ValidateBatch("keys", static_cast<size_t>(request.keys_size()), TotalBytes(request.keys()),
                       request.consistency(), limits);
}

absl::Status Validate(const v1::BatchTouchRequest& request, const RequestLimits& limits) {
  size_t bytes = 0;
  for (const v1::BatchTouchRequest::Entry& entry : request.entries()) bytes += entry.key().size();
  return ValidateBatch("entries", static_cast<size_t>(request.entries_size()), bytes,
                       request.consistency(), limits);
}

absl::Status Validate(const v1::GetOrLeaseRequest& request, const RequestLimits& limits) {
  if (absl::Status status = ValidateKey(request.key(), limits); !status.ok()) return status;
  if (request.lease_ms() < 0 || request.lease_ms() > kMaxLeaseMs) {
    return absl::InvalidArgumentError(
        Concat("lease_ms: ", request.lease_ms(), ", at least 0 and at most ", kMaxLeaseMs));
  }
  if (request.wait_ms() < 0) {
    return absl::InvalidArgumentError(Concat("wait_ms: ", request.wait_ms(), " is negative"));
  }
  return absl::OkStatus();
}

absl::Status Validate(const v1::LocateRequest& request, const RequestLimits& limits) {
  return ValidateKey(request.key(), limits);
}

absl::Status Validate(const v1::GetStatusRequest&, const RequestLimits&) {
  return absl::OkStatus();
}

absl::Status Validate(const v1::ForsakeNodeRequest& request, const RequestLimits&) {
  if (request.name().empty()) return absl::InvalidArgumentError("name: empty");
  return absl::OkStatus();
}

}  // namespace kache
