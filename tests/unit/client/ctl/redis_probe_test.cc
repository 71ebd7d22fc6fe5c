#include "client/ctl/redis_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ParseRedisUrl, TakesTheFormsOfRedisUrls) {
  EXPECT_EQ(ParseRedisUrl("r:1").value().address.ToString(), "r:1");
  EXPECT_EQ(ParseRedisUrl("cache-a=r:1").value().address.ToString(), "r:1");
  const RedisUrl url = ParseRedisUrl("a=redis://me:se=cr@t@[::1]:7/3").value();
  EXPECT_EQ(url.address.ToString(), "[::1]:7");
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.password, "se=cr@t");
  EXPECT_EQ(ParseRedisUrl("redis://host").value().address.ToString(), "host:6379");
  EXPECT_EQ(ParseRedisUrl("redis://:secret@host:1").value().password, "secret");
}

TEST(ParseRedisUrl, RefusesAllElseWithoutRepeatingIt) {
  for (const char* text : {"", "redis://", "rediss://u:secret@h:1", "redis://u:secret@h:x"}) {
    const auto parsed = ParseRedisUrl(text);
    EXPECT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(std::string(parsed.status().message()), Not(HasSubstr("secret")));
  }
}

TEST(AskRedis, SaysWhyThereIsNoAnswer) {
  RedisUrl url;
  url.address = {"127.0.0.1", 1};
  const auto answer = AskRedis(url, absl::Seconds(2));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("refused"));
}

}  // namespace
}  // namespace kache::ctl
