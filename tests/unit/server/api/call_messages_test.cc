#include "server/api/call_messages.h"

#include <gtest/gtest.h>

#include <string>

#include "kache/v1/kache.pb.h"

namespace kache {
namespace {

constexpr int64_t kSmall = 100;
constexpr int64_t kLarge = 1 << 20;

TEST(CallMessages, KeepsTheMemoryOfSmallMessages) {
  CallMessages<v1::PutRequest, v1::PutResponse> messages(/*in_arena=*/false);
  messages.Prepare();
  messages.request().set_value(std::string(100, 'v'));
  const char* memory = messages.request().value().data();
  messages.Clear(kSmall);
  messages.Prepare();
  EXPECT_TRUE(messages.request().value().empty());
  messages.request().set_value("short", 5);
  EXPECT_EQ(static_cast<const void*>(messages.request().value().data()), memory);
}

TEST(CallMessages, GivesTheMemoryOfLargeMessagesBack) {
  CallMessages<v1::PutRequest, v1::PutResponse> messages(/*in_arena=*/false);
  messages.Prepare();
  messages.request().set_value(std::string(kLarge, 'v'));
  messages.Clear(kLarge);
  messages.Prepare();
  EXPECT_LT(messages.request().SpaceUsedLong(), 1000u);
}

TEST(CallMessages, BeginsEachCallWithEmptyMessagesInTheArena) {
  CallMessages<v1::BatchGetRequest, v1::BatchGetResponse> messages(/*in_arena=*/true);
  for (int call = 0; call < 3; ++call) {
    messages.Prepare();
    EXPECT_NE(messages.request().GetArena(), nullptr);
    EXPECT_EQ(messages.request().keys_size(), 0);
    EXPECT_EQ(messages.response().results_size(), 0);
    messages.request().add_keys("key");
    messages.response().add_results()->mutable_response()->set_value(std::string(100, 'v'));
    messages.Clear(kSmall);
  }
}

}  // namespace
}  // namespace kache
