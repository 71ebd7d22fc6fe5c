// Batches through gRPC against real Redis servers.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/testing/kache_server_fixture.h"

namespace kache {
namespace {

using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;

class KacheServerBatchesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.config.shards = 2;
    cluster_.config.grpc_threads = 2;
    cluster_.StartServer();
  }

  v1::BatchGetResponse Get(const v1::BatchGetRequest& request) {
    v1::BatchGetResponse response;
    const grpc::Status status = cluster_.kache().BatchGet(Patient().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::BatchPutResponse Put(const v1::BatchPutRequest& request) {
    v1::BatchPutResponse response;
    const grpc::Status status = cluster_.kache().BatchPut(Patient().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static void Add(v1::BatchPutRequest& request, const std::string& key, const std::string& value,
                  int64_t ttl_ms = 0) {
    v1::BatchPutRequest::Entry& entry = *request.add_entries();
    entry.set_key(key);
    entry.set_value(value);
    entry.set_ttl_ms(ttl_ms);
  }

  KacheCluster cluster_{4};
};

TEST_F(KacheServerBatchesTest, KeepRequestOrder) {
  v1::BatchPutRequest put;
  v1::BatchGetRequest get;
  for (int i = 0; i < 1000; ++i) {
    Add(put, "k" + std::to_string(i), "v" + std::to_string(i));
    get.add_keys("k" + std::to_string(999 - i));
  }
  const v1::BatchPutResponse written = Put(put);
  ASSERT_EQ(written.results_size(), 1000);
  for (const v1::WriteResult& result : written.results()) {
    ASSERT_TRUE(result.has_receipt()) << result.DebugString();
    EXPECT_NE(result.receipt().version().timestamp(), 0u);
  }
  const v1::BatchGetResponse read = Get(get);
  ASSERT_EQ(read.results_size(), 1000);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(read.results(i).response().value(), "v" + std::to_string(999 - i));
  }
}

TEST_F(KacheServerBatchesTest, GiveEachKeyItsOwnResultOrError) {
  v1::BatchPutRequest put;
  Add(put, "good", "1");
  Add(put, "", "no key");
  Add(put, "late", "2", -1);
  Add(put, "big", std::string((size_t{1} << 20) + 1, 'x'));
  Add(put, "also good", "3");
  const v1::BatchPutResponse written = Put(put);
  ASSERT_EQ(written.results_size(), 5);
  EXPECT_TRUE(written.results(0).has_receipt());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(written.results(i).error().code(), grpc::StatusCode::INVALID_ARGUMENT) << i;
  }
  EXPECT_TRUE(written.results(4).has_receipt());

  v1::BatchGetRequest get;
  for (const char* key : {"good", "", "missing", "also good", "good"}) get.add_keys(key);
  const v1::BatchGetResponse read = Get(get);
  ASSERT_EQ(read.results_size(), 5);
  EXPECT_EQ(read.results(0).response().value(), "1");
  EXPECT_EQ(read.results(1).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_FALSE(read.results(2).response().found());
  EXPECT_EQ(read.results(3).response().value(), "3");
  EXPECT_EQ(read.results(4).response().value(), "1") << "a key may stand there twice";
}

TEST_F(KacheServerBatchesTest, LetTheLastOfEqualKeysWin) {
  v1::BatchPutRequest put;
  for (int i = 0; i < 100; ++i) Add(put, "same", "v" + std::to_string(i));
  Put(put);
  v1::GetResponse get;
  ASSERT_TRUE(cluster_.Get("same", &get).ok());
  EXPECT_EQ(get.value(), "v99");
}

TEST_F(KacheServerBatchesTest, Delete) {
  ASSERT_TRUE(cluster_.Put("a", "1").ok());
  v1::BatchDeleteRequest request;
  request.add_keys("a");
  request.add_keys("");
  request.add_keys("never there");
  v1::BatchDeleteResponse response;
  ASSERT_TRUE(cluster_.kache().BatchDelete(Patient().get(), request, &response).ok());
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_TRUE(response.results(0).has_receipt());
  EXPECT_EQ(response.results(1).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(response.results(2).has_receipt());
  v1::GetResponse get;
  ASSERT_TRUE(cluster_.Get("a", &get).ok());
  EXPECT_FALSE(get.found());
}

TEST_F(KacheServerBatchesTest, AnswerEmptyOnes) {
  EXPECT_EQ(Get({}).results_size(), 0);
  EXPECT_EQ(Put({}).results_size(), 0);
}

TEST_F(KacheServerBatchesTest, StopFillingAtTheLimitAndServeTheRestWhenAskedAgain) {
  const std::string value(size_t{1} << 20, 'x');
  v1::BatchGetRequest get;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(cluster_.Put("big" + std::to_string(i), value).ok());
    get.add_keys("big" + std::to_string(i));
  }
  std::set<std::string> missing(get.keys().begin(), get.keys().end());
  int rounds = 0;
  for (; !missing.empty() && rounds < 5; ++rounds) {
    get.clear_keys();
    for (const std::string& key : missing) get.add_keys(key);
    const v1::BatchGetResponse read = Get(get);
    EXPECT_LE(read.ByteSizeLong(), (size_t{3} << 20) + 4096);
    for (int i = 0; i < read.results_size(); ++i) {
      if (read.results(i).has_response()) {
        EXPECT_EQ(read.results(i).response().value(), value);
        missing.erase(get.keys(i));
      } else {
        EXPECT_EQ(read.results(i).error().code(), grpc::StatusCode::OUT_OF_RANGE);
        EXPECT_EQ(read.results(i).error().reason(), "ANSWER_FULL");
      }
    }
  }
  EXPECT_TRUE(missing.empty());
  EXPECT_EQ(rounds, 2);
}

TEST_F(KacheServerBatchesTest, CountTheirKeys) {
  v1::BatchGetRequest get;
  for (int i = 0; i < 20; ++i) get.add_keys("k");
  Get(get);
  EXPECT_EQ(cluster_.Metric("kache_batch_keys_sum"), 20);
  EXPECT_EQ(cluster_.Metric("kache_batch_keys_count"), 1);
}

}  // namespace
}  // namespace kache
