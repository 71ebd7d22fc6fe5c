#include "client/ctl/redis_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::HasSubstr;

TEST(AskRedis, SaysWhyThereIsNoAnswer) {
  RedisAddress redis;
  redis.address = {"127.0.0.1", 1};
  const auto answer = AskRedis(redis, {}, absl::Seconds(2));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("refused"));
}

TEST(AskRedis, NamesAWrongFile) {
  RedisAddress redis;
  redis.address = {"127.0.0.1", 1};
  redis.tls = true;
  TlsFiles files;
  files.ca_file = "/nowhere/ca.crt";
  const auto answer = AskRedis(redis, files, absl::Seconds(2));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("/nowhere/ca.crt"));
}

}  // namespace
}  // namespace kache::ctl
