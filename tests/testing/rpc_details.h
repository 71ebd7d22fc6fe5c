// What a failed call says beside its code and message.
#ifndef KACHE_TESTS_TESTING_RPC_DETAILS_H_
#define KACHE_TESTS_TESTING_RPC_DETAILS_H_

#include <grpcpp/support/status.h>

#include <optional>

#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace kache::testing {

// The detail of that type that a failed call carries.
template <class Detail>
std::optional<Detail> DetailOf(const grpc::Status& status) {
  google::rpc::Status message;
  if (!message.ParseFromString(status.error_details())) return std::nullopt;
  Detail detail;
  for (const google::protobuf::Any& any : message.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

// The wait that it advises.
inline std::optional<absl::Duration> AdviceOf(const grpc::Status& status) {
  const auto info = DetailOf<google::rpc::RetryInfo>(status);
  if (!info) return std::nullopt;
  return absl::Seconds(info->retry_delay().seconds()) +
         absl::Nanoseconds(info->retry_delay().nanos());
}

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_RPC_DETAILS_H_
