#include "server/api/status_details.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error_details.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "kache/v1/kache.pb.h"
#include "server/replication/results.h"

namespace kache {
namespace {

constexpr Superseded kLost{.held = {.timestamp = 0x0190'a1b2'c3d4'0001, .clock = 0x5e},
                           .all_heard = true};

google::rpc::Status Parsed(const absl::Status& status) {
  google::rpc::Status message;
  EXPECT_TRUE(message.ParseFromString(StatusDetails(status)));
  return message;
}

// The detail of that type; an empty one where there is none, and the test fails.
template <class Detail>
Detail Find(const google::rpc::Status& message) {
  Detail detail;
  for (const google::protobuf::Any& any : message.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  ADD_FAILURE() << Detail::descriptor()->full_name() << " is missing";
  return detail;
}

TEST(StatusDetails, AreEmptyWhereTheCodeSaysAll) {
  EXPECT_EQ(StatusDetails(absl::UnavailableError("no")), "");
}

TEST(StatusDetails, RepeatCodeAndMessage) {
  const google::rpc::Status message = Parsed(absl::ResourceExhaustedError("full"));
  EXPECT_EQ(message.code(), 8);
  EXPECT_EQ(message.message(), "full");
}

TEST(StatusDetails, AReasonIsAnErrorInfoOfKachesDomain) {
  absl::Status status = absl::AbortedError("too late");
  SetReason(kLifeOver, &status);
  const google::rpc::Status message = Parsed(status);
  const auto info = Find<google::rpc::ErrorInfo>(message);
  EXPECT_EQ(info.reason(), "LIFE_OVER");
  EXPECT_EQ(info.domain(), "kache.dev");
  EXPECT_TRUE(info.metadata().empty());
  EXPECT_EQ(message.details_size(), 1);
}

TEST(StatusDetails, ALostWriteSaysToWhat) {
  const google::rpc::Status message = Parsed(WithSuperseded(absl::AbortedError("lost"), kLost));
  const auto info = Find<google::rpc::ErrorInfo>(message);
  EXPECT_EQ(info.reason(), "SUPERSEDED");
  EXPECT_EQ(info.metadata().at("held"), "0190a1b2c3d40001-000000000000005e");
  EXPECT_EQ(info.metadata().at("all_heard"), "true");
  const auto superseded = Find<v1::Superseded>(message);
  EXPECT_EQ(superseded.held().timestamp(), kLost.held.timestamp);
  EXPECT_EQ(superseded.held().clock(), kLost.held.clock);
  EXPECT_TRUE(superseded.all_heard());
  EXPECT_EQ(message.details_size(), 2);
}

TEST(StatusDetails, AStampThatIsRefusedTellsClusterTime) {
  absl::Status status = absl::FailedPreconditionError("too old");
  SetReason(kStampOutOfRange, &status);
  SetClusterTimeMs(1'700'000'000'123, &status);
  const auto info = Find<google::rpc::ErrorInfo>(Parsed(status));
  EXPECT_EQ(info.metadata().at("cluster_time_unix_ms"), "1700000000123");
}

TEST(StatusDetails, AdviceIsARetryInfo) {
  absl::Status status = absl::ResourceExhaustedError("over the limit");
  SetRetryAfter(absl::Milliseconds(2345), &status);
  const auto info = Find<google::rpc::RetryInfo>(Parsed(status));
  EXPECT_EQ(info.retry_delay().seconds(), 2);
  EXPECT_EQ(info.retry_delay().nanos(), 345'000'000);
}

TEST(StatusDetails, AWriteThatFellShortTellsWhatItReached) {
  Receipt receipt;
  receipt.acknowledged = 1;
  receipt.required = 2;
  const auto detail =
      Find<v1::Receipt>(Parsed(WithReceipt(absl::AbortedError("one of two"), receipt)));
  EXPECT_EQ(detail.acknowledged(), 1u);
  EXPECT_EQ(detail.required(), 2u);
}

TEST(RetryAdvice, EveryRefusalForLackOfRoomCarriesIt) {
  absl::Status full = absl::ResourceExhaustedError("full");
  EXPECT_EQ(RetryAdvice(full), absl::Milliseconds(100));
  SetRetryAfter(absl::ZeroDuration(), &full);
  EXPECT_EQ(RetryAdvice(full), absl::Milliseconds(1));
  SetRetryAfter(absl::Seconds(7), &full);
  EXPECT_EQ(RetryAdvice(full), absl::Seconds(7));
  EXPECT_FALSE(RetryAdvice(absl::UnavailableError("no")).has_value());
}

}  // namespace
}  // namespace kache
