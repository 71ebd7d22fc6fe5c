// How large records are fetched: in portions, a few at a time.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/recovery/copier.h"
#include "server/recovery/copy_scripts.h"
#include "server/replication/record.h"
#include "tests/unit/server/recovery/copier_fixture.h"

namespace kache {
namespace {

using redis::Reply;

using CopierPortionsTest = CopierFixture;

TEST_F(CopierPortionsTest, LargeRecordsAreFetchedInPortions) {
  CopyPage();
  source_.Answer(Keys("0", 3));
  const std::string large = Encoded(kNew) + std::string(Copier::kSmallBytes, 'x');
  const auto length = static_cast<int64_t>(Copier::kPortionBytes / 2 - 1000);
  source_.Answer(Beginnings(std::vector<std::string>(3, large.substr(0, Copier::kSmallBytes)),
                            std::vector<Reply>(3, Reply::Integer(length))));
  target_.Answer(Strings({"", "", ""}));
  EXPECT_EQ(source_.sent().at(2).script, &FetchScript());
  EXPECT_EQ(source_.sent().at(2).arguments.at(2), "2");
  EXPECT_EQ(source_.sent().at(3).arguments.at(3), "kache:d:k2");
  source_.Answer(Strings({large, "0", large, "0"}));
  EXPECT_EQ(target_.sent().at(1).arguments.at(6), large);
  source_.Answer(Strings({large, "0"}));
  target_.Answer(Reply::Integer(2));
  target_.Answer(Reply::Integer(1));
  EXPECT_EQ((*result_)->copied, 3u);
}

TEST_F(CopierPortionsTest, NoPortionIsLargerThanOneRecordMakesIt) {
  CopyPage();
  source_.Answer(Keys("0", 2));
  const std::string large = Encoded(kNew) + std::string(Copier::kSmallBytes, 'x');
  source_.Answer(Beginnings(std::vector<std::string>(2, large.substr(0, Copier::kSmallBytes)),
                            {Reply::Integer(1000), Reply::Integer(Copier::kPortionBytes)}));
  target_.Answer(Strings({"", ""}));
  EXPECT_EQ(source_.sent().at(2).arguments.at(2), "1");
  EXPECT_EQ(source_.sent().at(3).arguments.at(2), "1");
}

TEST_F(CopierPortionsTest, AFewPortionsAreUnderWayAtATime) {
  constexpr size_t kRecords = 10;
  constexpr size_t kScanAndPeek = 2;
  CopyPage();
  source_.Answer(Keys("0", kRecords));
  const std::string large = Encoded(kNew) + std::string(Copier::kSmallBytes, 'x');
  source_.Answer(
      Beginnings(std::vector<std::string>(kRecords, large.substr(0, Copier::kSmallBytes)),
                 std::vector<Reply>(kRecords, Reply::Integer(Copier::kPortionBytes - 1000))));
  target_.Answer(Strings(std::vector<std::string>(kRecords, "")));
  const auto fetches = [&] { return source_.sent().size() - kScanAndPeek; };
  EXPECT_EQ(fetches(), 4u);
  source_.Answer(Strings({large, "0"}));
  EXPECT_EQ(fetches(), 4u) << "the first one is not stored yet";
  for (size_t i = 0; i < kRecords; ++i) {
    if (i > 0) source_.Answer(Strings({large, "0"}));
    target_.Answer(Reply::Integer(1));
    EXPECT_EQ(fetches(), std::min(5 + i, kRecords));
  }
  EXPECT_EQ((*result_)->copied, kRecords);
}

TEST_F(CopierPortionsTest, PortionsOfAPageThatFailedAreNotFetched) {
  CopyPage();
  source_.Answer(Keys("0", 10));
  const std::string large = Encoded(kNew) + std::string(Copier::kSmallBytes, 'x');
  source_.Answer(Beginnings(std::vector<std::string>(10, large.substr(0, Copier::kSmallBytes)),
                            std::vector<Reply>(10, Reply::Integer(Copier::kPortionBytes - 1000))));
  target_.Answer(Strings(std::vector<std::string>(10, "")));
  const size_t before = source_.sent().size();
  for (int i = 0; i < 4; ++i) source_.Fail(absl::UnavailableError("gone"));
  EXPECT_EQ(source_.sent().size(), before);
  EXPECT_EQ(result_->status().message(), "gone");
}

// Records beyond the limits of a node.
class CopierLimitsTest : public CopierFixture {
 protected:
  static constexpr size_t kScanAndPeek = 2;

