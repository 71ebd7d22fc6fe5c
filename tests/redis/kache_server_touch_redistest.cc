// Touches through gRPC against real Redis servers: unary, in batches, on streams.
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/kache_server_fixture.h"
#include "tests/testing/pipeline_client.h"

namespace kache {
namespace {

using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;
using ::kache::testing::PipelineClient;

class KacheServerTouchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.config.try_timeout = absl::Seconds(15);  // no replica counts as late
    cluster_.StartServer();
  }

  static v1::TouchRequest TouchOf(const std::string& key, int64_t ttl_ms) {
    v1::TouchRequest request;
    request.set_key(key);
    request.set_ttl_ms(ttl_ms);
    return request;
  }
  grpc::Status Touch(const v1::TouchRequest& request, v1::TouchResponse* response) {
    return cluster_.kache().Touch(Patient().get(), request, response);
  }
  int64_t LifeLeftMs(const std::string& key) {
    v1::GetResponse get;
    EXPECT_TRUE(cluster_.Get(key, &get).ok());
    EXPECT_TRUE(get.found());
    return get.ttl_ms();
  }

  KacheCluster cluster_{4};
};

TEST_F(KacheServerTouchTest, GivesAnotherLife) {
  v1::PutResponse put;
  ASSERT_TRUE(cluster_.Put("k", "v", &put).ok());
  v1::TouchResponse touch;
  ASSERT_TRUE(Touch(TouchOf("k", 3'600'000), &touch).ok());
  EXPECT_TRUE(touch.found());
  EXPECT_EQ(touch.receipt().version().timestamp(), put.receipt().version().timestamp());
  EXPECT_GT(touch.receipt().version().clock(), put.receipt().version().clock());
  EXPECT_GT(touch.receipt().expires_at_unix_ms(), 0);
  EXPECT_GT(touch.cluster_time_unix_ms(), 0);
  EXPECT_GT(LifeLeftMs("k"), 3'500'000);
  EXPECT_TRUE(Eventually([&] {
    return cluster_.Metric("kache_requests_total{code=\"OK\",rpc=\"Touch\",via=\"unary\"}") == 1;
  }));
}

TEST_F(KacheServerTouchTest, AnswersAMissWithoutError) {
  v1::TouchResponse touch;
  ASSERT_TRUE(Touch(TouchOf("none", 1000), &touch).ok());
  EXPECT_FALSE(touch.found());
  EXPECT_FALSE(touch.receipt().has_version());
}

TEST_F(KacheServerTouchTest, RefusesWhatIsOutOfRange) {
  v1::TouchResponse touch;
  for (const v1::TouchRequest& request :
       {TouchOf("", 1), TouchOf("k", -1), TouchOf("k", 3'153'600'000'001)}) {
    EXPECT_EQ(Touch(request, &touch).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(KacheServerTouchTest, AttemptsWithOneStampAreOneTouch) {
  v1::PutResponse put;
  ASSERT_TRUE(cluster_.Put("k", "v", &put).ok());
  v1::TouchRequest first = TouchOf("k", 60'000);
  first.mutable_stamp()->set_timestamp(put.receipt().version().timestamp() + (5 << 16));
  first.mutable_stamp()->set_clock(uint64_t{0xCA11} << 16);
  first.set_consistency(v1::CONSISTENCY_ALL);
  v1::TouchResponse once;
  v1::TouchResponse twice;
  ASSERT_TRUE(Touch(first, &once).ok());
  ASSERT_TRUE(Touch(first, &twice).ok());
  EXPECT_EQ(once.receipt().version().clock(), twice.receipt().version().clock());
  v1::TouchRequest later = first;
  later.set_ttl_ms(3'600'000);
  later.mutable_stamp()->set_timestamp(first.stamp().timestamp() + (5 << 16));
  ASSERT_TRUE(Touch(later, &twice).ok());
  const grpc::Status late = Touch(first, &once);
  EXPECT_EQ(late.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_GT(LifeLeftMs("k"), 3'500'000);
}

// As a put that was stamped before it.
TEST_F(KacheServerTouchTest, AStampBelowTheValueIsSuperseded) {
  v1::PutResponse put;
  ASSERT_TRUE(cluster_.Put("k", "v", &put).ok());
  v1::TouchRequest request = TouchOf("k", 60'000);
  request.mutable_stamp()->set_timestamp(put.receipt().version().timestamp() - (1000 << 16));
  request.mutable_stamp()->set_clock(uint64_t{0xCA11} << 16);
  v1::TouchResponse touch;
  EXPECT_EQ(Touch(request, &touch).error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(LifeLeftMs("k"), 0);
}

TEST_F(KacheServerTouchTest, ABatchHasAResultForEachKey) {
  ASSERT_TRUE(cluster_.Put("a", "v").ok());
  v1::BatchTouchRequest request;
  for (const char* key : {"a", "none", ""}) {
    request.add_entries()->set_key(key);
    request.mutable_entries()->rbegin()->set_ttl_ms(60'000);
  }
  v1::BatchTouchResponse response;
  ASSERT_TRUE(cluster_.kache().BatchTouch(Patient().get(), request, &response).ok());
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_TRUE(response.results(0).response().found());
  EXPECT_TRUE(response.results(1).has_response());
  EXPECT_FALSE(response.results(1).response().found());
  EXPECT_EQ(response.results(2).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_GT(LifeLeftMs("a"), 50'000);
  ASSERT_TRUE(cluster_.kache().BatchTouch(Patient().get(), {}, &response).ok());
}

TEST_F(KacheServerTouchTest, TravelsOnStreams) {
  ASSERT_TRUE(cluster_.Put("a", "v").ok());
  PipelineClient client(cluster_.kache());
  v1::PipelineOperation found;
  found.set_id(1);
  *found.mutable_touch() = TouchOf("a", 60'000);
  v1::PipelineOperation miss;
  miss.set_id(2);
  *miss.mutable_touch() = TouchOf("none", 60'000);
  client.Send({found, miss});
  auto results = client.Read(2);
  EXPECT_TRUE(results[1].touch().found());
  EXPECT_TRUE(results[2].has_touch());
  EXPECT_FALSE(results[2].touch().found());
  EXPECT_GT(LifeLeftMs("a"), 50'000);
  EXPECT_TRUE(client.Finish().ok());
  EXPECT_TRUE(Eventually([&] {
    return cluster_.Metric("kache_requests_total{code=\"OK\",rpc=\"Touch\",via=\"pipeline\"}") == 2;
  }));
}

}  // namespace
}  // namespace kache
