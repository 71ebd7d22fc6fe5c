// One key of a real redis-server, written by the script set-if-newer.
#ifndef KACHE_TESTS_TESTING_SCRIPTED_KEY_H_
#define KACHE_TESTS_TESTING_SCRIPTED_KEY_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"
#include "tests/testing/blocking_redis.h"
#include "tests/testing/redis_server.h"

namespace kache::testing {

class ScriptedKey {
 public:
  static constexpr char kKey[] = "kache:d:k";

  explicit ScriptedKey(std::vector<std::string> options = {})
      : server_(std::move(options)), redis_(server_.port()) {
    EXPECT_EQ(Run({"SCRIPT", "LOAD", SetIfNewer().source}).text, SetIfNewer().sha1);
  }

  // The script's reply. `grace_ms`: how much longer than `ends_ms` the key may be kept.
  // `latest_ms`: until when it may be stored where nothing is held; 0 = whenever.
  redis::Reply Store(const std::string& record, int64_t ends_ms = 0, int64_t grace_ms = 0,
                     int64_t latest_ms = 0) {
    const int64_t limit_ms = ends_ms > 0 && grace_ms > 0 ? ends_ms + grace_ms : 0;
    return Run({"EVALSHA", SetIfNewer().sha1, "1", kKey, record,
                EncodeTerms({ends_ms, limit_ms, latest_ms})});
  }
  redis::Reply Store(const Record& record, int64_t ends_ms = 0, int64_t grace_ms = 0,
                     int64_t latest_ms = 0) {
    return Store(EncodeRecord(record), ends_ms, grace_ms, latest_ms);
  }

  std::string Value() { return Run({"GET", kKey}).text; }
  bool Exists() { return Run({"EXISTS", kKey}).integer == 1; }
  // When the key ends: PEXPIRETIME's -1 = never, -2 = there is no key.
  int64_t End() { return Run({"PEXPIRETIME", kKey}).integer; }
  // By the server's clock, in milliseconds since the Unix epoch.
  int64_t NowMs() {
    const redis::Reply time = Run({"TIME"});
    return std::stoll(time.elements.at(0).text) * 1000 +
           std::stoll(time.elements.at(1).text) / 1000;
  }

  redis::Reply Run(const std::vector<std::string>& arguments) {
    std::optional<redis::Reply> reply = redis_.Run(arguments);
    EXPECT_TRUE(reply.has_value()) << "no reply to " << arguments[0];
    return reply.value_or(redis::Reply::Nil());
  }
  RedisServer& server() { return server_; }

 private:
  RedisServer server_;
  BlockingRedis redis_;
};

// True for the reply by which the script acknowledges.
inline bool IsAcknowledged(const redis::Reply& reply) { return reply.IsInteger(kStoredReply); }
// The record was not stored, as its life is over; as it came too late.
inline bool IsLifeOver(const redis::Reply& reply) { return reply.IsInteger(kLifeOverReply); }
inline bool IsTooLate(const redis::Reply& reply) { return reply.IsInteger(kTooLateReply); }

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_SCRIPTED_KEY_H_
