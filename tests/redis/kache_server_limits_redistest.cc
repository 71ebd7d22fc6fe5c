// What the server refuses, and how: limits, deadlines, what this release does not offer.
#include <grpcpp/completion_queue.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/testing/kache_server_fixture.h"
#include "tests/testing/pipeline_client.h"

namespace kache {
namespace {

using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;
using ::kache::testing::PipelineClient;

// The detail of that type that a failed call carries.
template <class Detail>
std::optional<Detail> DetailOf(const grpc::Status& status) {
  google::rpc::Status message;
  if (!message.ParseFromString(status.error_details())) return std::nullopt;
  Detail detail;
  for (const google::protobuf::Any& any : message.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

std::optional<absl::Duration> AdviceOf(const grpc::Status& status) {
  const auto info = DetailOf<google::rpc::RetryInfo>(status);
  if (!info) return std::nullopt;
  return absl::Seconds(info->retry_delay().seconds()) +
         absl::Nanoseconds(info->retry_delay().nanos());
}

// Get calls that wait for an answer.
class WaitingGets {
 public:
  explicit WaitingGets(v1::Kache::Stub& stub) : stub_(stub) {}
  ~WaitingGets() {
    for (auto& call : calls_) call->context->TryCancel();
    Collect();
  }

  void Start() {
    auto call = std::make_unique<Call>();
    call->context = Patient();
    v1::GetRequest request;
    request.set_key("k" + std::to_string(calls_.size()));
    call->reader = stub_.AsyncGet(call->context.get(), request, &queue_);
    call->reader->Finish(&call->response, &call->status, call.get());
    ++waiting_;
    calls_.push_back(std::move(call));
  }
  // Waits for all and returns how many were answered OK.
  int Collect() {
    int ok_calls = 0;
    for (; waiting_ > 0; --waiting_) {
      void* tag;
      bool ok;
      queue_.Next(&tag, &ok);
      ok_calls += static_cast<Call*>(tag)->status.ok();
    }
    return ok_calls;
  }
  // Of the call that was started as `index`th, once collected.
  const grpc::Status& StatusOf(size_t index) const { return calls_[index]->status; }

 private:
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetResponse>> reader;
    v1::GetResponse response;
    grpc::Status status;
  };
  v1::Kache::Stub& stub_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Call>> calls_;
  size_t waiting_ = 0;
};

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

// MAX_IN_FLIGHT_BYTES with room for the requests below, and for no more than a few bytes of answer.
class KacheServerBytesTest : public KacheServerLimitsTest {
 protected:
  KacheServerBytesTest() {
    cluster_.config.max_in_flight_bytes = 50;
    cluster_.StartServer();
  }
  const std::string value_ = std::string(30, 'v');
};

TEST_F(KacheServerBytesTest, AWriteThatWasAppliedIsAnsweredWhateverTheLimitOfBytes) {
  v1::PutResponse put;
  const grpc::Status status = cluster_.Put("k", value_, &put);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(put.receipt().acknowledged(), 1u);

  v1::BatchPutRequest batch;
  batch.add_entries()->set_key("a");
  batch.mutable_entries(0)->set_value(value_);
  v1::BatchPutResponse batch_put;
  ASSERT_TRUE(cluster_.kache().BatchPut(Patient().get(), batch, &batch_put).ok());
  EXPECT_TRUE(batch_put.results(0).has_receipt());

  v1::BatchDeleteRequest erase;
  for (int i = 0; i < 12; ++i) erase.add_keys("a");
  v1::BatchDeleteResponse erased;
  ASSERT_TRUE(cluster_.kache().BatchDelete(Patient().get(), erase, &erased).ok());
  EXPECT_EQ(erased.results_size(), 12);

  v1::DeleteRequest one;
  one.set_key(std::string(45, 'k'));
  v1::DeleteResponse one_erased;
  EXPECT_TRUE(cluster_.kache().Delete(Patient().get(), one, &one_erased).ok());
  EXPECT_EQ(cluster_.Metric("kache_rejected_total{reason=\"too_many_bytes\"}"), 0);

  PipelineClient client(cluster_.kache());
  client.Send({testing::Put(1, "p", value_)});
  EXPECT_TRUE(client.Read(1)[1].has_put());
  EXPECT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 0; }));
  EXPECT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_bytes") == 0; }));
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
  ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_bytes") == 0; }));
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
