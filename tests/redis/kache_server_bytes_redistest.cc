// What the server refuses for its bytes (MAX_IN_FLIGHT_BYTES), and what it never does.
#include <gtest/gtest.h>

#include <string>

#include "absl/time/time.h"
#include "tests/testing/kache_server_fixture.h"
#include "tests/testing/pipeline_client.h"
#include "tests/testing/rpc_details.h"
#include "tests/testing/waiting_gets.h"

namespace kache {
namespace {

using ::kache::testing::AdviceOf;
using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;
using ::kache::testing::PipelineClient;
using ::kache::testing::WaitingGets;

// MAX_IN_FLIGHT_BYTES with room for the requests below, and for no more than a few bytes of answer.
class KacheServerBytesTest : public ::testing::Test {
 protected:
  KacheServerBytesTest() {
    cluster_.config.max_in_flight_bytes = 50;
    cluster_.StartServer();
  }

  // An answer reaches its caller before the server gives back what the call held; the next call is
  // alone only then.
  [[nodiscard]] bool WaitUntilNothingIsHeld() {
    return Eventually([this] { return cluster_.Metric("kache_in_flight_bytes") == 0; });
  }

  // Reads wait as long as Redis is frozen, but for a connection given up.
  void WaitForReplies() { cluster_.config.try_timeout = absl::Seconds(15); }

  KacheCluster cluster_{1};
  const std::string value_ = std::string(30, 'v');
};

TEST_F(KacheServerBytesTest, AWriteThatWasAppliedIsAnsweredWhateverTheLimitOfBytes) {
  v1::PutResponse put;
  const grpc::Status status = cluster_.Put("k", value_, &put);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(put.receipt().acknowledged(), 1u);

  ASSERT_TRUE(WaitUntilNothingIsHeld());
  v1::BatchPutRequest batch;
  batch.add_entries()->set_key("a");
  batch.mutable_entries(0)->set_value(value_);
  v1::BatchPutResponse batch_put;
  ASSERT_TRUE(cluster_.kache().BatchPut(Patient().get(), batch, &batch_put).ok());
  EXPECT_TRUE(batch_put.results(0).has_receipt());

  ASSERT_TRUE(WaitUntilNothingIsHeld());
  v1::BatchDeleteRequest erase;
  for (int i = 0; i < 12; ++i) erase.add_keys("a");
  v1::BatchDeleteResponse erased;
  ASSERT_TRUE(cluster_.kache().BatchDelete(Patient().get(), erase, &erased).ok());
  EXPECT_EQ(erased.results_size(), 12);

  ASSERT_TRUE(WaitUntilNothingIsHeld());
  v1::DeleteRequest one;
  one.set_key(std::string(45, 'k'));
  v1::DeleteResponse one_erased;
  EXPECT_TRUE(cluster_.kache().Delete(Patient().get(), one, &one_erased).ok());
  EXPECT_EQ(cluster_.Metric("kache_rejected_total{reason=\"too_many_bytes\"}"), 0);

  ASSERT_TRUE(WaitUntilNothingIsHeld());
  PipelineClient client(cluster_.kache());
  client.Send({testing::Put(1, "p", value_)});
  EXPECT_TRUE(client.Read(1)[1].has_put());
  EXPECT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 0; }));
  EXPECT_TRUE(WaitUntilNothingIsHeld());
}

TEST_F(KacheServerBytesTest, AValueWithoutRoomIsRefusedWithAdvice) {
  ASSERT_TRUE(cluster_.Put("k0", value_).ok());
  cluster_.redis(0).Freeze();
  WaitingGets gets(cluster_.kache());
  for (int i = 0; i < 2; ++i) gets.Start();
  ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 2; }));
  cluster_.redis(0).Thaw();
  gets.Collect();
  EXPECT_EQ(gets.StatusOf(0).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(AdviceOf(gets.StatusOf(0)).has_value());
  EXPECT_GE(cluster_.Metric("kache_rejected_total{reason=\"too_many_bytes\"}"), 1);
}

TEST_F(KacheServerBytesTest, ARequestThatIsAloneHasRoomForItsAnswer) {
  ASSERT_TRUE(cluster_.Put("k", std::string(100'000, 'v')).ok());
  ASSERT_TRUE(WaitUntilNothingIsHeld());
  v1::GetResponse response;
  EXPECT_TRUE(cluster_.Get("k", &response).ok());
  EXPECT_EQ(response.value().size(), 100'000u);
}

TEST_F(KacheServerBytesTest, ABatchThatIsAloneHasRoomForAllItsWrites) {
  v1::BatchPutRequest batch;
  for (int i = 0; i < 20; ++i) {
    batch.add_entries()->set_key("a" + std::to_string(i));
    batch.mutable_entries(i)->set_value(std::string(100'000, 'v'));
  }
  v1::BatchPutResponse response;
  ASSERT_TRUE(cluster_.kache().BatchPut(Patient().get(), batch, &response).ok());
  for (const v1::WriteResult& result : response.results()) EXPECT_TRUE(result.has_receipt());
}

TEST_F(KacheServerBytesTest, AWriteWithoutRoomForItsRequestIsNotBegun) {
  WaitForReplies();
  cluster_.redis(0).Freeze();
  WaitingGets gets(cluster_.kache());
  gets.Start();
  ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 1; }));
  const grpc::Status status = cluster_.Put("k", std::string(60, 'v'));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  cluster_.redis(0).Thaw();
  gets.Collect();
  v1::GetResponse response;
  ASSERT_TRUE(Eventually([&] { return cluster_.Get("k", &response).ok(); }));
  EXPECT_FALSE(response.found());
}

}  // namespace
}  // namespace kache
