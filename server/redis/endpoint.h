// Where one Redis server is reached, and as whom.
#ifndef KACHE_SERVER_REDIS_ENDPOINT_H_
#define KACHE_SERVER_REDIS_ENDPOINT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "security/certificates.h"
#include "security/password_file.h"

namespace kache::redis {

struct Endpoint {
  std::string host;  // a name, looked up at each connect, or a numeric address
  uint16_t port = 6379;
  std::string user;      // empty = the default user
  std::string password;  // empty = no AUTH, unless there is a file
  int database = 0;
  std::shared_ptr<const PasswordFile> password_file = nullptr;  // shared by those with one file
  std::shared_ptr<const Certificates> tls = nullptr;            // shared by all; nullptr = no TLS
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_ENDPOINT_H_
