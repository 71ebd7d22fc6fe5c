// Batches over a real socket; batch_run_test has the splitting.
#include <gtest/gtest.h>

#include <string>

#include "client/client.h"
#include "tests/testing/eventually.h"
#include "tests/testing/fake_kache.h"

namespace kache {
namespace {

class ClientBatchTest : public testing::Test {
 protected:
  static std::unique_ptr<Client> Connect(const FakeKache& server) {
    ClientOptions options;
    options.servers = {server.address()};
    options.timeout = kPatience;
    options.max_batch_keys = 3;
    return Client::Create(options).value();
  }

  FakeKache server_;
  std::unique_ptr<Client> client_ = Connect(server_);
};

TEST_F(ClientBatchTest, PutsGetsAndDeletesMoreThanOneCallTakes) {
  std::vector<PutEntry> entries;
  std::vector<std::string> keys;
  for (int i = 0; i < 8; ++i) {
    keys.push_back("k" + std::to_string(i));
    entries.push_back({keys.back(), "v" + std::to_string(i), absl::Seconds(60)});
  }
  for (const auto& result : client_->BatchPut(entries)) ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(server_.calls(), 3);

  keys.push_back("missing");
  Client::GetResults found = client_->BatchGet(keys);
  ASSERT_EQ(found.size(), 9u);
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(found[i]->value, entries[i].value);
  EXPECT_EQ(found[0]->ttl, absl::Seconds(60));
  EXPECT_FALSE(found[8]->value.has_value());

  for (const auto& result : client_->BatchDelete(keys)) EXPECT_TRUE(result.ok());
  EXPECT_FALSE(server_.Holds("k0"));
}

TEST_F(ClientBatchTest, EachKeyHasItsOwnError) {
  const Client::WriteResults results = client_->BatchPut({{"a", "1"}, {"", "2"}, {"c", "3"}});
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(results[1].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(results[2].ok());
}

TEST_F(ClientBatchTest, FetchesWhatOneAnswerHadNoRoomFor) {
  server_.SetBatchBytes(10);
  const std::string value(8, 'v');
  client_->BatchPut({{"a", value}, {"b", value}, {"c", value}});
  for (const auto& result : client_->BatchGet({"a", "b", "c"})) EXPECT_EQ(result->value, value);
}

// As much as servers may be configured to answer: kBatchBytesBound and what each key adds.
TEST_F(ClientBatchTest, TakesTheLargestAnswer) {
  const std::string value(13 << 20, 'v');
  std::vector<std::string> keys;
  for (int i = 0; i < 6; ++i) {
    keys.push_back("k" + std::to_string(i));
    ASSERT_TRUE(client_->Put(keys.back(), value).ok());
  }
  ClientOptions options;
  options.servers = {server_.address()};
  options.timeout = kPatience;
  server_.SetBatchBytes(size_t{78} << 20);
  const Client::GetResults found = Client::Create(options).value()->BatchGet(keys);
  for (const auto& result : found) {
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->value->size(), value.size());
  }
}

TEST_F(ClientBatchTest, OfNothingIsNothing) { EXPECT_TRUE(client_->BatchGet({}).empty()); }

}  // namespace
}  // namespace kache
