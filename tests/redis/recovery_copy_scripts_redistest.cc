// The recovery's scripts for records, each by itself in a real redis-server.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/recovery/copy_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

class CopyScriptsTest : public ::testing::Test {
 protected:
  // Some time ahead, as an argument.
  std::string Soon() { return std::to_string(node_.NowMs() + 60'000); }
  void Hold(const std::string& key, const Record& record) {
    node_.Run({"SET", key, EncodeRecord(record)});
  }

  testing::ScriptedNode node_;
};

TEST_F(CopyScriptsTest, APeekTellsHowEachBegins) {
  const Record record{{5, 7}, 0, false, "value"};
  Hold("a", record);
  Hold("b", {{5, 7}, 0, false, std::string(100, 'x')});
  node_.Run({"RPUSH", "list", "x"});
  const redis::Reply reply = node_.Call(PeekScript(), {"a", "b", "list", "none"}, {"64"});
  ASSERT_EQ(reply.elements.size(), 2u);
  const std::vector<redis::Reply>& beginnings = reply.elements[0].elements;
  ASSERT_EQ(beginnings.size(), 4u);
  EXPECT_EQ(beginnings[0].text, EncodeRecord(record));
  EXPECT_EQ(beginnings[1].text.size(), 64u);
  EXPECT_TRUE(beginnings[2].IsError());
  EXPECT_EQ(beginnings[3].text, "");
  ASSERT_EQ(reply.elements[1].elements.size(), 1u);
  EXPECT_EQ(reply.elements[1].elements[0].integer, static_cast<int64_t>(kRecordHeaderBytes + 100));
}

TEST_F(CopyScriptsTest, HeadersAreTheFirst28Bytes) {
  const Record record{{5, 7}, 0, false, "value"};
  Hold("a", record);
  node_.Run({"RPUSH", "list", "x"});
  const redis::Reply reply = node_.Call(HeadersScript(), {"a", "list", "none"}, {});
  ASSERT_EQ(reply.elements.size(), 3u);
  EXPECT_EQ(reply.elements[0].text, EncodeRecord(record).substr(0, kRecordHeaderBytes));
  EXPECT_TRUE(reply.elements[1].IsError());
  EXPECT_EQ(reply.elements[2].text, "");
}

TEST_F(CopyScriptsTest, AWitnessSaysByWhoseMemory) {
  const Record record{{5, 7}, 0, false, "value"};
  Hold("a", record);
  const redis::Reply before = node_.Call(WitnessScript(), {"marker", "a", "none"}, {});
  ASSERT_EQ(before.elements.size(), 4u);
  EXPECT_NE(node_.Run({"INFO", "server"}).text.find("run_id:" + before.elements[0].text),
            std::string::npos);
  EXPECT_EQ(before.elements[2].text, "");
  ASSERT_EQ(before.elements[3].elements.size(), 2u);
  EXPECT_EQ(before.elements[3].elements[0].text,
            EncodeRecord(record).substr(0, kRecordHeaderBytes));
  EXPECT_EQ(before.elements[3].elements[1].text, "");
  const auto again = [&] { return node_.Call(WitnessScript(), {"marker"}, {}); };
  EXPECT_EQ(again().elements[1].text, before.elements[1].text);
  node_.Run({"SET", "marker", "stands"});
  EXPECT_EQ(again().elements[2].text, "stands");
  node_.Run({"FLUSHALL"});
  EXPECT_NE(again().elements[1].text, before.elements[1].text);
  EXPECT_EQ(again().elements[2].text, "");
}

TEST_F(CopyScriptsTest, StoresWhatIsMissingOrOlderAndSaysHowMany) {
  const std::string record = EncodeRecord({{5, 7}, 0, false, "value"});
  const std::string later = std::to_string(node_.NowMs() + 60'000);
  const std::string expiring = EncodeRecord({{5, 7}, node_.NowMs() + 60'000, false, "value"});
  Hold("older", {{4, 7}, 0, false, "old"});
  Hold("same", {{5, 7}, 0, false, "value"});
  Hold("newer", {{6, 7}, 0, false, "newer"});
  node_.Run({"SET", "foreign", "x"});
  const redis::Reply reply =
      node_.Call(StoreScript(), {"missing", "older", "same", "newer", "foreign", "expiring"},
                 {later, record, "0", "0", record, "0", "0", record, "0", "0", record, "0", "0",
                  record, "0", "0", expiring, later, "0"});
  EXPECT_EQ(reply.integer, 4);
  for (const char* key : {"missing", "older", "same", "foreign"}) {
    EXPECT_EQ(node_.Get(key), record) << key;
  }
  EXPECT_EQ(node_.Get("newer"), EncodeRecord({{6, 7}, 0, false, "newer"}));
  EXPECT_EQ(node_.Get("expiring"), expiring);
  EXPECT_NEAR(static_cast<double>(node_.Run({"PTTL", "expiring"}).integer), 60'000, 10'000);
}

TEST_F(CopyScriptsTest, AStoreEndsWithTheFirstError) {
  node_.Run({"CONFIG", "SET", "maxmemory", "1"});
  const std::string record = EncodeRecord({{5, 7}, 0, false, "value"});
  const redis::Reply reply = node_.Call(StoreScript(), {"a"}, {Soon(), record, "0", "0"});
  ASSERT_TRUE(reply.IsError());
  EXPECT_EQ(redis::ClassifyError(reply.text), redis::ErrorKind::kOom);
}

TEST_F(CopyScriptsTest, TellsWhenKeysEnd) {
  const std::string end = std::to_string(node_.NowMs() + 60'000);
  node_.Run({"SET", "a", "x", "PXAT", end});
  node_.Run({"SET", "b", "x"});
  const redis::Reply reply = node_.Call(EndsScript(), {"a", "b", "none"}, {});
  ASSERT_EQ(reply.elements.size(), 3u);
  EXPECT_EQ(reply.elements[0].text, end);
  EXPECT_EQ(reply.elements[1].text, "0");
  EXPECT_EQ(reply.elements[2].text, "0");
}

TEST_F(CopyScriptsTest, StoresEachInItsTime) {
  const std::string record = EncodeRecord({{5, 7}, 0, false, "value"});
  const std::string past = std::to_string(node_.NowMs() - 1);
  Hold("older", {{4, 7}, 0, false, "old"});
  Hold("newer", {{6, 7}, 0, false, "newer"});
  Hold("stand-in", {{5, 7}, 0, false, "value", /*stand_in=*/true});
  Hold("over", {{4, 7}, 0, false, "old"});
  const redis::Reply reply = node_.Call(
      StoreInTimeScript(), {"missing", "older", "newer", "stand-in", "over", "gone"},
      {Soon(), record, "0", "0",    Soon(), record, "0", "0",  Soon(), record, "0", "0", Soon(),
       record, "0",    "0", Soon(), record, "0",    "0", past, record, "0",    "0", past});
  EXPECT_EQ(reply.integer, 3);
  for (const char* key : {"missing", "older", "stand-in"}) EXPECT_EQ(node_.Get(key), record) << key;
  EXPECT_EQ(node_.Get("newer"), EncodeRecord({{6, 7}, 0, false, "newer"}));
  EXPECT_EQ(node_.Get("over"), EncodeRecord({{4, 7}, 0, false, "old"}));
  EXPECT_FALSE(node_.Exists("gone"));
  EXPECT_EQ(node_.Call(StoreInTimeScript(), {"missing"}, {past, record, "0", "0", Soon()}).integer,
            kTooLateReply);
}

TEST_F(CopyScriptsTest, RemovesExactlyTheVersionThatWasSeen) {
  const Record record{{5, 7}, 0, false, "value"};
  Hold("kache:d:a", record);
  Hold("kache:d:b", {{6, 7}, 0, false, "written since"});
  const std::string version = EncodeRecord(record).substr(4, 16);
  EXPECT_EQ(
      node_.Call(RemoveScript(), {"kache:d:a", "kache:d:b"}, {Soon(), version, version}).integer,
      1);
  EXPECT_FALSE(node_.Exists("kache:d:a"));
  EXPECT_TRUE(node_.Exists("kache:d:b"));
}

// Their sender stood still, for longer than a tombstone lives, say.
TEST_F(CopyScriptsTest, NeitherStoresNorRemovesTooLate) {
  const std::string record = EncodeRecord({{5, 7}, 0, false, "value"});
  const std::string past = std::to_string(node_.NowMs() - 1);
  EXPECT_EQ(node_.Call(StoreScript(), {"a"}, {past, record, "0", "0"}).integer, kTooLateReply);
  EXPECT_FALSE(node_.Exists("a"));
  Hold("b", {{5, 7}, 0, false, "value"});
  EXPECT_EQ(node_.Call(RemoveScript(), {"b"}, {past, record.substr(4, 16)}).integer, kTooLateReply);
  EXPECT_TRUE(node_.Exists("b"));
}

}  // namespace
}  // namespace kache
