// The scripts that leave and take hints, on a real redis-server.
#ifndef KACHE_TESTS_REDIS_HINT_SCRIPTS_FIXTURE_H_
#define KACHE_TESTS_REDIS_HINT_SCRIPTS_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "server/bookkeeping/hint_set.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"
#include "tests/testing/scripted_node.h"

namespace kache {

inline constexpr int64_t kHour = 3'600'000;
inline constexpr char kAway[] = "cache-b";
inline constexpr char kMe[] = "00000000000000c0";
inline constexpr char kOther[] = "00000000000000f0";

inline Record At(uint64_t timestamp, std::string_view value, int64_t expires_at_ms = 0) {
  return {{timestamp, 7}, expires_at_ms, false, value};
}

class HintScriptsTest : public ::testing::Test {
 protected:
  std::string Hints(const char* node = kAway) { return node_.keys().Hints(node); }
  std::string Taken() { return node_.keys().HintsTaken(kAway); }
  std::string Key(const std::string& key) { return node_.keys().Data(key); }
  static std::string NoteOf(const char* coordinator) { return Concat(kAway, " ", coordinator); }

  redis::Reply Open(const char* coordinator = kMe) {
    return node_.Call(OpenHints(), {Hints(), node_.keys().Missed()},
                      {coordinator, NoteOf(coordinator), "1 900"});
  }
  redis::Reply Write(const std::string& key, const Record& record, int64_t ends_ms = 0,
                     int64_t bound = 100, int64_t kept_until_ms = 0) {
    return node_.Call(SetWithHints(), {Key(key), node_.keys().Marker(), Hints()},
                      {EncodeRecord(record), EncodeTerms({ends_ms}), std::to_string(kept_until_ms),
                       key, std::to_string(bound)});
  }
  int64_t Leave(const std::string& key, const Record& record, int64_t kept_until_ms = 0) {
    const std::string encoded = EncodeRecord(record);
    return node_
        .Call(LeaveHints(), {Key(key), Hints()},
              {encoded.substr(kRecordVersionOffset, kRecordVersionBytes),
               std::to_string(kept_until_ms), key, "100"})
        .integer;
  }
  TakenHints Take(const char* job = "1") {
    return static_cast<TakenHints>(
        node_.Call(TakeHints(), {Hints(), node_.keys().Missed(), Taken()}, {kAway, job}).integer);
  }
  bool Finish(const char* job = "1") {
    return node_.Call(FinishHints(), {Hints(), Taken()}, {job}).integer == 1;
  }
  bool Reset(const char* fence, const char* job, const char* from = kComparedFromStart) {
    return node_.Call(ResetHints(), {Hints(), Taken()}, {fence, job, from}).integer == 1;
  }
  bool End(const char* fence, const char* job) {
    return node_
               .Call(EndComparison(), {Hints(), node_.keys().Missed()},
                     {fence, job, kAway, kMe, kOther})
               .integer == 1;
  }
  void Compare() {
    Reset("70", "1");
    EXPECT_TRUE(End("70", "1"));
  }
  std::vector<std::string> Members(const std::string& set) {
    std::vector<std::string> members;
    for (const redis::Reply& member : node_.Run({"SMEMBERS", set}).elements) {
      members.push_back(member.text);
    }
    std::sort(members.begin(), members.end());
    return members;
  }
  // What is neither a sentinel nor a sign.
  std::vector<std::string> HintsIn(const std::string& set) {
    std::vector<std::string> hints = Members(set);
    std::erase_if(hints, [](const std::string& member) { return member[0] != kHintOfKey; });
    return hints;
  }

  testing::ScriptedNode node_;
};

}  // namespace kache

#endif  // KACHE_TESTS_REDIS_HINT_SCRIPTS_FIXTURE_H_
