// The scripts that leave and take hints, each by itself in a real redis-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHour = 3'600'000;
constexpr char kAway[] = "cache-b";
constexpr char kNoteField[] = "cache-b 00000000000000c0";

Record At(uint64_t timestamp, std::string_view value, int64_t expires_at_ms = 0) {
  return {{timestamp, 7}, expires_at_ms, false, value};
}

class HintScriptsTest : public ::testing::Test {
 protected:
  std::string Hints(const char* node = kAway) { return node_.keys().Hints(node); }
  std::string Taken() { return node_.keys().HintsTaken(kAway); }
  std::string Key(const std::string& key) { return node_.keys().Data(key); }

  redis::Reply Open(const std::string& note_field = kNoteField) {
    return node_.Call(OpenHints(), {Hints(), node_.keys().Missed()}, {kAway, note_field, "1 900"});
  }
  redis::Reply Write(const std::string& key, const Record& record, int64_t ends_ms = 0,
                     int64_t bound = 100) {
    return node_.Call(
        SetWithHints(), {Key(key), node_.keys().Marker(), Hints()},
        {EncodeRecord(record), std::to_string(ends_ms), "0", "0", "", key, std::to_string(bound)});
  }
  int64_t Leave(const std::string& key, const Record& record, int64_t kept_until_ms = 0) {
    const std::string encoded = EncodeRecord(record);
    return node_
        .Call(LeaveHints(), {Key(key), Hints()},
              {encoded.substr(kRecordVersionOffset, kRecordVersionBytes),
               std::to_string(kept_until_ms), key, "100"})
        .integer;
  }
  TakenHints Take() {
    return static_cast<TakenHints>(
        node_.Call(TakeHints(), {Hints(), node_.keys().Missed(), Taken()}, {kAway}).integer);
  }
  bool Finish() { return node_.Call(FinishHints(), {Hints(), Taken()}, {}).integer == 1; }
  void ForgetNote() { node_.Run({"HDEL", node_.keys().Missed(), kNoteField}); }
  std::vector<std::string> Members(const std::string& set) {
    std::vector<std::string> members;
    for (const redis::Reply& member : node_.Run({"SMEMBERS", set}).elements) {
      members.push_back(member.text);
    }
    std::sort(members.begin(), members.end());
    return members;
  }

  testing::ScriptedNode node_;
};

TEST_F(HintScriptsTest, AWriteLeavesItsHintInTheSameStep) {
  Open();
  EXPECT_EQ(Write("k", At(5, "v")).integer, kStoredReply);
  EXPECT_EQ(node_.Get(Key("k")), EncodeRecord(At(5, "v")));
  EXPECT_THAT(Members(Hints()), ElementsAre("", "kk"));
  Write("k", At(6, "v"));
  EXPECT_THAT(Members(Hints()), ElementsAre("", "kk"));
}

TEST_F(HintScriptsTest, AWriteMayBeMissedBySeveral) {
  node_.Call(SetWithHints(), {Key("k"), node_.keys().Marker(), Hints(), Hints("cache-c")},
             {EncodeRecord(At(5, "v")), "0", "0", "0", "", "k", "100"});
  EXPECT_THAT(Members(Hints()), ElementsAre("kk"));
  EXPECT_THAT(Members(Hints("cache-c")), ElementsAre("kk"));
}

TEST_F(HintScriptsTest, AnOlderWriteLeavesNone) {
  Open();
  node_.Call(SetIfNewer(), {Key("k")}, {EncodeRecord(At(9, "newer")), "0", "0", "0"});
  EXPECT_EQ(DecodeVersion(Write("k", At(5, "v")).text), At(9, "").version);
  EXPECT_THAT(Members(Hints()), ElementsAre(""));
}

// Another attempt may have stored it without a hint.
TEST_F(HintScriptsTest, ASecondAttemptLeavesItsHint) {
  Open();
  node_.Call(SetIfNewer(), {Key("k")}, {EncodeRecord(At(5, "v")), "0", "0", "0"});
  EXPECT_EQ(Write("k", At(5, "v")).integer, kStoredReply);
  EXPECT_THAT(Members(Hints()), ElementsAre("", "kk"));
}

TEST_F(HintScriptsTest, BeyondItsBoundASetIsAnOverflow) {
  Open();
  Write("a", At(5, "v"), 0, /*bound=*/2);
  Write("b", At(5, "v"), 0, 2);
  Write("a", At(6, "v"), 0, 2);
  EXPECT_THAT(Members(Hints()), ElementsAre("", "ka", "kb"));
  EXPECT_EQ(Write("c", At(5, "v"), 0, 2).integer, kStoredReply);
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  EXPECT_EQ(Write("d", At(5, "v"), 0, 2).integer, kStoredReply);
  Open();  // by another coordinator
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  node_.Call(ResetHints(), {Hints(), Taken()}, {});
  EXPECT_EQ(Take(), TakenHints::kEmpty);
  Write("e", At(5, "v"), 0, 2);
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_THAT(Members(Taken()), ElementsAre("", "ke"));
}

