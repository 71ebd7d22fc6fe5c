// What the server refuses, and how: limits, deadlines, what this release does not offer.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "tests/testing/kache_server_fixture.h"
#include "tests/testing/pipeline_client.h"
#include "tests/testing/rpc_details.h"
#include "tests/testing/waiting_gets.h"

namespace kache {
namespace {

using ::kache::testing::AdviceOf;
using ::kache::testing::DetailOf;
using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;
using ::kache::testing::PipelineClient;
using ::kache::testing::WaitingGets;

class KacheServerLimitsTest : public ::testing::Test {
 protected:
  // Reads wait as long as Redis is frozen, but for a connection given up.
  void WaitForReplies() { cluster_.config.try_timeout = absl::Seconds(15); }

  KacheCluster cluster_{1};
};

TEST_F(KacheServerLimitsTest, RefusesWrongRequestsAndNamesTheField) {
  cluster_.StartServer();
  const grpc::Status no_key = cluster_.Put("", "v");
  EXPECT_EQ(no_key.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(no_key.error_message().find("key"), std::string::npos);
  const grpc::Status long_key = cluster_.Put(std::string(1025, 'k'), "v");
  EXPECT_EQ(long_key.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Status big_value = cluster_.Put("k", std::string((size_t{1} << 20) + 1, 'v'));
  EXPECT_EQ(big_value.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(big_value.error_message().find("MAX_VALUE_BYTES (1048576)"), std::string::npos);
}

TEST_F(KacheServerLimitsTest, AnswersNoLargerValueThanIsAskedFor) {
  cluster_.StartServer();
  ASSERT_TRUE(cluster_.Put("k", "three").ok());
  v1::GetRequest request;
  request.set_key("k");
  request.set_max_value_bytes(4);
  v1::GetResponse response;
  const grpc::Status too_large = cluster_.kache().Get(Patient().get(), request, &response);
  EXPECT_EQ(too_large.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(too_large).value().reason(), "VALUE_TOO_LARGE");
  request.set_max_value_bytes(5);
  EXPECT_TRUE(cluster_.kache().Get(Patient().get(), request, &response).ok());
  EXPECT_EQ(response.value(), "three");
}

TEST_F(KacheServerLimitsTest, RefusesMessagesOverAllLimits) {
  cluster_.StartServer();
  const grpc::Status status = cluster_.Put("k", std::string(size_t{8} << 20, 'v'));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(cluster_.Put("k", "v").ok()) << "the connection still works";
}

TEST_F(KacheServerLimitsTest, RefusesBatchesWithTooManyKeys) {
  cluster_.StartServer();
  v1::BatchGetRequest request;
  for (int i = 0; i < 1001; ++i) request.add_keys("k");
  v1::BatchGetResponse response;
  const grpc::Status status = cluster_.kache().BatchGet(Patient().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(KacheServerLimitsTest, TakesTheLargestBatch) {
  cluster_.StartServer();
  v1::BatchPutRequest request;
  for (int i = 0; i < 1000; ++i) {
    v1::BatchPutRequest::Entry& entry = *request.add_entries();
    entry.set_key("key-" + std::to_string(1000 + i));
    entry.set_value(std::string((size_t{3} << 20) / 1000 - 8, 'v'));
    entry.set_ttl_ms(int64_t{1} << 40);
  }
  v1::BatchPutResponse response;
  const grpc::Status status = cluster_.kache().BatchPut(Patient().get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  for (const v1::WriteResult& result : response.results()) ASSERT_TRUE(result.has_receipt());
}

TEST_F(KacheServerLimitsTest, TellsWhatAWriteReachedThatFellShort) {
  cluster_.StartServer();
  cluster_.redis(0).Run({"CONFIG", "SET", "maxmemory", "1"});
  v1::PutRequest request;
  request.set_key("k");
  request.set_value("v");
  request.set_consistency(v1::CONSISTENCY_ALL);
  v1::PutResponse response;
  const grpc::Status status = cluster_.kache().Put(Patient().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED) << status.error_message();
  const std::optional<v1::Receipt> receipt = DetailOf<v1::Receipt>(status);
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->acknowledged(), 0u);
  EXPECT_EQ(receipt->required(), 1u);
}

TEST_F(KacheServerLimitsTest, KeepsTheCallersDeadline) {
  WaitForReplies();
  cluster_.StartServer();
  cluster_.redis(0).Freeze();
  v1::GetRequest request;
  request.set_key("k");
  v1::GetResponse response;
  const auto context = Patient(absl::Seconds(2));
  const absl::Time start = absl::Now();
  EXPECT_EQ(cluster_.kache().Get(context.get(), request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  // The server gives up too: nothing stays in flight, although Redis is still frozen.
  EXPECT_TRUE(Eventually([this] {
    return cluster_.Metric(
               "kache_requests_total{code=\"DEADLINE_EXCEEDED\",rpc=\"Get\",via=\"unary\"}") == 1;
  }));
  EXPECT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 0; }));
}

TEST_F(KacheServerLimitsTest, SetsADeadlineWhereTheCallerDidNot) {
  WaitForReplies();
  cluster_.config.request_timeout = absl::Milliseconds(200);
  cluster_.StartServer();
  cluster_.redis(0).Freeze();
  grpc::ClientContext without_deadline;
  v1::GetRequest request;
  request.set_key("k");
  v1::GetResponse response;
  EXPECT_EQ(cluster_.kache().Get(&without_deadline, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(KacheServerLimitsTest, RefusesOperationsOverTheLimitAndAdvisesToRetry) {
  WaitForReplies();
  cluster_.config.max_in_flight = 3;
  cluster_.StartServer();
  cluster_.redis(0).Freeze();
  WaitingGets gets(cluster_.kache());
  for (int i = 0; i < 3; ++i) gets.Start();
  ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 3; }));

  v1::GetRequest request;
  request.set_key("k");
  v1::GetResponse response;
  const auto context = Patient();
  const grpc::Status status = cluster_.kache().Get(context.get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_NE(status.error_message().find("try again later"), std::string::npos);
  const std::optional<absl::Duration> wait = AdviceOf(status);
  ASSERT_TRUE(wait.has_value());
  EXPECT_GT(*wait, absl::ZeroDuration());
  EXPECT_EQ(context->GetServerTrailingMetadata().count("retry-after-ms"), 0u);
  EXPECT_EQ(cluster_.Metric("kache_rejected_total{reason=\"too_many_in_flight\"}"), 1);
  EXPECT_EQ(cluster_.Status().nodes_size(), 1) << "status is answered all the same";

  cluster_.redis(0).Thaw();
  EXPECT_EQ(gets.Collect(), 3);
  EXPECT_TRUE(Eventually([&] { return cluster_.Get("k", &response).ok(); }));
}

TEST_F(KacheServerLimitsTest, OneConnectionLeavesRoomForOthers) {
  WaitForReplies();
  cluster_.config.max_in_flight = 100;
  cluster_.StartServer();
  cluster_.redis(0).Freeze();
  WaitingGets greedy(cluster_.kache());
  for (int i = 0; i < 100; ++i) greedy.Start();
  const auto refused = [this] {
    return cluster_.Metric("kache_rejected_total{reason=\"too_many_in_flight_of_connection\"}");
  };
  ASSERT_TRUE(Eventually([&] { return refused() == 25; }));
  const auto other_stub = v1::Kache::NewStub(cluster_.NewChannel());
  WaitingGets other(*other_stub);
  for (int i = 0; i < 10; ++i) other.Start();
  ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 85; }));
  cluster_.redis(0).Thaw();
  EXPECT_EQ(other.Collect(), 10);
  EXPECT_EQ(greedy.Collect(), 75);
}

TEST_F(KacheServerLimitsTest, CountsABatchByItsKeys) {
  WaitForReplies();
  cluster_.config.max_in_flight = 10;
  cluster_.StartServer();
  cluster_.redis(0).Freeze();
  WaitingGets gets(cluster_.kache());
  gets.Start();
  ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 1; }));
  v1::BatchGetRequest request;
  for (int i = 0; i < 10; ++i) request.add_keys("k");
  v1::BatchGetResponse response;
  EXPECT_EQ(cluster_.kache().BatchGet(Patient().get(), request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  cluster_.redis(0).Thaw();
  EXPECT_EQ(gets.Collect(), 1);
  EXPECT_TRUE(Eventually(
      [&] { return cluster_.kache().BatchGet(Patient().get(), request, &response).ok(); }));
}

TEST_F(KacheServerLimitsTest, AdvisesHowLongToWaitOverALimitOfOperationsASecond) {
  cluster_.config.access.operations_per_second = 200;
  cluster_.StartServer();
  v1::BatchGetRequest batch;  // it is let in, and whoever comes next waits for it
  for (int i = 0; i < 1000; ++i) batch.add_keys("k");
  v1::BatchGetResponse batch_response;
  ASSERT_TRUE(cluster_.kache().BatchGet(Patient().get(), batch, &batch_response).ok());

  v1::GetResponse response;
  const grpc::Status unary = cluster_.Get("k", &response);
  ASSERT_EQ(unary.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const std::optional<absl::Duration> wait = AdviceOf(unary);
  ASSERT_TRUE(wait.has_value());
  EXPECT_GT(*wait, absl::Seconds(1));
  EXPECT_LT(*wait, absl::Seconds(6));

  PipelineClient client(cluster_.kache());
  client.Send({testing::Get(1, "k")});
  const v1::Error error = client.Read(1)[1].error();
  EXPECT_EQ(error.code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_GT(error.retry_after_ms(), 1000);
  EXPECT_LT(error.retry_after_ms(), 6000);
}

TEST_F(KacheServerLimitsTest, ForgetsCallsThatTheirCallersGaveUp) {
  WaitForReplies();
  cluster_.StartServer();
  cluster_.redis(0).Freeze();
  {
    WaitingGets gets(cluster_.kache());
    for (int i = 0; i < 50; ++i) gets.Start();
    ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 50; }));
  }  // cancels them
  cluster_.redis(0).Thaw();
  EXPECT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 0; }));
  EXPECT_TRUE(Eventually([this] { return cluster_.Put("k", "v").ok(); }));
}

}  // namespace
}  // namespace kache
