// How pages are copied, over fake nodes.
#include "server/recovery/copier.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "server/recovery/recovery_scripts.h"
#include "server/replication/record.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_node_client.h"

namespace kache {
namespace {

using redis::Reply;
using testing::FakeNodeClient;

constexpr NodeId kSource{0};
constexpr NodeId kTarget{1};
constexpr Version kOld{10, 1};
constexpr Version kNew{20, 1};

class CopierTest : public ::testing::Test {
 protected:
  CopierTest() : source_(clock_), target_(clock_) {
    copier_ = std::make_unique<Copier>(std::vector<redis::NodeClient*>{&source_, &target_},
                                       "kache:d:", absl::Seconds(3600));
  }
  static Reply Array(std::vector<Reply> elements) {
    Reply reply;
    reply.type = Reply::Type::kArray;
    reply.elements = std::move(elements);
    return reply;
  }
  static std::string Encoded(const Version& version) {
    return EncodeRecord({version, 0, false, "value"});
  }
  static std::string VersionBytes(const Version& version) {
    return Encoded(version).substr(kRecordVersionOffset, kRecordVersionBytes);
  }
  // A page of the keys "k0", "k1", ... in that version.
  static Reply Page(const std::string& next, size_t keys, const Version& version) {
    std::vector<Reply> elements = {Reply::String(next)};
    for (size_t i = 0; i < keys; ++i) {
      elements.push_back(Reply::String("kache:d:k" + std::to_string(i)));
      elements.push_back(Reply::String(Encoded(version).substr(0, kRecordHeaderBytes)));
      elements.push_back(Reply::Integer(33));
    }
    return Array(std::move(elements));
  }
  void CopyPage() {
    copier_->CopyPage(
        kSource, "0", 100, [](const PageEntry&) { return std::vector<NodeId>{kTarget}; },
        [this](const std::string& next) { next_ = next; },
        [this](absl::StatusOr<PageResult> result) { result_ = std::move(result); });
  }

  testing::FakeClock clock_;
  FakeNodeClient source_;
  FakeNodeClient target_;
  std::unique_ptr<Copier> copier_;
  std::string next_;
  std::optional<absl::StatusOr<PageResult>> result_;
};

TEST_F(CopierTest, MovesOnlyWhatIsNewer) {
  CopyPage();
  EXPECT_EQ(source_.sent().at(0).script, &PageScript());
  source_.Answer(Page("17", 3, kNew));
  EXPECT_EQ(next_, "17");
  // It holds the first in an older version, the second in the same, the third not at all.
  target_.Answer(Array(
      {Reply::String(VersionBytes(kOld)), Reply::String(VersionBytes(kNew)), Reply::String("")}));
  const auto& fetch = source_.sent().at(1);
  EXPECT_EQ(fetch.script, &FetchScript());
  EXPECT_EQ(fetch.arguments.at(3), "kache:d:k0");
  EXPECT_EQ(fetch.arguments.at(4), "kache:d:k2");
  source_.Answer(Array({Reply::String(Encoded(kNew)), Reply::String("0"),
                        Reply::String(Encoded(kNew)), Reply::String("12345")}));
  const auto& store = target_.sent().at(1);
  EXPECT_EQ(store.script, &StoreScript());
  EXPECT_EQ(store.arguments.at(5), Encoded(kNew));
  // One that does not expire never gets the end of a stand-in's copy.
  EXPECT_EQ(store.arguments.at(9), "0");
  EXPECT_FALSE(result_.has_value());
  target_.Answer(Reply::Integer(2));
  ASSERT_TRUE(result_.has_value());
  ASSERT_TRUE(result_->ok());
  EXPECT_EQ((*result_)->seen, 3u);
  EXPECT_EQ((*result_)->compared, 3u);
  EXPECT_EQ((*result_)->copied, 2u);
}

TEST_F(CopierTest, ACopyEndsWithItsOriginalButNotBeforeItsExpiry) {
  for (const auto& [original, copy] : {std::pair{"9000", "9000"}, {"5000", "7000"}}) {
    CopyPage();
    source_.Answer(Page("0", 1, kNew));
    target_.Answer(Array({Reply::String("")}));
    const std::string record = EncodeRecord({kNew, 7000, false, "value"});
    source_.Answer(Array({Reply::String(record), Reply::String(original)}));
    EXPECT_EQ(target_.sent().back().arguments.at(5), copy);
    EXPECT_EQ(target_.sent().back().arguments.at(6), "3607000");
    target_.Answer(Reply::Integer(1));
  }
}

TEST_F(CopierTest, AnEmptyPageIsDoneAtOnce) {
  CopyPage();
  source_.Answer(Page("0", 0, kNew));
  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ((*result_)->next_cursor, "0");
  EXPECT_EQ(target_.sent().size(), 0u);
}

TEST_F(CopierTest, ReportsAFailureOfEitherNode) {
  CopyPage();
  source_.Fail(absl::UnavailableError("lost"));
  EXPECT_EQ(result_->status().code(), absl::StatusCode::kUnavailable);
  CopyPage();
  source_.Answer(Page("0", 1, kNew));
  target_.Answer(Array({Reply::String("")}));
  source_.Answer(Array({Reply::String(Encoded(kNew)), Reply::String("0")}));
  target_.Answer(Reply::Error("OOM command not allowed"));
  EXPECT_EQ(result_->status().message(), "OOM command not allowed");
}

TEST_F(CopierTest, PassesOverWhatIsGoneMeanwhile) {
  CopyPage();
  source_.Answer(Page("0", 1, kNew));
  target_.Answer(Array({Reply::String("")}));
  source_.Answer(Array({Reply::Nil(), Reply::String("0")}));
  EXPECT_EQ((*result_)->copied, 0u);
  EXPECT_EQ(target_.sent().size(), 1u);
}

TEST_F(CopierTest, SaysNothingOnceItIsGone) {
  CopyPage();
  copier_.reset();
  source_.Answer(Page("0", 1, kNew));
  EXPECT_FALSE(result_.has_value());
  EXPECT_EQ(target_.sent().size(), 0u);
}

TEST_F(CopierTest, EscapesThePatternOfTheKeys) {
  Copier copier({&source_, &target_}, "a*[b]?\\:d:", absl::Seconds(1));
  copier.ReadPage(kSource, "0", 10,
                  [](absl::StatusOr<std::vector<PageEntry>>, const std::string&) {});
  EXPECT_EQ(source_.sent().at(0).arguments.at(4), "a\\*\\[b\\]\\?\\\\:d:*");
}

}  // namespace
}  // namespace kache
