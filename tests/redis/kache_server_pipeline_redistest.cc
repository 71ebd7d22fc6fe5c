// Pipeline streams of a whole server: answers, limits, broken streams, stopping.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/testing/kache_server_fixture.h"
#include "tests/testing/pipeline_client.h"

namespace kache {
namespace {

using ::kache::testing::Eventually;
using ::kache::testing::Get;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;
using ::kache::testing::PipelineClient;
using ::kache::testing::Put;

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() { cluster_.config.try_timeout = absl::Seconds(15); }

  void Start() {
    cluster_.StartServer();
    client_ = std::make_unique<PipelineClient>(cluster_.kache());
  }
  bool InFlight(int operations) {
    return Eventually([&] { return cluster_.Metric("kache_in_flight_operations") == operations; });
  }
  double Paused(const std::string& reason) {
    return cluster_.Metric("kache_pipeline_paused_total{reason=\"" + reason + "\"}");
  }

  KacheCluster cluster_{1};
  std::unique_ptr<PipelineClient> client_;
};

TEST_F(PipelineTest, AnswersEveryKindOfOperationById) {
  Start();
  client_->Send({Put(1, "a", "apple"), Put(2, "b", "banana")});
  auto results = client_->Read(2);
  EXPECT_EQ(results[1].put().receipt().acknowledged(), 1u);
  EXPECT_TRUE(results[2].has_put());

  v1::PipelineOperation erase;
  erase.set_id(5);
  erase.mutable_delete_()->set_key("c");
  client_->Send({Get(3, "a"), Get(4, "nothing"), erase});
  client_->Send({Get(6, "b")});
  results = client_->Read(4);
  EXPECT_EQ(results[3].get().value(), "apple");
  EXPECT_FALSE(results[4].get().found());
  EXPECT_TRUE(results[5].has_delete_());
  EXPECT_EQ(results[6].get().value(), "banana");
  EXPECT_TRUE(Eventually([&] {
    return cluster_.Metric("kache_requests_total{code=\"OK\",rpc=\"Get\",via=\"pipeline\"}") == 3;
  }));
  EXPECT_EQ(cluster_.Metric("kache_pipeline_streams"), 1);

  EXPECT_TRUE(client_->Finish().ok());
  EXPECT_TRUE(Eventually([&] { return cluster_.Metric("kache_pipeline_streams") == 0; }));
  EXPECT_TRUE(InFlight(0));
}

TEST_F(PipelineTest, AnswersManyInFewMessages) {
  Start();
  std::vector<v1::PipelineOperation> operations;
  for (uint64_t i = 0; i < 1000; ++i) operations.push_back(Put(i, "k" + std::to_string(i), "v"));
  client_->Send(operations);
  EXPECT_EQ(client_->Read(1000).size(), 1000u);
  EXPECT_LT(client_->messages(), 1000);
}

TEST_F(PipelineTest, AnswersWhatIsLeftAfterTheClientHasSentAll) {
  Start();
  cluster_.redis(0).Freeze();
  client_->Send({Put(1, "a", "v")});
  client_->WritesDone();
  ASSERT_TRUE(InFlight(1));
  cluster_.redis(0).Thaw();
  EXPECT_TRUE(client_->Read(1)[1].has_put());
  EXPECT_TRUE(client_->Finish().ok());
}

TEST_F(PipelineTest, TellsWhatIsWrongWithOneOperation) {
  Start();
  v1::PipelineOperation nothing;
  nothing.set_id(2);
  v1::PipelineOperation expired = Put(3, "a", "v");
  expired.mutable_put()->set_ttl_ms(-1);
  client_->Send({Get(1, ""), nothing, expired, Put(4, "a", "v")});
  client_->Send({});
  auto results = client_->Read(4);
  for (uint64_t id : {1, 2, 3}) {
    EXPECT_EQ(results[id].error().code(), grpc::StatusCode::INVALID_ARGUMENT) << id;
    EXPECT_NE(results[id].error().message(), "") << id;
  }
  EXPECT_TRUE(results[4].has_put());
}

TEST_F(PipelineTest, AnswersNoLargerValueThanIsAskedFor) {
  Start();
  client_->Send({Put(1, "k", "three")});
  ASSERT_TRUE(client_->Read(1)[1].has_put());
  const auto get = [](uint64_t id, uint32_t max_value_bytes) {
    v1::PipelineOperation operation = Get(id, "k");
    operation.mutable_get()->set_max_value_bytes(max_value_bytes);
    return operation;
  };
  client_->Send({get(2, 4), get(3, 5), get(4, 0)});
  auto results = client_->Read(3);
  EXPECT_EQ(results[2].error().code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(results[2].error().reason(), "VALUE_TOO_LARGE");
  EXPECT_EQ(results[3].get().value(), "three");
  EXPECT_EQ(results[4].get().value(), "three");
}

TEST_F(PipelineTest, GivesEveryOperationItsOwnTime) {
  Start();
  cluster_.redis(0).Freeze();
  v1::PipelineOperation hasty = Get(1, "a");
  hasty.set_timeout_ms(50);
  client_->Send({Get(2, "a"), hasty});
  const v1::Error error = client_->Read(1)[1].error();
  EXPECT_EQ(error.code(), grpc::StatusCode::DEADLINE_EXCEEDED) << error.message();
  cluster_.redis(0).Thaw();
  EXPECT_TRUE(client_->Read(1)[2].has_get());
}

TEST_F(PipelineTest, IsNotReadWhileItHasTooManyOperations) {
  cluster_.config.max_pipeline_operations = 4;
  Start();
  cluster_.redis(0).Freeze();
  client_->Send({Put(1, "a", "v"), Put(2, "b", "v"), Put(3, "c", "v")});
  for (uint64_t id = 4; id <= 10; ++id) client_->Send({Put(id, "k" + std::to_string(id), "v")});
  ASSERT_TRUE(InFlight(4));
  EXPECT_TRUE(Eventually([&] { return Paused("operations") == 1; }));
  cluster_.redis(0).Thaw();
  EXPECT_EQ(client_->Read(10).size(), 10u);
}

TEST_F(PipelineTest, IsNotReadWhileItsRequestsHoldTooMuch) {
  cluster_.config.max_batch_bytes = 1 << 20;
  Start();
  cluster_.redis(0).Freeze();
  const std::string large(600 << 10, 'x');
  for (uint64_t id = 1; id <= 6; ++id) client_->Send({Put(id, "k" + std::to_string(id), large)});
  ASSERT_TRUE(InFlight(2));
  EXPECT_TRUE(Eventually([&] { return Paused("request_bytes") == 1; }));
  cluster_.redis(0).Thaw();
  EXPECT_EQ(client_->Read(6).size(), 6u);
}

TEST_F(PipelineTest, RefusesOperationsWhenTheServerIsFull) {
  cluster_.config.max_in_flight = 2;
  Start();
  cluster_.redis(0).Freeze();
  client_->Send({Put(1, "a", "v"), Put(2, "b", "v"), Put(3, "c", "v"), Put(4, "d", "v")});
  auto results = client_->Read(2);
  EXPECT_EQ(results[3].error().code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(results[4].error().code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(cluster_.Metric("kache_rejected_total{reason=\"too_many_in_flight\"}"), 2);
  cluster_.redis(0).Thaw();
  EXPECT_EQ(client_->Read(2).count(1), 1u);
}

TEST_F(PipelineTest, HoldsUpAClientThatDoesNotReadItsAnswers) {
  cluster_.config.max_batch_bytes = 1 << 20;
  Start();
  ASSERT_TRUE(cluster_.Put("a", std::string(512 << 10, 'x')).ok());
  // 50 MiB of answers, all at once. Once 8 MiB have gathered, values are dropped, ...
  constexpr uint64_t kReads = 100;
  cluster_.redis(0).Freeze();
  for (uint64_t id = 0; id < kReads; ++id) client_->Send({Get(id, "a")});
  ASSERT_TRUE(InFlight(kReads));
  cluster_.redis(0).Thaw();
  const auto refused = [&] { return cluster_.Metric("kache_pipeline_values_refused_total"); };
  EXPECT_TRUE(Eventually([&] { return refused() >= 1; }));
  // ... and nothing more is taken; more than once where what is under way to the client makes room.
  client_->Send({Get(kReads, "a")});
  EXPECT_TRUE(Eventually([&] { return Paused("answer_bytes") >= 1; }));
  EXPECT_TRUE(cluster_.Put("b", "others are served").ok());

  int errors = 0;
  for (const auto& [id, result] : client_->Read(kReads + 1)) {
    if (!result.has_error()) continue;
    EXPECT_EQ(result.error().code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    ++errors;
  }
  EXPECT_EQ(refused(), errors);
  EXPECT_TRUE(InFlight(0));
}

TEST_F(PipelineTest, FinishesWhatABrokenStreamHadSent) {
  Start();
  cluster_.redis(0).Freeze();
  client_->Send({Put(1, "a", "written")});
  ASSERT_TRUE(InFlight(1));
  client_->Cancel();
  EXPECT_EQ(client_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(Eventually([&] { return cluster_.Metric("kache_pipeline_streams") == 0; }));
  cluster_.redis(0).Thaw();
  EXPECT_TRUE(InFlight(0));
  EXPECT_EQ(cluster_.Metric("kache_pipeline_answers_dropped_total"), 1);
  v1::GetResponse response;
  ASSERT_TRUE(cluster_.Get("a", &response).ok());
  EXPECT_EQ(response.value(), "written");
}

TEST_F(PipelineTest, RefusesAMessageThatIsTooLarge) {
  Start();
  const std::string value(1 << 20, 'x');
  client_->Send({Put(1, "a", value), Put(2, "b", value), Put(3, "c", value), Put(4, "d", value)});
  EXPECT_EQ(client_->AwaitEnd().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Eventually([&] { return cluster_.Metric("kache_pipeline_streams") == 0; }));
}

TEST_F(PipelineTest, EndsOverAMessageOfMoreOperationsThanItMayHaveOnceTheOthersAreAnswered) {
  cluster_.config.max_pipeline_operations = 4;
  Start();
  client_->Send({Put(1, "a", "v"), Put(2, "b", "v")});
  client_->Send(std::vector<v1::PipelineOperation>(257));
  EXPECT_EQ(client_->Read(2).size(), 2u);
  EXPECT_EQ(client_->AwaitEnd().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Eventually([&] { return cluster_.Metric("kache_in_flight_bytes") == 0; }));
}

TEST_F(PipelineTest, RefusesEachOperationOfALargeMessageWithoutRoom) {
  cluster_.config.max_in_flight_bytes = 64 << 10;
  Start();
  cluster_.redis(0).Freeze();
  client_->Send({Put(1, "a", std::string(100'000, 'v'))});  // alone, it has room
  ASSERT_TRUE(InFlight(1));
  std::vector<v1::PipelineOperation> reads;
  for (uint64_t id = 2; id < 1002; ++id) reads.push_back(Get(id, "a"));
  client_->Send(reads);
  const auto results = client_->Read(1000);
  ASSERT_EQ(results.size(), 1000u);
  for (const auto& [id, result] : results) {
    EXPECT_EQ(result.error().code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << id;
    EXPECT_GT(result.error().retry_after_ms(), 0u) << id;
  }
  cluster_.redis(0).Thaw();
  EXPECT_EQ(client_->Read(1).count(1), 1u);
}

TEST_F(PipelineTest, AnOperationThatIsAloneHasRoom) {
  cluster_.config.max_in_flight_bytes = 64 << 10;
  Start();
  client_->Send({Put(1, "a", std::string(1 << 20, 'v'))});
  EXPECT_TRUE(client_->Read(1)[1].has_put());
  EXPECT_TRUE(Eventually([&] { return cluster_.Metric("kache_in_flight_bytes") == 0; }));
  client_->Send({Get(2, "a")});
  EXPECT_EQ(client_->Read(1)[2].get().value().size(), size_t{1} << 20);
}

TEST_F(PipelineTest, ServesStreamsSideBySide) {
  cluster_.config.grpc_threads = 2;
  cluster_.config.shards = 2;
  Start();
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      PipelineClient client(cluster_.kache());
      for (uint64_t round = 0; round < 50; ++round) {
        std::vector<v1::PipelineOperation> operations;
        for (uint64_t i = 0; i < 100; ++i) {
          const std::string key = std::to_string(t) + ":" + std::to_string(i);
          operations.push_back(i % 2 == 0 ? Put(i, key, key) : Get(i, key));
        }
        client.Send(operations);
        EXPECT_EQ(client.Read(100).size(), 100u);
      }
      EXPECT_TRUE(client.Finish().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(InFlight(0));
}

TEST_F(PipelineTest, EndsWithUnavailableAfterAnsweringWhenTheServerStops) {
  Start();
  PipelineClient idle(cluster_.kache());
  idle.Send({Put(1, "idle", "v")});
  EXPECT_EQ(idle.Read(1).size(), 1u);

  cluster_.redis(0).Freeze();
  client_->Send({Put(1, "a", "v")});
  ASSERT_TRUE(InFlight(1));
  bool in_time = false;
  std::thread stop([&] { in_time = cluster_.server().Stop(absl::Seconds(20)); });
  EXPECT_EQ(idle.AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
  cluster_.redis(0).Thaw();
  EXPECT_TRUE(client_->Read(1)[1].has_put());
  EXPECT_EQ(client_->AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
  stop.join();
  EXPECT_TRUE(in_time);
}

TEST_F(PipelineTest, GivesUpWhenTheDrainTimeIsOver) {
  Start();
  cluster_.redis(0).Freeze();
  client_->Send({Put(1, "a", "v"), Get(2, "a")});
  ASSERT_TRUE(InFlight(2));
  EXPECT_FALSE(cluster_.server().Stop(absl::Milliseconds(200)));
  EXPECT_FALSE(client_->AwaitEnd().ok());
}

}  // namespace
}  // namespace kache
