// Which reads at ONE are compared with the other home replicas, and which of them were stale.
#include "server/replication/staleness_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "server/replication/touch.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kAsked = absl::FromUnixMillis(1'000'000);
constexpr absl::Duration kSettles = absl::Seconds(7);

Version WrittenAt(absl::Duration before_the_read, uint64_t clock = 7) {
  return {static_cast<uint64_t>(absl::ToUnixMillis(kAsked - before_the_read)) << 16, clock};
}

ReadAnswer Told(const Version& version, bool found) {
  ReadResult result;
  result.found = found;
  result.receipt.version = version;
  return {result, kAsked};
}

TEST(StaleBy, ANewerVersionThatWasWrittenLongBefore) {
  const Record newer{WrittenAt(absl::Seconds(60)), 0, false, "new"};
  EXPECT_EQ(StaleBy(Told(WrittenAt(absl::Seconds(90)), true), newer, kSettles), absl::Seconds(60));
  EXPECT_EQ(StaleBy(Told(Version(), false), newer, kSettles), absl::Seconds(60));
}

TEST(StaleBy, NotOneThatIsNoNewer) {
  const Version told = WrittenAt(absl::Seconds(60));
  EXPECT_EQ(StaleBy(Told(told, true), {told, 0, false, "v"}, kSettles), std::nullopt);
  const Record older{WrittenAt(absl::Seconds(90)), 0, false, "old"};
  EXPECT_EQ(StaleBy(Told(told, true), older, kSettles), std::nullopt);
}

TEST(StaleBy, NotOneWhoseCopiesMayBeOnTheirWay) {
  const auto told = Told(WrittenAt(absl::Seconds(90)), true);
  EXPECT_EQ(StaleBy(told, {WrittenAt(kSettles), 0, false, "v"}, kSettles), std::nullopt);
  EXPECT_EQ(StaleBy(told, {WrittenAt(-absl::Seconds(1)), 0, false, "v"}, kSettles), std::nullopt);
  const absl::Duration longer = kSettles + absl::Milliseconds(1);
  EXPECT_EQ(StaleBy(told, {WrittenAt(longer), 0, false, "v"}, kSettles), longer);
}

TEST(StaleBy, AValueThatWasDeletedOrHasExpired) {
  const auto value = Told(WrittenAt(absl::Seconds(90)), true);
  const auto miss = Told(Version(), false);
  const Record deleted{WrittenAt(absl::Seconds(60)), 0, true, {}};
  EXPECT_EQ(StaleBy(value, deleted, kSettles), absl::Seconds(60));
  EXPECT_EQ(StaleBy(miss, deleted, kSettles), std::nullopt);
  Record expired{WrittenAt(absl::Seconds(60)), absl::ToUnixMillis(kAsked), false, "v"};
  EXPECT_EQ(StaleBy(value, expired, kSettles), absl::Seconds(60));
  EXPECT_EQ(StaleBy(miss, expired, kSettles), std::nullopt);
  expired.expires_at_ms += 1;  // It lived when the read began.
  EXPECT_EQ(StaleBy(miss, expired, kSettles), absl::Seconds(60));
}

// A touch is as old as its own stamp, not as the value.
TEST(StaleBy, ATouchThatIsOnItsWay) {
  const Record value{WrittenAt(absl::Seconds(90)), 0, false, "v"};
  for (const absl::Duration age : {kSettles, kSettles + absl::Milliseconds(1)}) {
    Record touched = value;
    touched.touched = true;
    touched.version = VersionOfTouch(value, WrittenAt(age).timestamp, 0);
    const auto stale_by = StaleBy(Told(value.version, true), touched, kSettles);
    EXPECT_EQ(stale_by.has_value(), age > kSettles);
  }
}

