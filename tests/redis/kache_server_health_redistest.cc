// The gRPC health service and reflection of a whole server.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/health_client.h"
#include "tests/testing/kache_server_fixture.h"

namespace kache {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;

constexpr char kKache[] = "kache.v1.Kache";

// A Watch stream.
class Watcher {
 public:
  Watcher(KacheCluster& cluster, const std::string& service) : Watcher(cluster.health(), service) {}
  Watcher(grpc::health::v1::Health::Stub& stub, const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub.Watch(context_.get(), request);
  }
  // The next state; UNKNOWN when the stream has ended.
  HealthCheckResponse::ServingStatus Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
  }
  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_->TryCancel(); }

 private:
  std::unique_ptr<grpc::ClientContext> context_ = Patient();
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class KacheServerHealthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.config.ping_interval = absl::Seconds(1);
    cluster_.StartServer();
  }

  grpc::Status Check(const std::string& service, HealthCheckResponse* response) {
    HealthCheckRequest request;
    request.set_service(service);
    return cluster_.health().Check(Patient().get(), request, response);
  }
  HealthCheckResponse::ServingStatus StateOf(const std::string& service) {
    HealthCheckResponse response;
    EXPECT_TRUE(Check(service, &response).ok());
    return response.status();
  }

  KacheCluster cluster_{2};
};

TEST_F(KacheServerHealthTest, ServesWhileARedisServerIsThere) {
  for (const char* service : {"", kKache, "live"}) {
    EXPECT_EQ(StateOf(service), HealthCheckResponse::SERVING) << service;
  }
  cluster_.redis(0).Kill();
  EXPECT_TRUE(
      Eventually([this] { return cluster_.Status().nodes(0).state() == v1::NODE_STATE_DOWN; }));
  EXPECT_EQ(StateOf(kKache), HealthCheckResponse::SERVING);
}

TEST_F(KacheServerHealthTest, StaysAliveWithoutAnyRedisServer) {
  cluster_.redis(0).Kill();
  cluster_.redis(1).Kill();
  EXPECT_TRUE(Eventually([this] { return StateOf(kKache) == HealthCheckResponse::NOT_SERVING; }));
  EXPECT_EQ(StateOf(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(StateOf("live"), HealthCheckResponse::SERVING);
  cluster_.redis(1).Restart();
  EXPECT_TRUE(Eventually([this] { return StateOf(kKache) == HealthCheckResponse::SERVING; }));
}

TEST_F(KacheServerHealthTest, DoesNotKnowOtherServices) {
  HealthCheckResponse response;
  EXPECT_EQ(Check("nobody", &response).error_code(), grpc::StatusCode::NOT_FOUND);
  Watcher watcher(cluster_, "nobody");
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
}

TEST_F(KacheServerHealthTest, TellsWatchersOfChanges) {
  Watcher watcher(cluster_, kKache);
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);
  cluster_.redis(0).Kill();
  cluster_.redis(1).Kill();
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::NOT_SERVING);
  cluster_.redis(0).Restart();
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);
}

TEST_F(KacheServerHealthTest, BearsManyWatchersThatComeAndGo) {
  constexpr int kOfConnection = 10;
  std::vector<std::unique_ptr<grpc::health::v1::Health::Stub>> stubs;
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 100; ++i) {
    if (i % kOfConnection == 0) {
      stubs.push_back(grpc::health::v1::Health::NewStub(cluster_.NewChannel()));
    }
    watchers.push_back(std::make_unique<Watcher>(*stubs.back(), i % 2 == 0 ? kKache : "live"));
    EXPECT_EQ(watchers.back()->Next(), HealthCheckResponse::SERVING);
  }
  for (size_t i = 0; i < watchers.size(); i += 3) {
    watchers[i]->Cancel();
    EXPECT_EQ(watchers[i]->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  cluster_.redis(0).Kill();
  cluster_.redis(1).Kill();
  for (size_t i = 0; i < watchers.size(); i += 2) {
    if (i % 3 != 0) {
      EXPECT_EQ(watchers[i]->Next(), HealthCheckResponse::NOT_SERVING);
    }
  }
}

TEST_F(KacheServerHealthTest, AnswersTheHealthClient) {
  const HostPort server{"127.0.0.1", cluster_.server().grpc_port()};
  EXPECT_EQ(AskHealth(server, kKache, absl::Seconds(20)).value(), "SERVING");
  EXPECT_EQ(AskHealth(server, "nobody", absl::Seconds(20)).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(KacheServerHealthTest, OffersReflection) {
  // ServerReflectionRequest{list_services: "*"}, as bytes: no distribution packages its stubs.
  const std::string request("\x3a\x01*", 3);
  grpc::GenericStub stub(cluster_.NewChannel());
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto context = Patient();
  auto stream = stub.PrepareCall(
      context.get(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(wait());
  grpc::Slice slice(request);
  stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  ASSERT_TRUE(wait());
  grpc::ByteBuffer answer;
  stream->Read(&answer, nullptr);
  ASSERT_TRUE(wait());
  grpc::Slice answer_slice;
  ASSERT_TRUE(answer.DumpToSingleSlice(&answer_slice).ok());
  const std::string services(reinterpret_cast<const char*>(answer_slice.begin()),
                             answer_slice.size());
  EXPECT_NE(services.find(kKache), std::string::npos);
  EXPECT_NE(services.find("grpc.health.v1.Health"), std::string::npos);
  stream->WritesDone(nullptr);
  wait();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  wait();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace kache
