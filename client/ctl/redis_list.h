// The Redis servers that `kachectl doctor` looks at: REDIS_URLS as kache-server reads it, or the
// same list as --redis.
//
// Thread-compatible.
#ifndef KACHE_CLIENT_CTL_REDIS_LIST_H_
#define KACHE_CLIENT_CTL_REDIS_LIST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/redis_url.h"
#include "base/settings.h"

namespace kache::ctl {

// The entries of REDIS_URLS, with the passwords of REDIS_PASSWORD_FILE; none where it is not set.
// Mistakes are the reader's.
std::vector<RedisAddress> ReadRedisUrls(const Environment& environment, SettingsReader& reader);

// `values` are those of --redis, in order; each is a list. INVALID_ARGUMENT names every wrong
// entry, one a line, by its number in all lists together, and repeats no part of it.
absl::StatusOr<std::vector<RedisAddress>> ParseRedisOption(const std::vector<std::string>& values);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_REDIS_LIST_H_
