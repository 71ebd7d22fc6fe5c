// What the scripts about hints do where Redis's user may not run all of their commands.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strings.h"
#include "server/redis/reply.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

constexpr char kAway[] = "cache-b";
constexpr char kMe[] = "00000000000000c0";

class HintRefusalsTest : public ::testing::Test {
 protected:
  // From now on the scripts' user may not run these commands.
  void Deny(const std::vector<std::string>& commands) {
    std::vector<std::string> words = {"ACL", "SETUSER", "default"};
    for (const std::string& command : commands) words.push_back(Concat("-", command));
    ASSERT_EQ(node_.Run(words).text, "OK");
  }
  std::string Hints() { return node_.keys().Hints(kAway); }
  std::string Note() { return Concat(kAway, " ", kMe); }
  redis::Reply Open() {
    return node_.Call(OpenHints(), {Hints(), node_.keys().Missed()}, {kMe, Note(), "1 900"});
  }
  redis::Reply Write(int64_t bound = 100, int64_t kept_until_ms = 0, int64_t ends_ms = 0) {
    return node_.Call(SetWithHints(), {"key", node_.keys().Marker(), Hints()},
                      {record_, EncodeTerms({ends_ms}), std::to_string(kept_until_ms), "key",
                       std::to_string(bound)});
  }
  // Stored, but for the hint.
  void ExpectStoredWithoutHint(const redis::Reply& reply) {
    ASSERT_EQ(reply.elements.size(), 2u) << reply.text;
    EXPECT_TRUE(reply.elements[0].IsInteger(kStoredReply));
    EXPECT_EQ(redis::ClassifyError(reply.elements[1].text), redis::ErrorKind::kNoPerm);
    EXPECT_EQ(node_.Get("key"), record_);
  }

  testing::ScriptedNode node_;
  const std::string record_ = EncodeRecord({{5, 7}, 0, false, "v"});
};

TEST_F(HintRefusalsTest, ARecordIsStoredWithoutItsHint) {
  for (const char* command : {"sadd", "scard"}) {
    Deny({command});
    ExpectStoredWithoutHint(Write());
    node_.Run({"ACL", "SETUSER", "default", Concat("+", command)});
    node_.Run({"DEL", "key", Hints()});
  }
  Deny({"sadd", "scard", "persist", "unlink"});
  ExpectStoredWithoutHint(Write());
}

// An end that can't be put off makes the hint useless.
TEST_F(HintRefusalsTest, ARecordThatCannotBeKeptHasNoHint) {
  Deny({"pexpireat"});
  const int64_t now = node_.NowMs();
  ExpectStoredWithoutHint(Write(100, now + 9000, now + 5000));
}

TEST_F(HintRefusalsTest, ALateHintIsRefused) {
  Write();
  node_.Run({"DEL", Hints()});
  Deny({"sadd"});
  const redis::Reply reply =
      node_.Call(LeaveHints(), {"key", Hints()},
                 {record_.substr(kRecordVersionOffset, kRecordVersionBytes), "0", "key", "100"});
  ASSERT_TRUE(reply.IsError());
  EXPECT_EQ(redis::ClassifyError(reply.text), redis::ErrorKind::kNoPerm) << reply.text;
}

// The note shows that hints are missing, as it has no sentinel.
TEST_F(HintRefusalsTest, TheNoteIsWrittenInAnyCase) {
  Deny({"persist", "sadd", "sismember", "unlink"});
  Open();
  EXPECT_EQ(node_.Run({"HGET", node_.keys().Missed(), Note()}).text, "1 900");
  node_.Run({"ACL", "SETUSER", "default", "allcommands"});
  EXPECT_TRUE(node_.Call(TakeHints(), {Hints(), node_.keys().Missed(), "taken"}, {kAway, "1"})
                  .IsInteger(static_cast<int64_t>(TakenHints::kOverflow)));
}

TEST_F(HintRefusalsTest, ASetThatLacksAHintIsMarkedWithoutUnlink) {
  Open();
  Deny({"unlink"});
  node_.Call(MarkOverflow(), {Hints()}, {});
  EXPECT_EQ(node_.Get(Hints()), "overflow");
}

TEST_F(HintRefusalsTest, TheCommandsThatAreDeniedAreNamed) {
  const std::vector<std::string> probes = {"probe:set", "probe:other"};
  EXPECT_EQ(node_.Call(CheckHintRights(), probes, {}).text, "");
  Deny({"rename", "sadd", "sscan"});
  EXPECT_EQ(node_.Call(CheckHintRights(), probes, {}).text, "RENAME SADD SSCAN");
  EXPECT_EQ(node_.Run({"DBSIZE"}).integer, 0);
}

