#include "server/replication/results.h"

#include "absl/status/status.h"
#include "base/error_details.h"
#include "gtest/gtest.h"

namespace kache {
namespace {

TEST(Results, AnErrorCarriesWhatTheOperationReached) {
  Receipt receipt;
  receipt.version = {7, 8};
  receipt.acknowledged = 1;
  receipt.required = 2;
  const absl::Status status = WithReceipt(absl::AbortedError("too few"), receipt);

  ASSERT_TRUE(ReceiptOf(status).has_value());
  EXPECT_EQ(ReceiptOf(status)->version, receipt.version);
  EXPECT_EQ(ReceiptOf(status)->required, 2U);
  EXPECT_FALSE(SupersededOf(status).has_value());
}

TEST(Results, ALostWriteNamesTheVersionHeldAndItsReason) {
  const absl::Status status =
      WithSuperseded(absl::AbortedError("a newer version is held"), {{11, 12}, true});

  ASSERT_TRUE(SupersededOf(status).has_value());
  EXPECT_EQ(SupersededOf(status)->held, (Version{11, 12}));
  EXPECT_TRUE(SupersededOf(status)->all_heard);
  EXPECT_EQ(ReasonOf(status), kSuperseded);
  EXPECT_EQ(status.message(), "a newer version is held");
}

TEST(Results, AnErrorCarriesReceiptAndVersionHeldAtOnce) {
  Receipt receipt;
  receipt.version = {1, 2};
  const absl::Status status =
      WithSuperseded(WithReceipt(absl::AbortedError("lost"), receipt), {{3, 4}, false});

  EXPECT_EQ(ReceiptOf(status)->version, (Version{1, 2}));
  EXPECT_EQ(SupersededOf(status)->held, (Version{3, 4}));
  EXPECT_FALSE(SupersededOf(status)->all_heard);
}

TEST(Results, AnErrorWithoutDetailsHasNone) {
  EXPECT_FALSE(ReceiptOf(absl::AbortedError("no")).has_value());
  EXPECT_FALSE(SupersededOf(absl::AbortedError("no")).has_value());
}

}  // namespace
}  // namespace kache
