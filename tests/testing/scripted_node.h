// A real redis-server on which the recovery's scripts are run one by one.
#ifndef KACHE_TESTS_TESTING_SCRIPTED_NODE_H_
#define KACHE_TESTS_TESTING_SCRIPTED_NODE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/bookkeeping/key_space.h"
#include "server/bookkeeping/marker.h"
#include "server/redis/command.h"
#include "tests/testing/redis_server.h"

namespace kache::testing {

class ScriptedNode {
 public:
  redis::Reply Call(const redis::Script& script, const std::vector<std::string>& keys,
                    const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {"EVAL", script.source, std::to_string(keys.size())};
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return server_.Run(command);
  }
  redis::Reply Run(const std::vector<std::string>& arguments) { return server_.Run(arguments); }
  std::string Get(const std::string& key) { return Run({"GET", key}).text; }
  bool Exists(const std::string& key) { return Run({"EXISTS", key}).integer == 1; }

  // The marker that stands; a failure where there is none.
  Marker marker() {
    const std::optional<Marker> marker = ParseMarker(Get(keys_.Marker()));
    EXPECT_TRUE(marker.has_value()) << Get(keys_.Marker());
    return marker.value_or(Marker());
  }
  std::string RunId() {
    const std::string info = Run({"INFO", "server"}).text;
    return info.substr(info.find("run_id:") + 7, 40);
  }
  int64_t NowMs() {
    const redis::Reply time = Run({"TIME"});
    return std::stoll(time.elements.at(0).text) * 1000 +
           std::stoll(time.elements.at(1).text) / 1000;
  }

  const KeySpace& keys() const { return keys_; }
  RedisServer& server() { return server_; }

 private:
  RedisServer server_;
  const KeySpace keys_{"kache:"};
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_SCRIPTED_NODE_H_