// What Redis refuses to all is no right that is missing.
TEST_F(HintRefusalsTest, ANodeThatTakesNoWritesDeniesNothing) {
  node_.Run({"CONFIG", "SET", "min-replicas-to-write", "1"});
  EXPECT_EQ(node_.Call(CheckHintRights(), {"probe:set", "probe:other"}, {}).text, "");
  node_.Run({"CONFIG", "SET", "min-replicas-to-write", "0", "maxmemory", "1"});
  EXPECT_EQ(node_.Call(CheckHintRights(), {"probe:set", "probe:other"}, {}).text, "");
}

// Hints that stand on a node that takes no writes are read in place.
class PeekHintsTest : public HintRefusalsTest {
 protected:
  TakenHints Peek() {
    const redis::Reply reply =
        node_.Call(PeekHints(), {Hints(), node_.keys().Missed(), "taken"}, {kAway});
    EXPECT_FALSE(reply.IsError()) << reply.text;
    return static_cast<TakenHints>(reply.integer);
  }
  TakenHints Take() {
    const redis::Reply reply =
        node_.Call(TakeHints(), {Hints(), node_.keys().Missed(), "taken"}, {kAway, "1"});
    return reply.IsError() ? TakenHints::kNone : static_cast<TakenHints>(reply.integer);
  }
  void RefuseWrites(bool refuse) {
    node_.Run({"CONFIG", "SET", "min-replicas-to-write", refuse ? "1" : "0"});
  }
};

TEST_F(PeekHintsTest, ReadsWhereNothingCanBeTaken) {
  EXPECT_EQ(Peek(), TakenHints::kNone);
  Open();
  EXPECT_EQ(Peek(), TakenHints::kEmpty);
  Write();
  RefuseWrites(true);
  const redis::Reply refused =
      node_.Call(TakeHints(), {Hints(), node_.keys().Missed(), "taken"}, {kAway, "1"});
  ASSERT_TRUE(refused.IsError());
  EXPECT_EQ(redis::ClassifyError(refused.text), redis::ErrorKind::kNoReplicas);
  EXPECT_EQ(Peek(), TakenHints::kInPlace);
  EXPECT_EQ(Peek(), TakenHints::kInPlace);
}

TEST_F(PeekHintsTest, FindsWhatWasTakenBefore) {
  Open();
  Write();
  ASSERT_EQ(Take(), TakenHints::kTaken);
  EXPECT_EQ(Peek(), TakenHints::kBothInPlace);
  node_.Run({"DEL", "taken"});
  EXPECT_EQ(Peek(), TakenHints::kOverflow);
}

TEST_F(PeekHintsTest, FindsThatHintsAreMissing) {
  Write();  // No note has opened the set.
  EXPECT_EQ(Peek(), TakenHints::kOverflow);
  node_.Run({"DEL", Hints()});
  Open();
  node_.Call(MarkOverflow(), {Hints()}, {});
  EXPECT_EQ(Peek(), TakenHints::kOverflow);
  node_.Run({"DEL", Hints()});
  EXPECT_EQ(Peek(), TakenHints::kOverflow);  // A note stands, and no sentinel.
}

// How much of a node's memory hints may take.
class HintBytesTest : public HintRefusalsTest {
 protected:
  bool Fits(const std::string& key, int64_t bytes) {
    node_.Call(SetWithHints(), {key, node_.keys().Marker(), Hints()},
               {record_, EncodeTerms({}), "0", key, "1000000", std::to_string(bytes)});
    return node_.Run({"TYPE", Hints()}).text == "set";
  }
};

TEST_F(HintBytesTest, OneLongKeyAmongShortOnesFits) {
  constexpr int64_t kBytes = 100'000;
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(Fits(Concat("key:", i), kBytes)) << i;
  EXPECT_TRUE(Fits(std::string(8192, 'x'), kBytes));
}

TEST_F(HintBytesTest, ManyKeysAreTooManyBytes) {
  int64_t fitted = 0;
  while (fitted < 5000 && Fits(Concat("key:", fitted), 64'000)) ++fitted;
  EXPECT_GT(fitted, 700);  // of about 62 bytes
  EXPECT_LT(fitted, 1100 + 256);
}

TEST_F(HintBytesTest, LongKeysAreJudgedEachTime) {
  int64_t fitted = 0;
  while (fitted < 200 && Fits(Concat(std::string(8192, 'x'), fitted), 100'000)) ++fitted;
  EXPECT_LT(fitted, 14);
}

}  // namespace
}  // namespace kache
