#include "client/ctl/redis_probe.h"

#include <hiredis/hiredis.h>

#include <csignal>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "base/strings.h"
#include "client/ctl/redis_connection.h"
#include "security/tls_context.h"

namespace kache::ctl {
namespace {

constexpr absl::string_view kScheme = "redis://";
constexpr absl::string_view kTlsScheme = "rediss://";

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

absl::Status Authenticate(RedisConnection& redis, const RedisUrl& url) {
  if (url.password.empty()) return absl::OkStatus();
  std::vector<std::string> command = {"AUTH"};
  if (!url.user.empty()) command.push_back(url.user);
  command.push_back(url.password);
  return redis.Call(command).status();
}

absl::StatusOr<RedisAnswer> Interview(RedisConnection& redis, const RedisUrl& url) {
  if (absl::Status status = Authenticate(redis, url); !status.ok()) return status;
  absl::StatusOr<RedisReply> info = redis.Call({"INFO"});
  if (!info.ok()) return info.status();
  if ((*info)->str == nullptr) return absl::UnavailableError("INFO was answered with nothing");
  RedisAnswer answer;
  answer.info.assign((*info)->str, static_cast<size_t>((*info)->len));
  const absl::Time asked = absl::Now();
  absl::StatusOr<RedisReply> time = redis.Call({"TIME"});
  if (!time.ok()) return time.status();
  answer.clock_error = (absl::Now() - asked) / 2;
  const absl::StatusOr<absl::Time> theirs = TimeOf(**time);
  if (!theirs.ok()) return theirs.status();
  answer.clock_offset = *theirs - (asked + answer.clock_error);
  return answer;
}

// A server that closes the connection while it is written to must not end the program.
class BrokenPipesIgnored {
 public:
  BrokenPipesIgnored() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~BrokenPipesIgnored() { std::signal(SIGPIPE, before_); }
  BrokenPipesIgnored(const BrokenPipesIgnored&) = delete;
  BrokenPipesIgnored& operator=(const BrokenPipesIgnored&) = delete;

 private:
  void (*const before_)(int);
};

}  // namespace

absl::StatusOr<RedisUrl> ParseRedisUrl(std::string_view text) {
  RedisUrl url;
  const size_t scheme = text.find("://");
  const size_t name_end = text.substr(0, scheme).find('=');
  if (name_end != std::string_view::npos) text.remove_prefix(name_end + 1);
  url.tls = absl::StartsWithIgnoreCase(ToAbsl(text), kTlsScheme);
  if (url.tls || absl::StartsWithIgnoreCase(ToAbsl(text), kScheme)) {
    text.remove_prefix((url.tls ? kTlsScheme : kScheme).size());
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

absl::StatusOr<RedisAnswer> AskRedis(const RedisUrl& url, const TlsFiles& files,
                                     absl::Duration timeout) {
  SslContext tls;
  if (url.tls) {
    absl::StatusOr<SslContext> made = MakeClientTls(files);
    if (!made.ok()) return made.status();
    tls = *std::move(made);
  }
  const BrokenPipesIgnored ignored;
  const auto redis = RedisConnection::Open(url.address, tls.get(), timeout);
  if (!redis.ok()) return redis.status();
  return Interview(**redis, url);
}

}  // namespace kache::ctl
