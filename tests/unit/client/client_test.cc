#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "base/notification.h"
#include "client/transport.h"
#include "tests/testing/eventually.h"
#include "tests/testing/fake_kache.h"

namespace kache {
namespace {

using testing::HasSubstr;

std::unique_ptr<Client> Connect(ClientOptions options) {
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Create(std::move(options));
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

class ClientTest : public testing::Test {
 protected:
  FakeKache server_;
  std::unique_ptr<Client> client_ = Connect({.servers = {server_.address()}, .timeout = kPatience});
};

TEST_F(ClientTest, PutsGetsAndDeletesAnyBytes) {
  const std::string key("k\0\xff", 3);
  const std::string value("\0v\r\n", 4);
  const absl::StatusOr<Receipt> stored = client_->Put(key, value, {.ttl = absl::Minutes(5)});
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_TRUE(stored->version.IsSet());
  EXPECT_EQ(stored->acknowledged, 1u);
  EXPECT_LT(stored->expires_at, absl::InfiniteFuture());

  const absl::StatusOr<GetResult> found = client_->Get(key);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->value, value);
  EXPECT_EQ(found->ttl, absl::Minutes(5));
  EXPECT_EQ(found->receipt.version, stored->version);
  EXPECT_EQ(found->receipt.node_id, FakeKache::kNodeId);

  ASSERT_TRUE(client_->Delete(key).ok());
  EXPECT_FALSE(client_->Get(key)->value.has_value());
}

TEST_F(ClientTest, TouchesAreStampedAndTellMisses) {
  const std::unique_ptr<Client> unary =
      Connect({.servers = {server_.address()}, .timeout = kPatience, .streams = 0});
  ASSERT_TRUE(client_->Put("k", "v").ok());
  for (Client* const client : {client_.get(), unary.get()}) {
    const absl::StatusOr<TouchResult> touched =
        client->Touch("k", absl::Minutes(5), {.consistency = Consistency::kAll});
    ASSERT_TRUE(touched.ok()) << touched.status();
    EXPECT_TRUE(touched->found);
    EXPECT_TRUE(touched->receipt.version.IsSet());
    EXPECT_EQ(server_.last_touch().ttl_ms(), 300'000);
    EXPECT_EQ(server_.last_touch().consistency(), v1::CONSISTENCY_ALL);
    EXPECT_NE(server_.last_touch().stamp().clock(), 0u);
    const absl::StatusOr<TouchResult> miss = client->Touch("none", absl::InfiniteDuration());
    ASSERT_TRUE(miss.ok()) << miss.status();
    EXPECT_FALSE(miss->found);
    EXPECT_EQ(server_.last_touch().ttl_ms(), 0);
    EXPECT_EQ(client->Touch("k", absl::ZeroDuration()).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(ClientTest, PassesLevelsVersionsAndDeadlinesOn) {
  const Version version{7, 8};
  ASSERT_TRUE(client_
                  ->Get("k", {.consistency = Consistency::kQuorum,
                              .min_version = version,
                              .timeout = absl::Seconds(30)})
                  .ok());
  EXPECT_EQ(server_.last_get().consistency(), v1::CONSISTENCY_QUORUM);
  EXPECT_EQ(server_.last_get().min_version().clock(), 8u);
  EXPECT_LE(server_.last_timeout(), absl::Seconds(30) * 1.01) << "gRPC rounds up, to two digits";
  EXPECT_GT(server_.last_timeout(), absl::ZeroDuration());
  ASSERT_TRUE(client_->Put("k", "v", {.consistency = Consistency::kAll}).ok());
  EXPECT_EQ(server_.last_put().consistency(), v1::CONSISTENCY_ALL);
  EXPECT_EQ(server_.last_put().ttl_ms(), 0);
}

TEST_F(ClientTest, AnswersAsynchronously) {
  Notification stored;
  Notification found;
  client_->PutAsync("k", "v", {}, [&](absl::StatusOr<Receipt> result) {
    EXPECT_TRUE(result.ok());
    stored.Notify();
  });
  stored.WaitForNotification();
  client_->GetAsync("k", {}, [&](absl::StatusOr<GetResult> result) {
    EXPECT_EQ(result->value, "v");
    found.Notify();
  });
  found.WaitForNotification();
}

TEST_F(ClientTest, ErrorsCarryTheirDetails) {
  server_.FailNext(1, {grpc::StatusCode::INVALID_ARGUMENT, "the key is empty"});
  const absl::StatusOr<GetResult> found = client_->Get("");
  EXPECT_EQ(found.status(), absl::InvalidArgumentError("the key is empty"));
  EXPECT_EQ(server_.calls(), 1) << "what the server refuses is not tried again";
}

TEST_F(ClientTest, RefusesATtlThatIsNoneWithoutACall) {
  EXPECT_EQ(client_->Put("k", "v", {.ttl = absl::ZeroDuration()}).status().code(),
            absl::StatusCode::kInvalidArgument);
  const auto results = client_->BatchPut({{"a", "1"}, {"b", "2", -absl::Seconds(1)}});
  EXPECT_EQ(results[0].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server_.calls(), 0);
}

TEST_F(ClientTest, DestructionCancelsWhatIsUnderWay) {
  server_.SetDelay(absl::Seconds(30));
  std::atomic<int> cancelled = 0;
  for (int i = 0; i < 10; ++i) {
    client_->GetAsync("k", {.timeout = absl::Seconds(60)}, [&](absl::StatusOr<GetResult> result) {
      cancelled += absl::IsCancelled(result.status());
    });
  }
  client_.reset();
  EXPECT_EQ(cancelled, 10);
}

TEST(ClientOptions, ThatMakeNoSenseAreRefused) {
  for (const ClientOptions& options :
       {ClientOptions{.servers = {}}, ClientOptions{.servers = {"nowhere"}},
        ClientOptions{.timeout = absl::ZeroDuration()}, ClientOptions{.max_batch_keys = 0}}) {
    EXPECT_EQ(Client::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// Keeps every Get until the test lets it go.
class HoldingTransport final : public Transport {
 public:
  explicit HoldingTransport(std::vector<Done<v1::GetResponse>>* held) : held_(held) {}
  void Get(v1::GetRequest, CallOptions, Done<v1::GetResponse> done) override {
    held_->push_back(std::move(done));
  }
  void Put(v1::PutRequest, CallOptions, Done<v1::PutResponse>) override {}
  void Delete(v1::DeleteRequest, CallOptions, Done<v1::DeleteResponse>) override {}
  void Touch(v1::TouchRequest, CallOptions, Done<v1::TouchResponse>) override {}
  void GetOrLease(v1::GetOrLeaseRequest, CallOptions, Done<v1::GetOrLeaseResponse>) override {}
  void BatchGet(v1::BatchGetRequest, CallOptions, Done<v1::BatchGetResponse>) override {}
  void BatchPut(v1::BatchPutRequest, CallOptions, Done<v1::BatchPutResponse>) override {}
  void BatchDelete(v1::BatchDeleteRequest, CallOptions, Done<v1::BatchDeleteResponse>) override {}
  void GetStatus(v1::GetStatusRequest, CallOptions, Done<v1::GetStatusResponse>) override {}
  void Locate(v1::LocateRequest, CallOptions, Done<v1::LocateResponse>) override {}
  bool Healthy() const override { return true; }
  void Stop() override {}

 private:
  std::vector<Done<v1::GetResponse>>* const held_;
};

class BoundedClientTest : public testing::Test {
 protected:
  // The status of a call that was answered at once; nothing for one that is held.
  std::optional<absl::Status> Get(Client& client, const std::string& key) {
    auto status = std::make_shared<std::optional<absl::Status>>();
    client.GetAsync(key, {}, [status](absl::StatusOr<GetResult> r) { *status = r.status(); });
    return *status;
  }
  std::vector<Done<v1::GetResponse>> held_;
};

TEST_F(BoundedClientTest, RefusesMoreCallsThanItMayHave) {
  Client client({.max_in_flight = 2}, std::make_unique<HoldingTransport>(&held_));
  EXPECT_FALSE(Get(client, "a").has_value());
  EXPECT_FALSE(Get(client, "b").has_value());
  EXPECT_EQ(Get(client, "c")->code(), absl::StatusCode::kResourceExhausted);
  held_[0](v1::GetResponse());
  EXPECT_FALSE(Get(client, "d").has_value());
}

TEST_F(BoundedClientTest, RefusesMoreBytesThanItMayHave) {
  Client client({.max_in_flight_bytes = 10}, std::make_unique<HoldingTransport>(&held_));
  EXPECT_FALSE(Get(client, "12345678").has_value());
  EXPECT_EQ(Get(client, "123")->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(Get(client, "12").has_value());
}

}  // namespace
}  // namespace kache
