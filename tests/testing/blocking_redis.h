// A tiny blocking Redis client for tests: one connection, one command at a time.
//
// Thread-compatible.
#ifndef KACHE_TESTS_TESTING_BLOCKING_REDIS_H_
#define KACHE_TESTS_TESTING_BLOCKING_REDIS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/redis/reply.h"
#include "server/redis/reply_reader.h"

namespace kache::testing {

class BlockingRedis {
 public:
  // Connects to 127.0.0.1:`port`; see connected().
  explicit BlockingRedis(uint16_t port);
  ~BlockingRedis();
  BlockingRedis(const BlockingRedis&) = delete;
  BlockingRedis& operator=(const BlockingRedis&) = delete;

  bool connected() const { return fd_ >= 0; }
  // Nothing when the connection fails, or no reply comes within 10 s.
  std::optional<redis::Reply> Run(const std::vector<std::string>& arguments);
  // The next reply of those that come unasked, as after MONITOR; nothing as above.
  std::optional<redis::Reply> Read();

 private:
  int fd_ = -1;
  redis::ReplyReader reader_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_BLOCKING_REDIS_H_
