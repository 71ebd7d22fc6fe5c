// The stamps of batches over real sockets; client_writes_test has those of single writes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "base/error_details.h"
#include "client/stamp_clock.h"
#include "client/version_text.h"
#include "tests/unit/client/writes_fixture.h"

namespace kache {
namespace {

using testing::Answer;

TEST_F(WritesTest, ABatchIsReducedToTheLastEntryOfEachKey) {
  Connect({&first_});
  const auto answer = BatchPut({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"c", "4"}, {"b", "5"}});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(first_.batch_sizes(), std::vector<int>{3});
  EXPECT_EQ(Value("a"), "3");
  EXPECT_EQ(Value("b"), "5");
  EXPECT_EQ(Value("c"), "4");
  ASSERT_EQ(answer->results_size(), 5);
  const auto text = [&](int i) { return VersionText(answer->results(i).receipt().version()); };
  EXPECT_EQ(text(0), text(2));
  EXPECT_EQ(text(1), text(4));
  EXPECT_NE(text(0), text(1));
  EXPECT_NE(text(2), text(3));
}

TEST_F(WritesTest, OfABatchOnlyWhatLostIsSentAgain) {
  Connect({&first_});
  ASSERT_TRUE(BatchPut({{"x", "0"}}).ok());
  first_.LetRivalsWrite(2);
  const auto answer = BatchPut({{"a", "1"}, {"b", "2"}, {"", "3"}, {"c", "4"}, {"a", "5"}});
  ASSERT_TRUE(answer.ok()) << answer.status();
  // The rivals wrote b and c.
  EXPECT_EQ(first_.batch_sizes(), (std::vector<int>{1, 4, 2}));
  EXPECT_EQ(Value("a"), "5");
  EXPECT_EQ(Value("b"), "2");
  EXPECT_EQ(Value("c"), "4");
  ASSERT_EQ(answer->results_size(), 5);
  for (const int i : {0, 1, 3, 4}) EXPECT_TRUE(answer->results(i).has_receipt()) << i;
  EXPECT_EQ(answer->results(2).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(WritesTest, OfABatchWithSomeStampsTheOthersAreStamped) {
  Connect({&first_});
  v1::BatchPutRequest request;
  for (const char* key : {"a", "b", "c"}) {
    request.add_entries()->set_key(key);
    request.mutable_entries()->rbegin()->set_value("v");
  }
  v1::Stamp* const given = request.mutable_entries(1)->mutable_stamp();
  given->set_timestamp(TimestampAt(absl::Now()));
  given->set_clock(0x7777'0000);
  Answer<v1::BatchPutResponse> answer;
  transport_->BatchPut(request, Within(kPatience), answer.Callback());
  ASSERT_TRUE(answer.WaitFor(kPatience));
  ASSERT_TRUE(answer.ok()) << answer.status();
  const std::vector<v1::Stamp> stamps = first_.stamps();
  ASSERT_EQ(stamps.size(), 3u);
  EXPECT_EQ(stamps[1].SerializeAsString(), given->SerializeAsString());
  for (const size_t i : {0, 2}) {
    EXPECT_NE(stamps[i].clock(), 0u);
    EXPECT_NE(stamps[i].clock(), given->clock());
  }
}

TEST_F(WritesTest, OfABatchThatEndsEarlyWhatWasAnsweredCounts) {
  Connect({&first_});
  ASSERT_TRUE(BatchPut({{"x", "0"}}).ok());
  first_.LetRivalsWrite(1000);
  const auto answer = BatchPut({{"a", "1"}, {"b", "2"}});
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->results_size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(answer->results(i).error().code(), grpc::StatusCode::ABORTED);
    EXPECT_EQ(answer->results(i).error().reason(), "");
  }
  EXPECT_EQ(first_.batch_sizes().size(), 7u);
}

TEST_F(WritesTest, ABatchThatFailsAsAWholeIsSentAgainWithTheSameStamps) {
  Connect({&first_});
  ASSERT_TRUE(BatchPut({{"x", "0"}}).ok());
  first_.FailNext(1, {grpc::StatusCode::UNAVAILABLE, "draining"});
  const auto answer = BatchPut({{"a", "1"}, {"b", "2"}});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(counts_.retries, 1);
  first_.FailNext(1000, {grpc::StatusCode::INVALID_ARGUMENT, "too many keys"});
  EXPECT_EQ(BatchPut({{"a", "1"}}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(WritesTest, BatchDeletesAreStamped) {
  Connect({&first_});
  ASSERT_TRUE(BatchPut({{"a", "1"}, {"b", "2"}}).ok());
  first_.LetRivalsWrite(1);
  v1::BatchDeleteRequest request;
  for (const char* key : {"a", "b", "a"}) request.add_keys(key);
  Answer<v1::BatchDeleteResponse> answer;
  transport_->BatchDelete(request, Within(kPatience), answer.Callback());
  ASSERT_TRUE(answer.WaitFor(kPatience));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->results_size(), 3);
  for (const v1::WriteResult& result : answer->results()) EXPECT_TRUE(result.has_receipt());
  EXPECT_FALSE(first_.Holds("a"));
  EXPECT_FALSE(first_.Holds("b"));
  EXPECT_EQ(first_.batch_sizes(), (std::vector<int>{2, 2, 1}));
}

TEST_F(WritesTest, ABatchWithGivenStampsIsSentAsItIs) {
  Connect({&first_});
  v1::BatchDeleteRequest request;
  request.add_keys("a");
  request.add_stamps()->set_timestamp(TimestampAt(absl::Now()));
  request.mutable_stamps(0)->set_clock(0x7777'0000);
  first_.LetRivalsWrite(1);
  Answer<v1::BatchDeleteResponse> answer;
  transport_->BatchDelete(request, Within(kPatience), answer.Callback());
  ASSERT_TRUE(answer.WaitFor(kPatience));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->results(0).error().reason(), kSuperseded);
  EXPECT_EQ(first_.stamps().size(), 1u);
  EXPECT_EQ(first_.stamps().at(0).SerializeAsString(), request.stamps(0).SerializeAsString());
}

}  // namespace
}  // namespace kache
