#include "client/messages.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace kache {
namespace {

TEST(Messages, TtlIsWholeMilliseconds) {
  EXPECT_EQ(TtlMs(absl::InfiniteDuration()).value(), 0);
  EXPECT_EQ(TtlMs(absl::Minutes(5)).value(), 300'000);
  EXPECT_EQ(TtlMs(absl::Microseconds(1)).value(), 1);
  EXPECT_EQ(TtlMs(absl::Milliseconds(kMaxTtlMs)).value(), kMaxTtlMs);
  for (const absl::Duration wrong :
       {absl::ZeroDuration(), -absl::Seconds(1),
        absl::Milliseconds(kMaxTtlMs) + absl::Nanoseconds(1), absl::Hours(24 * 36525)}) {
    EXPECT_EQ(TtlMs(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(Messages, AMissHasNoValueAndNoLife) {
  const GetResult miss = FromMessage(v1::GetResponse());
  EXPECT_FALSE(miss.value.has_value());
  EXPECT_EQ(miss.ttl, absl::ZeroDuration());
  EXPECT_FALSE(miss.receipt.version.IsSet());
}

TEST(Messages, ZeroMeansForEver) {
  v1::GetResponse response;
  response.set_found(true);
  EXPECT_EQ(FromMessage(response).ttl, absl::InfiniteDuration());
  EXPECT_EQ(FromMessage(response).value, "");
  EXPECT_EQ(FromMessage(response).receipt.expires_at, absl::InfiniteFuture());
  response.set_ttl_ms(1500);
  response.mutable_receipt()->set_expires_at_unix_ms(1'700'000'000'000);
  response.mutable_receipt()->set_node_id(0);
  const GetResult result = FromMessage(response);
  EXPECT_EQ(result.ttl, absl::Milliseconds(1500));
  EXPECT_EQ(result.receipt.expires_at, absl::FromUnixMillis(1'700'000'000'000));
  EXPECT_EQ(result.receipt.node_id, 0u);
}

TEST(Version, OrdersAndReadsWhatItWrites) {
  const Version older{1, 9};
  const Version newer{2, 0};
  EXPECT_LT(older, newer);
  EXPECT_LT(Version(), older);
  EXPECT_EQ(Version::Parse(newer.ToString()).value(), newer);
  EXPECT_FALSE(Version::Parse("7").ok());
}

}  // namespace
}  // namespace kache
