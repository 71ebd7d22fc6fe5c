// How pages are copied, over fake nodes.
#include "server/recovery/copier.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/recovery/copy_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "tests/unit/server/recovery/copier_fixture.h"

namespace kache {
namespace {

using redis::Reply;
using testing::FakeNodeClient;

using CopierTest = CopierFixture;

TEST_F(CopierTest, TellsOfATargetThatTakesNoWrites) {
  CopyPage();
  source_.Answer(Keys("0", 1));
  source_.Answer(Beginnings({Encoded(kNew)}));
  target_.Answer(Strings({""}));
  const std::string answer = "NOREPLICAS Not enough good replicas to write.";
  target_.Answer(Reply::Error(answer));
  ASSERT_TRUE(result_);
  EXPECT_FALSE(result_->ok());
  ASSERT_EQ(refused_.size(), 1u);
  EXPECT_EQ(refused_[0], std::pair(kTarget, answer));
}

TEST_F(CopierTest, AnErrorAboutOneRecordIsNoRefusal) {
  CopyPage();
  source_.Answer(Keys("0", 1));
  source_.Answer(Beginnings({Encoded(kNew)}));
  target_.Answer(Strings({""}));
  target_.Answer(Reply::Error("ERR string exceeds maximum allowed size"));
  ASSERT_TRUE(result_);
  EXPECT_FALSE(result_->ok());
  EXPECT_TRUE(refused_.empty());
}

TEST_F(CopierTest, MovesOnlyWhatIsNewer) {
  CopyPage();
  EXPECT_EQ(source_.sent().at(0).arguments,
            (std::vector<std::string>{"SCAN", "0", "MATCH", "kache:d:*", "COUNT", "100"}));
  source_.Answer(Keys("17", 3));
  EXPECT_EQ(next_, "17");
  EXPECT_EQ(source_.sent().at(1).script, &PeekScript());
  source_.Answer(Beginnings({Encoded(kNew), Encoded(kNew), Encoded(kNew)}));
  // It holds the first in an older version, the second in the same, the third not at all.
  EXPECT_EQ(target_.sent().at(0).script, &HeadersScript());
  target_.Answer(Strings({Header(kOld), Header(kNew), ""}));
  EXPECT_EQ(source_.sent().size(), 2u);  // Small records came along.
  const auto& store = target_.sent().at(1);
  EXPECT_EQ(store.script, &StoreScript());
  EXPECT_EQ(store.arguments.at(3), "kache:d:k0");
  EXPECT_EQ(store.arguments.at(4), "kache:d:k2");
  EXPECT_EQ(store.arguments.at(5),
            std::to_string(absl::ToUnixMillis(clock_.Now() + absl::Seconds(600))));
  EXPECT_EQ(store.arguments.at(6), Encoded(kNew));
  EXPECT_EQ(store.arguments.at(7), "0");
  EXPECT_FALSE(result_.has_value());
  target_.Answer(Reply::Integer(2));
  ASSERT_TRUE(result_.has_value());
  ASSERT_TRUE(result_->ok());
  EXPECT_EQ((*result_)->next_cursor, "17");
  EXPECT_EQ((*result_)->seen, 3u);
  EXPECT_EQ((*result_)->compared, 3u);
  EXPECT_EQ((*result_)->copied, 2u);
}

TEST_F(CopierTest, LooksOnlyAtWhatIsConsidered) {
  CopyPage([](std::string_view user_key) { return user_key == "k1"; });
  source_.Answer(Keys("0", 3));
  EXPECT_EQ(source_.sent().at(1).arguments.at(2), "1");
  EXPECT_EQ(source_.sent().at(1).arguments.at(3), "kache:d:k1");
  source_.Answer(Beginnings({Encoded(kNew)}));
  target_.Answer(Strings({Header(kNew)}));
  EXPECT_EQ((*result_)->seen, 3u);
  EXPECT_EQ((*result_)->compared, 1u);
  CopyPage([](std::string_view) { return false; });
  source_.Answer(Keys("0", 3));
  EXPECT_TRUE(result_->ok());
}

TEST_F(CopierTest, PassesOverWhatIsNoRecord) {
  CopyPage();
  source_.Answer(Keys("0", 4));
  Reply beginnings = Beginnings({"", "foreign", Encoded(kNew), "x"});
  beginnings.elements[0].elements[3] = Reply::Error("WRONGTYPE");
  source_.Answer(std::move(beginnings));
  target_.Answer(Array({Reply::Error("WRONGTYPE")}));  // What it holds there is replaced.
  EXPECT_EQ(target_.sent().at(1).arguments.at(3), "kache:d:k2");
  target_.Answer(Reply::Integer(1));
  EXPECT_EQ((*result_)->compared, 1u);
}

TEST_F(CopierTest, ATargetThatLacksMostIsSentSmallRecordsUnasked) {
  CopyOneThatIsLacking();
  CopyPage();
  source_.Answer(Keys("0", 3));
  const std::string large = Encoded(kNew) + std::string(Copier::kSmallBytes, 'x');
  source_.Answer(Beginnings({Encoded(kNew), large.substr(0, Copier::kSmallBytes), Encoded(kNew)},
                            {Reply::Integer(static_cast<int64_t>(large.size()))}));
  EXPECT_EQ(target_.sent().at(2).script, &StoreScript());
  EXPECT_EQ(target_.sent().at(2).arguments.at(2), "2");
  // A large one is never moved in vain.
  EXPECT_EQ(target_.sent().at(3).script, &HeadersScript());
  EXPECT_EQ(target_.sent().at(3).arguments.at(3), "kache:d:k1");
  target_.Answer(Reply::Integer(2));
  target_.Answer(Strings({Header(kNew)}));
  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ((*result_)->compared, 3u);
  EXPECT_EQ((*result_)->copied, 2u);
}

TEST_F(CopierTest, ATargetIsAskedAgainOnceItHeldHalf) {
  CopyOneThatIsLacking();
  CopyPage();
  source_.Answer(Keys("0", 2));
  source_.Answer(Beginnings({Encoded(kNew), Encoded(kNew)}));
  target_.Answer(Reply::Integer(1));
  CopyPage();
  source_.Answer(Keys("0", 1));
  source_.Answer(Beginnings({Encoded(kNew)}));
  EXPECT_EQ(target_.sent().back().script, &HeadersScript());
  target_.Answer(Strings({Header(kNew)}));
}

TEST_F(CopierTest, ACopyEndsWithItsOriginalButNotBeforeItsExpiry) {
  for (const auto& [original, copy] : {std::pair{"9000", "9000"}, {"5000", "7000"}}) {
    CopyPage();
    const std::string record = Expiring(kNew, 7000);
    source_.Answer(Keys("0", 1));
    source_.Answer(Beginnings({record}));
    target_.Answer(Strings({Header(kOld)}));
    source_.Answer(Strings({record, original}));
    EXPECT_EQ(target_.sent().back().arguments.at(6), copy);
    EXPECT_EQ(target_.sent().back().arguments.at(7), "3607000");
    target_.Answer(Reply::Integer(1));
  }
}

TEST_F(CopierTest, TellsEachNodeTheTimeByItsOwnClock) {
  ahead_ = {absl::Seconds(3), -absl::Seconds(1)};
  CopyPage();
  const std::string record = Expiring(kNew, 70'000);
  source_.Answer(Keys("0", 1));
  source_.Answer(Beginnings({record}));
  target_.Answer(Strings({Header(kOld)}));
  clock_.Advance(absl::Seconds(5));  // The page's age runs from its reading.
  source_.Answer(Strings({record, "93000"}));
  const auto& arguments = target_.sent().back().arguments;
  EXPECT_EQ(arguments.at(4),
            std::to_string(absl::ToUnixMillis(clock_.Now() + absl::Seconds(600 - 5 - 1))));
  EXPECT_EQ(arguments.at(6), "89000");
  EXPECT_EQ(arguments.at(7), "3669000");
  target_.Answer(Reply::Integer(1));
}

// It is a home replica's from then on: without the flag, and with the record's own life. A later
// delete is remembered for as long as the stand-in's copy lives, and no longer for sure.
TEST_F(CopierTest, AStandInsCopyLandsBeforeItEndsAtTheSource) {
  ahead_ = {absl::Seconds(3), -absl::Seconds(1)};
  CopyPage();
  const std::string record = Encoded(kNew);
  const std::string flagged = WithStandInFlag(record, true);
  source_.Answer(Keys("0", 1));
  source_.Answer(Beginnings({flagged}));
  target_.Answer(Strings({""}));
  EXPECT_EQ(source_.sent().back().script, &FetchScript());  // when it ends
  source_.Answer(Strings({flagged, "93000"}));
  EXPECT_EQ(target_.sent().back().script, &StoreInTimeScript());
  const auto& arguments = target_.sent().back().arguments;
  EXPECT_EQ(arguments.at(4),
            std::to_string(absl::ToUnixMillis(clock_.Now() + absl::Seconds(600 - 1))));
  EXPECT_EQ(arguments.at(5), record);
  EXPECT_EQ(arguments.at(6), "0");
  EXPECT_EQ(arguments.at(7), "0");
  EXPECT_EQ(arguments.at(8), "89000");
  target_.Answer(Reply::Integer(1));
  EXPECT_EQ((*result_)->copied, 1u);
}

TEST_F(CopierTest, RecordsOfAllKindsAreStoredInOnePage) {
  CopyPage();
  const std::string plain = Expiring(kNew, 70'000);
  const std::string flagged = WithStandInFlag(plain, true);
  source_.Answer(Keys("0", 2));
  source_.Answer(Beginnings({plain, flagged}));
  target_.Answer(Strings({"", ""}));
  source_.Answer(Strings({plain, "70000", flagged, "70000"}));
  ASSERT_EQ(target_.sent().size(), 3u);
  EXPECT_EQ(target_.sent().at(1).script, &StoreScript());
  EXPECT_EQ(target_.sent().at(1).arguments.at(3), "kache:d:k0");
  EXPECT_EQ(target_.sent().at(2).script, &StoreInTimeScript());
  EXPECT_EQ(target_.sent().at(2).arguments.at(3), "kache:d:k1");
  target_.Answer(Reply::Integer(1));
  target_.Answer(Reply::Integer(1));
  EXPECT_EQ((*result_)->copied, 2u);
}

TEST_F(CopierTest, FailsAPageThatLandedTooLate) {
  CopyPage();
  source_.Answer(Keys("0", 1));
  source_.Answer(Beginnings({Encoded(kNew)}));
  target_.Answer(Strings({""}));
  target_.Answer(Reply::Integer(kTooLateReply));
  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(CopierTest, ARemovalThatLandedTooLateIsAnError) {
  std::optional<absl::StatusOr<uint64_t>> removed;
  copier_->Remove(kTarget, {{"kache:d:k", kOld, "", 0}}, clock_.Now(),
                  [&](absl::StatusOr<uint64_t> count) { removed = std::move(count); });
  EXPECT_EQ(target_.sent().back().arguments.at(4),
            std::to_string(absl::ToUnixMillis(clock_.Now() + absl::Seconds(600))));
  target_.Answer(Reply::Integer(kTooLateReply));
  ASSERT_TRUE(removed.has_value());
  EXPECT_FALSE(removed->ok());
}

TEST_F(CopierTest, AnEmptyPageIsDoneAtOnce) {
  CopyPage();
  source_.Answer(Keys("0", 0));
  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ((*result_)->next_cursor, "0");
  EXPECT_EQ(target_.sent().size(), 0u);
}

TEST_F(CopierTest, ReportsAFailureOfEitherNode) {
  CopyPage();
  source_.Fail(absl::UnavailableError("lost"));
  EXPECT_EQ(result_->status().code(), absl::StatusCode::kUnavailable);
  CopyPage();
  source_.Answer(Keys("0", 1));
  source_.Answer(Reply::Error("LOADING Redis is loading the dataset in memory"));
  EXPECT_EQ(result_->status().message(), "LOADING Redis is loading the dataset in memory");
  CopyPage();
  source_.Answer(Keys("0", 1));
  source_.Answer(Beginnings({Encoded(kNew)}));
  target_.Answer(Strings({""}));
  target_.Answer(Reply::Error("OOM command not allowed"));
  EXPECT_EQ(result_->status().message(), "OOM command not allowed");
}

TEST_F(CopierTest, AnAnswerOfTheWrongShapeIsAFailure) {
  const std::string beginning = Encoded(kNew) + std::string(Copier::kSmallBytes, 'x');
  for (const Reply& wrong : {Beginnings({}), Reply::Integer(1),
                             Beginnings({beginning.substr(0, Copier::kSmallBytes)})}) {
    CopyPage();
    source_.Answer(Keys("0", 1));
    source_.Answer(wrong);
    EXPECT_EQ(result_->status().code(), absl::StatusCode::kUnavailable);
  }
}

TEST_F(CopierTest, PassesOverWhatIsGoneMeanwhile) {
  CopyPage();
  source_.Answer(Keys("0", 2));
  source_.Answer(Beginnings({"", Expiring(kNew, 7000)}));
  target_.Answer(Strings({""}));
  source_.Answer(Array({Reply::Nil(), Reply::String("0")}));
  EXPECT_EQ((*result_)->copied, 0u);
  EXPECT_EQ(target_.sent().size(), 1u);
}

TEST_F(CopierTest, SaysNothingOnceItIsGone) {
  CopyPage();
  copier_.reset();
  source_.Answer(Keys("0", 1));
  EXPECT_FALSE(result_.has_value());
  EXPECT_EQ(source_.sent().size(), 1u);
}

TEST_F(CopierTest, EscapesThePatternOfTheKeys) {
  Copier copier({&source_, &target_}, "a*[b]?\\:d:", Rules());
  copier.ReadPage(
      kSource, "0", 10, [](const std::string&) {}, [](absl::StatusOr<std::vector<PageEntry>>) {});
  EXPECT_EQ(source_.sent().at(0).arguments.at(3), "a\\*\\[b\\]\\?\\\\:d:*");
}

}  // namespace
}  // namespace kache
