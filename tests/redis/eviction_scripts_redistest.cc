// What inspections tell of eviction, and the script that writes an evicted marker again, in a real
// redis-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/inspection.h"
#include "server/bookkeeping/ring_id.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

using ::testing::StartsWith;

constexpr uint64_t kRing = 0xAB;

class EvictionScriptsTest : public ::testing::Test {
 protected:
  const KeySpace& keys() { return node_.keys(); }
  void Init() {
    node_.Call(InitScript(), {keys().Marker(), keys().Ring(), keys().Sweep()},
               {RingText(kRing), "cache-a", "the ring"});
  }
  std::optional<Inspection> Inspect() {
    const KeySpace& k = keys();
    const HeartbeatNews news{absl::Seconds(3), FenceNumber{}, kRing, {{"run-a"}}, {}};
    return ParseInspection(node_.Call(
        InspectScript(),
        {k.Marker(), k.Ring(), k.Coordinators(), k.Missed(), k.ResyncLease(), k.ResyncProgress(),
         k.Lost(), k.SweepLease(), k.Sweep(), k.Members(), k.NotWhole(), k.Heartbeats(),
         k.LostCoordinators()},
        {"00000000000000c0", "3000", "0", RingText(kRing), "", "200", HeartbeatText(news)}));
  }
  redis::Reply CallRestore(const std::string& run_id, const std::string& emptied,
                           const std::string& marker) {
    return node_.Call(RestoreScript(), {keys().Marker()}, {run_id, emptied, marker});
  }
  int64_t Restore(const std::string& run_id, const std::string& emptied,
                  const std::string& marker) {
    return CallRestore(run_id, emptied, marker).integer;
  }
  // Redis evicts all keys.
  void EvictAll() {
    node_.Run({"CONFIG", "SET", "maxmemory", "1"});
    while (node_.Run({"DBSIZE"}).integer > 0) {
    }
    node_.Run({"CONFIG", "SET", "maxmemory", "100mb"});
  }

  testing::ScriptedNode node_;
};

TEST_F(EvictionScriptsTest, AnInspectionTellsOfEviction) {
  Init();
  EXPECT_FALSE(Inspect()->evicts);  // without a limit
  node_.Run({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  node_.Run({"CONFIG", "SET", "maxmemory", "100mb"});
  const std::optional<Inspection> before = Inspect();
  ASSERT_TRUE(before);
  EXPECT_TRUE(before->evicts);
  EXPECT_EQ(before->evicted_keys, 0u);
  EXPECT_EQ(before->marker_text, node_.Get(keys().Marker()));
  EvictAll();
  const std::optional<Inspection> after = Inspect();
  ASSERT_TRUE(after);
  EXPECT_FALSE(after->has_marker);
  EXPECT_GE(after->evicted_keys, 1u);
  EXPECT_EQ(after->emptied, before->emptied);
  node_.Run({"CONFIG", "SET", "maxmemory-policy", "volatile-lru"});
  EXPECT_FALSE(Inspect()->evicts);  // no key without a ttl
}

TEST_F(EvictionScriptsTest, AnInspectionCountsWhatDropsAllData) {
  Init();
  uint64_t emptied = Inspect()->emptied;
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"FLUSHALL"}, {"FLUSHDB"}, {"SWAPDB", "0", "1"}, {"REPLICAOF", "NO", "ONE"}}) {
    node_.Run(command);
    EXPECT_EQ(Inspect()->emptied, emptied + 1) << command[0];
    ++emptied;
  }
  node_.Run({"EVAL", "return redis.call('FLUSHALL')", "0"});
  EXPECT_GT(Inspect()->emptied, emptied);
}

TEST_F(EvictionScriptsTest, AnEvictedMarkerIsWrittenAgain) {
  Init();
  const std::string marker = node_.Get(keys().Marker());
  const std::string emptied = std::to_string(Inspect()->emptied);
  EXPECT_EQ(Restore(node_.RunId(), emptied, "another"), 0);  // It still stands.
  EXPECT_EQ(node_.Get(keys().Marker()), marker);
  node_.Run({"DEL", keys().Marker()});
  EXPECT_EQ(Restore("another process", emptied, marker), 0);
  EXPECT_FALSE(node_.Exists(keys().Marker()));
  EXPECT_EQ(Restore(node_.RunId(), emptied, marker), 1);
  EXPECT_EQ(node_.Get(keys().Marker()), marker);
  node_.Run({"FLUSHALL"});
  EXPECT_EQ(Restore(node_.RunId(), emptied, marker), 0);
  EXPECT_FALSE(node_.Exists(keys().Marker()));
}

TEST_F(EvictionScriptsTest, AMarkerForWhichThereIsNoRoomIsToldOf) {
  Init();
  const std::string marker = node_.Get(keys().Marker());
  const std::string emptied = std::to_string(Inspect()->emptied);
  node_.Run({"DEL", keys().Marker()});
  node_.Run({"CONFIG", "SET", "maxmemory", "1"});
  const redis::Reply reply = CallRestore(node_.RunId(), emptied, marker);
  EXPECT_TRUE(reply.IsError()) << reply.text;
  EXPECT_THAT(reply.text, StartsWith("OOM"));
}

}  // namespace
}  // namespace kache