TEST_F(HintScriptsTest, ASetThatWasEvictedIsAnOverflow) {
  Open();
  Write("a", At(5, "v"));
  node_.Run({"DEL", Hints()});
  EXPECT_EQ(Take(), TakenHints::kOverflow);  // A note stands, and no set.
  Write("b", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);  // A set without its sentinel.
  ForgetNote();
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

TEST_F(HintScriptsTest, WithoutANoteAndASetNobodyMissesAnything) {
  EXPECT_EQ(Take(), TakenHints::kNone);
  node_.Run({"HSET", node_.keys().Missed(), "cache-bb 00000000000000c0", "1 900"});
  EXPECT_EQ(Take(), TakenHints::kNone);  // about another node
}

// A hint has no identity: to remove single ones would remove those of newer writes.
TEST_F(HintScriptsTest, AHintThatComesDuringAReplayIsKept) {
  Open();
  Write("k", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  Write("k", At(6, "v"));
  EXPECT_THAT(Members(Taken()), ElementsAre("", "kk"));
  EXPECT_THAT(Members(Hints()), ElementsAre("", "kk", "t"));
  EXPECT_EQ(Take(), TakenHints::kTaken);  // A replay that broke off goes on.
  EXPECT_THAT(Members(Hints()), ElementsAre("", "kk", "t"));
  EXPECT_TRUE(Finish());
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_TRUE(Finish());
  EXPECT_EQ(Take(), TakenHints::kEmpty);
}

TEST_F(HintScriptsTest, TakenHintsThatWereEvictedAreAnOverflow) {
  Open();
  Write("k", At(5, "v"));
  Take();
  node_.Run({"DEL", Taken()});
  EXPECT_FALSE(Finish());
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Write("k", At(6, "v"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

// The key's name is no mark.
TEST_F(HintScriptsTest, AKeyMayHaveAnyName) {
  Open();
  Write("t", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_THAT(Members(Taken()), ElementsAre("", "kt"));
}

TEST_F(HintScriptsTest, ANoteThatWasLostTookTheHintsWithIt) {
  Open();
  Write("k", At(5, "v"));
  node_.Call(ReassertNote(), {Hints(), node_.keys().Missed()}, {kAway, kNoteField, "1 900"});
  EXPECT_EQ(node_.Run({"HGET", node_.keys().Missed(), kNoteField}).text, "1 900");
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

TEST_F(HintScriptsTest, ALateHintIsLeftBehindItsWriteOnly) {
  Open();
  const Record record = At(5, "v");
  EXPECT_EQ(Leave("k", record), 0);  // The write did not arrive.
  EXPECT_THAT(Members(Hints()), ElementsAre(""));
  node_.Call(SetIfNewer(), {Key("k")}, {EncodeRecord(record), "0", "0", "0"});
  EXPECT_EQ(Leave("k", record), 1);
  EXPECT_THAT(Members(Hints()), ElementsAre("", "kk"));
  node_.Call(SetIfNewer(), {Key("other")}, {EncodeRecord(At(9, "newer")), "0", "0", "0"});
  EXPECT_EQ(Leave("other", record), 0);
  EXPECT_THAT(Members(Hints()), ElementsAre("", "kk"));
}

// Else a shortened life is undone by two nodes that are both merely behind.
TEST_F(HintScriptsTest, ALateHintKeepsItsRecord) {
  const int64_t now = node_.NowMs();
  const Record record = At(5, "v", now + kHour);
  node_.Call(SetIfNewer(), {Key("k")},
             {EncodeRecord(record), std::to_string(now + kHour), "0", "0"});
  Leave("k", record, now + 2 * kHour);
  EXPECT_EQ(node_.Run({"PEXPIRETIME", Key("k")}).integer, now + 2 * kHour);
  Leave("k", record, now + kHour);
  EXPECT_EQ(node_.Run({"PEXPIRETIME", Key("k")}).integer, now + 2 * kHour);
}

// Else what was evicted would be forgotten with the first miss of another coordinator.
TEST_F(HintScriptsTest, ANoteDoesNotHideThatASetWasEvicted) {
  Open();
  Write("a", At(5, "v"));
  node_.Run({"DEL", Hints()});
  Open("cache-b 00000000000000f0");
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  node_.Call(ResetHints(), {Hints(), Taken()}, {});
  node_.Run({"DEL", Hints()});
  Write("b", At(5, "v"));  // A set without its sentinel.
  Open();
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  node_.Call(ResetHints(), {Hints(), Taken()}, {});
  Open();
  EXPECT_EQ(Take(), TakenHints::kEmpty);
}

TEST_F(HintScriptsTest, ANoteAndItsSentinelAreOneStep) {
  Open();
  EXPECT_THAT(Members(Hints()), ElementsAre(""));
  EXPECT_EQ(node_.Run({"HGET", node_.keys().Missed(), kNoteField}).text, "1 900");
  EXPECT_THAT(Members(Taken()), IsEmpty());
}

}  // namespace
}  // namespace kache
