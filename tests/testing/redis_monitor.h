// What clients send to one redis-server, as MONITOR shows it.
//
//   RedisMonitor monitor(server);
//   ...
//   EXPECT_THAT(monitor.CommandsOn("kache:d:k"), ElementsAre("evalsha"));
#ifndef KACHE_TESTS_TESTING_REDIS_MONITOR_H_
#define KACHE_TESTS_TESTING_REDIS_MONITOR_H_

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "tests/testing/blocking_redis.h"
#include "tests/testing/redis_server.h"

namespace kache::testing {

class RedisMonitor {
 public:
  explicit RedisMonitor(const RedisServer& server) : server_(server), redis_(server.port()) {
    EXPECT_TRUE(redis_.Run({"MONITOR"}).has_value());
  }

  // The names of the commands that were sent about `key` since the last call, in lower case;
  // those that scripts ran inside the server don't count. What the server answered before the
  // call is complete.
  std::vector<std::string> CommandsOn(const std::string& key) {
    const std::string marker = "marker-" + std::to_string(++markers_);
    server_.Run({"ECHO", marker});
    std::vector<std::string> names;
    while (const auto line = redis_.Read()) {
      if (line->text.find(marker) != std::string::npos) return names;
      const bool by_a_script = line->text.find(" lua] ") != std::string::npos;
      if (by_a_script || line->text.find('"' + key + '"') == std::string::npos) continue;
      const size_t name = line->text.find("] \"") + 3;
      names.push_back(
          absl::AsciiStrToLower(line->text.substr(name, line->text.find('"', name) - name)));
    }
    ADD_FAILURE() << "the monitor's connection was lost";
    return names;
  }

 private:
  const RedisServer& server_;
  BlockingRedis redis_;
  int markers_ = 0;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_REDIS_MONITOR_H_
