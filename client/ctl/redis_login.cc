#include "client/ctl/redis_login.h"

#include <hiredis/hiredis.h>

#include <string>
#include <utility>
#include <vector>

#include "security/tls_context.h"

namespace kache::ctl {
namespace {

absl::Status Authenticate(RedisConnection& connection, const RedisAddress& redis) {
  if (redis.password.empty()) return absl::OkStatus();
  std::vector<std::string> command = {"AUTH"};
  if (!redis.user.empty()) command.push_back(redis.user);
  command.push_back(redis.password);
  return connection.Call(command).status();
}

absl::Status Select(RedisConnection& connection, const RedisAddress& redis) {
  if (redis.database == 0) return absl::OkStatus();
  return connection.Call({"SELECT", std::to_string(redis.database)}).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisConnection>> LogIn(const RedisAddress& redis,
                                                       const TlsFiles& files,
                                                       absl::Duration timeout) {
  SslContext tls;
  if (redis.tls) {
    absl::StatusOr<SslContext> made = MakeClientTls(files, ReadSmallFiles(files.paths()));
    if (!made.ok()) return made.status();
    tls = *std::move(made);
  }
  auto connection = RedisConnection::Open(redis.address, tls.get(), timeout);
  if (!connection.ok()) return connection.status();
  if (absl::Status status = Authenticate(**connection, redis); !status.ok()) return status;
  if (absl::Status status = Select(**connection, redis); !status.ok()) return status;
  return connection;
}

}  // namespace kache::ctl
