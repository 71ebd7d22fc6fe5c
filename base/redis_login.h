// Users and passwords of Redis servers that do not stand in REDIS_URLS:
//
//   REDIS_USERNAME=kache                                     # of every server
//   REDIS_PASSWORD_FILE=/run/secrets/redis, b=/run/secrets/b # server b has one of its own
//
// What stands in an entry of REDIS_URLS itself counts before these.
#ifndef KACHE_BASE_REDIS_LOGIN_H_
#define KACHE_BASE_REDIS_LOGIN_H_

#include <vector>

#include "base/redis_url.h"
#include "base/settings.h"

namespace kache {

// Fills `user` and `password_file` of the servers that have neither a user nor a password. Mistakes
// are the reader's; the files are not looked at.
void ReadRedisLogins(SettingsReader& reader, std::vector<RedisAddress>* servers);

}  // namespace kache

#endif  // KACHE_BASE_REDIS_LOGIN_H_
