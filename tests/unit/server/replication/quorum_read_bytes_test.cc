// What reads at QUORUM and ALL keep while they wait, and how it counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "server/replication/lag.h"
#include "server/replication/quorum_read.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;

constexpr Version kOld{1000, 7};
constexpr Version kNew{2000, 7};
constexpr ReadOptions kQuorum{Consistency::kQuorum, {}};
constexpr ReadOptions kAll{Consistency::kAll, {}};

// Records that are large enough to count in the budget.
class QuorumReadBytesTest : public testing::ShardFixture {
 protected:
  static constexpr int64_t kRecordBytes = 1000 + static_cast<int64_t>(kRecordHeaderBytes);

  void StartWith(int64_t bound) {
    Start();
    budget_.emplace(bound);
    shard().SetBudget(&*budget_);
  }
  ByteBudget& budget() { return *budget_; }
  Record Large(const Version& version) const { return {version, 0, false, value_}; }
  void Answer(size_t index, const std::optional<Record>& record) {
    node(index).Answer(HeldBy(/*whole=*/true, record));
  }

 private:
  const std::string value_ = std::string(1000, 'v');
  std::optional<ByteBudget> budget_;
};

TEST_F(QuorumReadBytesTest, CountUntilTheAnswer) {
  StartWith(100'000);
  const auto get = GetWith(kQuorum);
  Answer(0, Large(kNew));
  EXPECT_EQ(budget().bytes(), kRecordBytes);
  Answer(1, Large(kNew));
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value.size(), 1000u);
  EXPECT_EQ(budget().bytes(), 0) << "nothing is kept for the replica that is late";
}

TEST_F(QuorumReadBytesTest, AreRefusedWithoutRoom) {
  StartWith(100'000);
  budget().Count(100'000);
  const auto get = GetWith(kQuorum);
  Answer(0, Large(kNew));
  EXPECT_EQ(get.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(budget().bytes(), 100'000);
}

TEST_F(QuorumReadBytesTest, ALateReplicaIsRepairedWithARecordThatIsReadAgain) {
  StartWith(100'000);
  const auto get = GetWith(kQuorum);
  Answer(0, Large(kNew));
  Answer(1, Large(kNew));
  ASSERT_TRUE(get.ok());
  Asked();
  Answer(2, Large(kOld));
  EXPECT_THAT(Asked(), ElementsAre(0));
  Answer(0, Large(kNew));
  EXPECT_THAT(Asked(), ElementsAre(2));
  EXPECT_EQ(WrittenTo(2).version, WithoutHash(kNew));
  EXPECT_EQ(WrittenTo(2).value.size(), 1000u);
  node(2).Answer(Stored());
  EXPECT_EQ(metrics().reads_repaired.Value(), 1);
}

TEST_F(QuorumReadBytesTest, ARecordThatIsGoneWhenItIsReadAgainRepairsNobody) {
  StartWith(100'000);
  const auto get = GetWith(kQuorum);
  Answer(0, Large(kNew));
  Answer(1, Large(kNew));
  Answer(2, Large(kOld));
  Asked();
  Answer(0, std::nullopt);
  EXPECT_THAT(Asked(), ElementsAre());
  EXPECT_EQ(metrics().reads_repaired.Value(), 0);
}

TEST_F(QuorumReadBytesTest, ARepairCountsUntilItsNodeHasIt) {
  StartWith(100'000);
  const auto get = GetWith(kQuorum);
  Answer(0, Large(kOld));
  Answer(1, Large(kNew));
  Answer(2, Large(kNew));
  EXPECT_EQ(shard().unanswered_bytes(), 0u) << "the read has not waited for the repair";
  ASSERT_TRUE(get.ok());
  EXPECT_GE(budget().bytes(), kRecordBytes);
  node(0).Answer(Stored());
  End();
  EXPECT_EQ(budget().bytes(), 0);
}

TEST_F(QuorumReadBytesTest, ARepairThatTheReadWaitsForIsUnanswered) {
  StartWith(100'000);
  const auto get = GetWith(kAll);
  Answer(0, Large(kOld));
  Answer(1, Large(kNew));
  Answer(2, Large(kNew));
  EXPECT_EQ(shard().unanswered_bytes(), static_cast<size_t>(kRecordBytes) + kCommandBytes);
  EXPECT_FALSE(get.came());
  node(0).Answer(Stored());
  EXPECT_TRUE(get.ok());
  EXPECT_EQ(shard().unanswered_bytes(), 0u);
}

TEST_F(QuorumReadBytesTest, ARepairWithoutRoomRefusesTheReadThatNeedsIt) {
  StartWith(8 * kRecordBytes);
  const auto get = GetWith(kAll);
  Answer(0, Large(kOld));
  budget().Count(7 * kRecordBytes);
  Answer(1, Large(kNew));
  Answer(2, Large(kNew));
  EXPECT_EQ(get.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(metrics().repairs_failed.Value(), 1);
}

}  // namespace
}  // namespace kache