class StalenessCheckTest : public testing::ShardFixture {
 protected:
  void StartComparing(uint32_t one_in, size_t nodes = 5) {
    ReplicationOptions options;
    options.staleness_check_one_in = one_in;
    Start(nodes, options);
  }
  redis::Reply HeaderOf(absl::Duration written_before, bool tombstone = false) const {
    const Record record{VersionAt(-written_before), 0, tombstone, {}};
    return redis::Reply::String(EncodeRecord(record).substr(0, kRecordHeaderBytes));
  }
  // A read that node 0 answers with a version that is two minutes old.
  void Read() {
    const auto get = Get();
    EXPECT_THAT(Asked(), ElementsAre(0));
    node(0).Answer(Held({VersionAt(-absl::Minutes(2)), 0, false, "v"}));
    ASSERT_TRUE(get.ok());
    EXPECT_EQ(get->value, "v");
  }
  void ExpectCounted(double compared, double stale) {
    EXPECT_EQ(metrics().reads_compared.Value(), compared);
    EXPECT_EQ(metrics().stale_reads.Value(), stale);
    EXPECT_EQ(metrics().stale_read_age.Collect().histogram.sample_count, stale);
  }
};

TEST_F(StalenessCheckTest, AsksTheOtherHomeReplicasAfterTheAnswer) {
  StartComparing(1);
  Read();
  EXPECT_THAT(Asked(), ElementsAre(1, 2));
  EXPECT_THAT(node(1).sent().at(0).arguments, ElementsAre("GETRANGE", "kache:d:user:1", "0", "27"));
  node(1).Answer(HeaderOf(absl::Minutes(2)));
  ExpectCounted(0, 0);
  node(2).Answer(HeaderOf(absl::Minutes(3)));
  ExpectCounted(1, 0);
}

TEST_F(StalenessCheckTest, CountsAStaleOneOnceByTheOldestOfTheNewerWrites) {
  StartComparing(1);
  Read();
  node(1).Answer(HeaderOf(absl::Seconds(20)));
  node(2).Answer(HeaderOf(absl::Seconds(100)));
  ExpectCounted(1, 1);
  EXPECT_NEAR(metrics().stale_read_age.Collect().histogram.sample_sum, 100, 0.1);
}

TEST_F(StalenessCheckTest, ADeletedValueIsStale) {
  StartComparing(1);
  Read();
  node(1).Answer(HeaderOf(absl::Seconds(60), /*tombstone=*/true));
  node(2).Answer(redis::Reply::String(""));
  ExpectCounted(1, 1);
}

TEST_F(StalenessCheckTest, WhatCannotBeAskedIsPassedOver) {
  StartComparing(1);
  MakeDown(1);
  Read();
  EXPECT_THAT(Asked(), ElementsAre(2));
  node(2).Answer(redis::Reply::Error("LOADING Redis is loading the dataset in memory"));
  ExpectCounted(0, 0);
}

// Its delete may be forgotten everywhere else.
TEST_F(StalenessCheckTest, ACopyThatMayHaveBeenDeletedProvesNothing) {
  StartComparing(1);
  MakeDoubted(2, options().tombstone_ttl);
  const auto get = Get();
  EXPECT_THAT(Asked(), ElementsAre(0));
  node(0).Answer(redis::Reply::Nil());
  ASSERT_TRUE(get.ok());
  EXPECT_THAT(Asked(), ElementsAre(1, 2));
  node(1).Answer(redis::Reply::String(""));
  node(2).Answer(HeaderOf(options().tombstone_ttl));
  ExpectCounted(1, 0);
}

TEST_F(StalenessCheckTest, IsOffAtZero) {
  StartComparing(0);
  for (int i = 0; i < 100; ++i) Read();
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(StalenessCheckTest, TakesOneReadInSoMany) {
  StartComparing(10, /*nodes=*/2);
  size_t compared = 0;
  for (int i = 0; i < 2000; ++i) {
    Read();
    const size_t asked = Asked().size();
    compared += asked;
    if (asked > 0) node(1).Answer(HeaderOf(absl::Minutes(2)));
  }
  EXPECT_NEAR(static_cast<double>(compared), 200, 60);  // six standard deviations and more
  ExpectCounted(static_cast<double>(compared), 0);
}

}  // namespace
}  // namespace kache
