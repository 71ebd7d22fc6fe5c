#include "base/error_details.h"

#include "gtest/gtest.h"

namespace kache {
namespace {

TEST(ErrorDetails, TravelInsideAStatus) {
  absl::Status status = absl::AbortedError("lost");
  SetReason(kSuperseded, &status);
  SetRetryAfter(absl::Microseconds(1500), &status);
  SetClusterTimeMs(1'700'000'000'123, &status);
  EXPECT_EQ(ReasonOf(status), "SUPERSEDED");
  EXPECT_EQ(RetryAfterOf(status), absl::Milliseconds(2));
  EXPECT_EQ(ClusterTimeMsOf(status), 1'700'000'000'123);
  EXPECT_EQ(status.message(), "lost");
}

TEST(ErrorDetails, AreAbsentUnlessSet) {
  for (const absl::Status& status : {absl::OkStatus(), absl::UnavailableError("gone")}) {
    EXPECT_EQ(ReasonOf(status), "");
    EXPECT_FALSE(RetryAfterOf(status).has_value());
    EXPECT_FALSE(ClusterTimeMsOf(status).has_value());
  }
}

}  // namespace
}  // namespace kache