  // A page of large records, of which the target holds these versions.
  void OfferLarge(const std::vector<std::string>& held) {
    CopyPage();
    source_.Answer(Keys("0", held.size()));
    source_.Answer(Beginnings(
        std::vector<std::string>(held.size(), large_.substr(0, Copier::kSmallBytes)),
        std::vector<Reply>(held.size(), Reply::Integer(static_cast<int64_t>(large_.size())))));
    target_.Answer(Strings(held));
  }
  static absl::Status Beyond() { return absl::FailedPreconditionError("too much for the node"); }

  const std::string large_ = Encoded(kNew) + std::string(Copier::kSmallBytes, 'x');
};

TEST_F(CopierLimitsTest, ARecordThatTheSourceCannotAnswerIsLeftOut) {
  OfferLarge({""});
  source_.Fail(Beyond());
  ASSERT_TRUE(result_.has_value() && result_->ok());
  EXPECT_EQ((*result_)->left_out, std::vector<std::string>{"kache:d:k0"});
  EXPECT_EQ((*result_)->copied, 0u);
  EXPECT_EQ((*result_)->beyond_target, 0u);
  EXPECT_EQ(left_out_, std::vector<NodeId>{kTarget});
}

TEST_F(CopierLimitsTest, ARecordThatTheTargetCannotTakeIsLeftOut) {
  OfferLarge({""});
  source_.Answer(Strings({large_, "0"}));
  target_.Fail(Beyond());
  ASSERT_TRUE(result_.has_value() && result_->ok());
  EXPECT_EQ((*result_)->left_out, std::vector<std::string>{"kache:d:k0"});
  EXPECT_EQ((*result_)->beyond_target, 1u);
}

TEST_F(CopierLimitsTest, TheOthersOfItsPortionAreBrought) {
  OfferLarge({"", "", ""});
  source_.Fail(Beyond());
  ASSERT_EQ(source_.sent().size(), kScanAndPeek + 1 + 3) << "one by one";
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(source_.sent()[kScanAndPeek + 1 + i].arguments[2], "1");
  source_.Answer(Strings({large_, "0"}));
  source_.Fail(Beyond());
  source_.Answer(Strings({large_, "0"}));
  target_.Answer(Reply::Integer(1));
  target_.Answer(Reply::Integer(1));
  ASSERT_TRUE(result_.has_value() && result_->ok());
  EXPECT_EQ((*result_)->copied, 2u);
  EXPECT_EQ((*result_)->left_out.size(), 1u);
}

TEST_F(CopierLimitsTest, APortionThatTheTargetCannotTakeIsBroughtOneByOne) {
  OfferLarge({"", ""});
  source_.Answer(Strings({large_, "0", large_, "0"}));
  target_.Fail(Beyond());
  source_.Answer(Strings({large_, "0"}));
  source_.Answer(Strings({large_, "0"}));
  target_.Answer(Reply::Integer(1));
  target_.Fail(Beyond());
  ASSERT_TRUE(result_.has_value() && result_->ok());
  EXPECT_EQ((*result_)->copied, 1u);
  EXPECT_EQ((*result_)->left_out.size(), 1u);
}

TEST_F(CopierLimitsTest, AnOlderCopyOfItIsRemoved) {
  OfferLarge({Header(kOld)});
  source_.Fail(Beyond());
  EXPECT_FALSE(result_.has_value());
  EXPECT_EQ(target_.sent().back().script, &RemoveScript());
  EXPECT_EQ(target_.sent().back().arguments.at(3), "kache:d:k0");
  target_.Answer(Reply::Integer(1));
  ASSERT_TRUE(result_.has_value() && result_->ok());
}

}  // namespace
}  // namespace kache
