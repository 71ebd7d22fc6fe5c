#include "client/ctl/redis_probe.h"

#include <hiredis/hiredis.h>

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "base/strings.h"
#include "client/ctl/redis_login.h"

namespace kache::ctl {
namespace {

// TIME's two numbers: seconds and microseconds.
absl::StatusOr<absl::Time> TimeOf(const redisReply& reply) {
  int64_t seconds = 0;
  int64_t micros = 0;
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements != 2 ||
      !absl::SimpleAtoi(reply.element[0]->str, &seconds) ||
      !absl::SimpleAtoi(reply.element[1]->str, &micros)) {
    return absl::UnavailableError("TIME was answered with something else");
  }
  return absl::FromUnixSeconds(seconds) + absl::Microseconds(micros);
}

absl::StatusOr<RedisAnswer> Interview(RedisConnection& connection) {
  absl::StatusOr<RedisReply> info = connection.Call({"INFO"});
  if (!info.ok()) return info.status();
  if ((*info)->str == nullptr) return absl::UnavailableError("INFO was answered with nothing");
  RedisAnswer answer;
  answer.info.assign((*info)->str, static_cast<size_t>((*info)->len));
  const absl::Time asked = absl::Now();
  absl::StatusOr<RedisReply> time = connection.Call({"TIME"});
  if (!time.ok()) return time.status();
  answer.clock_error = (absl::Now() - asked) / 2;
  const absl::StatusOr<absl::Time> theirs = TimeOf(**time);
  if (!theirs.ok()) return theirs.status();
  answer.clock_offset = *theirs - (asked + answer.clock_error);
  return answer;
}

}  // namespace

absl::StatusOr<RedisAnswer> AskRedis(const RedisAddress& redis, const TlsFiles& files,
                                     absl::Duration timeout) {
  const BrokenPipesIgnored ignored;
  const auto connection = LogIn(redis, files, timeout);
  if (!connection.ok()) return connection.status();
  return Interview(**connection);
}

}  // namespace kache::ctl
