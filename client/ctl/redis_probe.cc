#include "client/ctl/redis_probe.h"

#include <hiredis/hiredis.h>

#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "base/strings.h"

namespace kache::ctl {
namespace {

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

absl::Status Failure(const redisContext* context) {
  return absl::UnavailableError(context == nullptr ? "out of memory" : context->errstr);
}

absl::StatusOr<Reply> Call(redisContext* context, const std::vector<std::string>& command) {
  std::vector<const char*> arguments;
  std::vector<size_t> sizes;
  for (const std::string& part : command) {
    arguments.push_back(part.data());
    sizes.push_back(part.size());
  }
  Reply reply(static_cast<redisReply*>(
      redisCommandArgv(context, static_cast<int>(command.size()), arguments.data(), sizes.data())));
  if (!reply) return Failure(context);
  if (reply->type == REDIS_REPLY_ERROR) {
    return absl::FailedPreconditionError(Concat(command[0], " was refused"));
  }
  return reply;
}

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

absl::Status Authenticate(redisContext* context, const RedisUrl& url) {
  if (url.password.empty()) return absl::OkStatus();
  std::vector<std::string> command = {"AUTH"};
  if (!url.user.empty()) command.push_back(url.user);
  command.push_back(url.password);
  return Call(context, command).status();
}

absl::StatusOr<RedisAnswer> Interview(redisContext* context, const RedisUrl& url) {
  if (absl::Status status = Authenticate(context, url); !status.ok()) return status;
  absl::StatusOr<Reply> info = Call(context, {"INFO"});
  if (!info.ok()) return info.status();
  if ((*info)->str == nullptr) return absl::UnavailableError("INFO was answered with nothing");
  RedisAnswer answer;
  answer.info.assign((*info)->str, static_cast<size_t>((*info)->len));
  const absl::Time asked = absl::Now();
  absl::StatusOr<Reply> time = Call(context, {"TIME"});
  if (!time.ok()) return time.status();
  answer.clock_error = (absl::Now() - asked) / 2;
  const absl::StatusOr<absl::Time> theirs = TimeOf(**time);
  if (!theirs.ok()) return theirs.status();
  answer.clock_offset = *theirs - (asked + answer.clock_error);
  return answer;
}

}  // namespace

absl::StatusOr<RedisUrl> ParseRedisUrl(std::string_view text) {
  RedisUrl url;
  const size_t scheme = text.find("://");
  const size_t name_end = text.substr(0, scheme).find('=');
  if (name_end != std::string_view::npos) text.remove_prefix(name_end + 1);
  if (absl::StartsWith(ToAbsl(text), "rediss://")) {
    return absl::InvalidArgumentError("TLS (rediss://) is not offered here");
  }
  if (absl::StartsWith(ToAbsl(text), "redis://")) {
    text.remove_prefix(std::string_view("redis://").size());
    const size_t at = text.rfind('@');
    if (at != std::string_view::npos) {
      const std::string_view user = text.substr(0, at);
      const size_t colon = user.find(':');
      url.user = std::string(user.substr(0, colon));
      if (colon != std::string_view::npos) url.password = std::string(user.substr(colon + 1));
      text.remove_prefix(at + 1);
    }
    text = text.substr(0, text.find('/'));
  }
  std::string address(text);
  if (text.rfind(':') == std::string_view::npos || text.back() == ']') address += ":6379";
  const absl::Status status = ParseHostPort(address, /*allow_port_zero=*/false, &url.address);
  if (!status.ok()) return status;
  return url;
}

absl::StatusOr<RedisAnswer> AskRedis(const RedisUrl& url, absl::Duration timeout) {
  const timeval limit = absl::ToTimeval(timeout);
  const Context context(redisConnectWithTimeout(url.address.host.c_str(), url.address.port, limit));
  if (!context || context->err != 0) return Failure(context.get());
  if (redisSetTimeout(context.get(), limit) != REDIS_OK) return Failure(context.get());
  return Interview(context.get(), url);
}

}  // namespace kache::ctl
