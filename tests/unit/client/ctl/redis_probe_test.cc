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
  EXPECT_FALSE(ParseRedisUrl("redis://host").value().tls);
  const RedisUrl secure = ParseRedisUrl("a=rediss://me:secret@host:7/3").value();
  EXPECT_TRUE(secure.tls);
  EXPECT_EQ(secure.address.ToString(), "host:7");
  EXPECT_EQ(secure.password, "secret");
  EXPECT_TRUE(ParseRedisUrl("REDISS://host").value().tls);
}

TEST(ParseRedisUrl, RefusesAllElseWithoutRepeatingIt) {
  for (const char* text : {"", "redis://", "rediss://u:secret@h:x", "redis://u:secret@h:x"}) {
    const auto parsed = ParseRedisUrl(text);
    EXPECT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(std::string(parsed.status().message()), Not(HasSubstr("secret")));
  }
}

TEST(AskRedis, SaysWhyThereIsNoAnswer) {
  RedisUrl url;
  url.address = {"127.0.0.1", 1};
  const auto answer = AskRedis(url, {}, absl::Seconds(2));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("refused"));
}

TEST(AskRedis, NamesAWrongFile) {
  RedisUrl url;
  url.address = {"127.0.0.1", 1};
  url.tls = true;
  TlsFiles files;
  files.ca_file = "/nowhere/ca.crt";
  const auto answer = AskRedis(url, files, absl::Seconds(2));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("/nowhere/ca.crt"));
}

}  // namespace
}  // namespace kache::ctl
