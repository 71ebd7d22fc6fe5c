// GetOrFill against a server that is played.
#include "client/get_or_fill.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "client/client.h"
#include "tests/testing/eventually.h"
#include "tests/testing/fake_kache.h"

namespace kache {
namespace {

std::unique_ptr<Client> Connect(const std::string& server) {
  ClientOptions options;
  options.servers = {server};
  options.timeout = kPatience;
  options.streams = 0;  // The server waits on the thread that serves.
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Create(std::move(options));
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

class GetOrFillTest : public testing::Test {
 protected:
  // A fill that counts, and takes a while.
  absl::StatusOr<FilledValue> Ask(Client& client, const FillOptions& options = {}) {
    return client.GetOrFill(
        "k",
        [this]() -> absl::StatusOr<std::string> {
          ++fills_;
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          return fill_;
        },
        options);
  }

  FakeKache server_;
  const std::unique_ptr<Client> client_ = Connect(server_.address());
  const std::unique_ptr<Client> other_ = Connect(server_.address());
  absl::StatusOr<std::string> fill_ = "filled";
  std::atomic<int> fills_{0};
};

TEST_F(GetOrFillTest, AValueNeedsNoFill) {
  ASSERT_TRUE(client_->Put("k", "v").ok());
  const absl::StatusOr<FilledValue> found = Ask(*client_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->value, "v");
  EXPECT_TRUE(found->is_cached);
  EXPECT_EQ(fills_, 0);
}

TEST_F(GetOrFillTest, OneOfManyCallersFills) {
  std::vector<std::thread> callers;
  std::atomic<int> filled{0};
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, i] {
      const absl::StatusOr<FilledValue> value = Ask(i % 2 == 0 ? *client_ : *other_);
      if (value.ok() && value->value == "filled" && value->is_cached) ++filled;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(filled, 16);
  EXPECT_EQ(fills_, 1);
}

TEST_F(GetOrFillTest, TheFillCarriesTheLeaseAndItsLife) {
  ASSERT_TRUE(Ask(*client_, {.ttl = absl::Minutes(5)}).ok());
  const v1::PutRequest put = server_.last_put();
  EXPECT_TRUE(put.stamp().lease());
  EXPECT_EQ(put.ttl_ms(), 300'000);
  EXPECT_NEAR(static_cast<double>(put.stamp().made_at_unix_ms()),
              static_cast<double>(absl::ToUnixMillis(server_.cluster_time())), 20'000);
}

TEST_F(GetOrFillTest, AFillThatLostIsAnsweredAndNotCached) {
  server_.LetRivalsWrite(1);
  const absl::StatusOr<FilledValue> lost = Ask(*client_);
  ASSERT_TRUE(lost.ok()) << lost.status();
  EXPECT_EQ(lost->value, "filled");
  EXPECT_FALSE(lost->is_cached);
  EXPECT_EQ(server_.stamps().size(), 1u) << "it was not stamped anew";
}

TEST_F(GetOrFillTest, TheErrorOfAFillIsTheAnswer) {
  fill_ = absl::NotFoundError("no such row");
  EXPECT_EQ(Ask(*client_).status().message(), "no such row");
  EXPECT_TRUE(server_.stamps().empty());
  // The lease stands: another caller waits for it in vain, and then fills for itself.
  fill_ = "filled";
  const absl::StatusOr<FilledValue> other = Ask(*other_, {.wait = absl::Milliseconds(30)});
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(other->is_cached);
}

TEST_F(GetOrFillTest, WhereNoServerCanBeAskedTheFillIsTheAnswer) {
  server_.FailNext(100, grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full"));
  const absl::StatusOr<FilledValue> value = Ask(*client_);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->value, "filled");
  EXPECT_FALSE(value->is_cached);
}

TEST_F(GetOrFillTest, MistakesAreAnswered) {
  EXPECT_TRUE(absl::IsInvalidArgument(Ask(*client_, {.lease = {}}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Ask(*client_, {.ttl = {}}).status()));
  server_.FailNext(1, grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "read only"));
  EXPECT_TRUE(absl::IsPermissionDenied(Ask(*client_).status()));
  EXPECT_EQ(fills_, 0);
}

}  // namespace
}  // namespace kache
