// The scripts that leave and take hints, each by itself in a real redis-server.
#include "tests/redis/hint_scripts_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(HintScriptsTest, AWriteLeavesItsHintInTheSameStep) {
  Open();
  EXPECT_EQ(Write("k", At(5, "v")).integer, kStoredReply);
  EXPECT_EQ(node_.Get(Key("k")), EncodeRecord(At(5, "v")));
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
  Write("k", At(6, "v"));
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
}

TEST_F(HintScriptsTest, AWriteMayBeMissedBySeveral) {
  node_.Call(SetWithHints(), {Key("k"), node_.keys().Marker(), Hints(), Hints("cache-c")},
             {EncodeRecord(At(5, "v")), EncodeTerms({}), "0", "k", "100"});
  EXPECT_THAT(Members(Hints()), ElementsAre("kk"));
  EXPECT_THAT(Members(Hints("cache-c")), ElementsAre("kk"));
}

TEST_F(HintScriptsTest, AnOlderWriteLeavesNone) {
  Open();
  node_.Call(SetIfNewer(), {Key("k")}, {EncodeRecord(At(9, "newer")), EncodeTerms({})});
  EXPECT_EQ(DecodeVersion(Write("k", At(5, "v")).text), At(9, "").version);
  EXPECT_THAT(HintsIn(Hints()), IsEmpty());
}

// Another attempt may have stored it without a hint.
TEST_F(HintScriptsTest, ASecondAttemptLeavesItsHint) {
  Open();
  node_.Call(SetIfNewer(), {Key("k")}, {EncodeRecord(At(5, "v")), EncodeTerms({})});
  EXPECT_EQ(Write("k", At(5, "v")).integer, kStoredReply);
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
}

TEST_F(HintScriptsTest, BeyondItsBoundASetIsAnOverflow) {
  Open();  // Two members.
  Write("a", At(5, "v"), 0, /*bound=*/4);
  Write("b", At(5, "v"), 0, 4);
  Write("a", At(6, "v"), 0, 4);
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("ka", "kb"));
  EXPECT_EQ(Write("c", At(5, "v"), 0, 4).integer, kStoredReply);
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  EXPECT_EQ(Write("d", At(5, "v"), 0, 4).integer, kStoredReply);
  Open(kOther);
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Compare();
  EXPECT_EQ(Take(), TakenHints::kEmpty);
  Write("e", At(5, "v"), 0, 4);
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_THAT(HintsIn(Taken()), ElementsAre("ke"));
}

TEST_F(HintScriptsTest, ASetThatWasEvictedIsAnOverflow) {
  Open();
  Write("a", At(5, "v"));
  node_.Run({"DEL", Hints()});
  EXPECT_EQ(Take(), TakenHints::kOverflow);  // A note stands, and no set.
  Write("b", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);  // A set without its sentinel.
  Open();
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

// Else what was evicted would be forgotten with the first miss of another coordinator.
TEST_F(HintScriptsTest, ANoteOfAnotherDoesNotHideThatASetWasEvicted) {
  Open();
  Write("a", At(5, "v"));
  node_.Run({"DEL", Hints()});
  Open(kOther);
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

// The next write makes a set anew. Nobody else may know that there was another one.
TEST_F(HintScriptsTest, ASetThatWasEvictedWithItsNoteIsAnOverflow) {
  Open();
  Write("a", At(5, "v"));
  node_.Run({"DEL", Hints(), node_.keys().Missed()});
  EXPECT_EQ(Take(), TakenHints::kNone);
  Write("b", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Open(kOther);
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

// As the release before writes its notes.
TEST_F(HintScriptsTest, ANoteOfACoordinatorThatLeavesNoHintsIsAnOverflow) {
  Open();
  Write("k", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_TRUE(Finish());
  node_.Run({"HSET", node_.keys().Missed(), NoteOf(kOther), "1 900"});
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Reset("70", "1");
  node_.Call(EndComparison(), {Hints(), node_.keys().Missed()}, {"70", "1", kAway, kMe});
  EXPECT_EQ(Take(), TakenHints::kOverflow);  // It still notes that.
  node_.Run({"HDEL", node_.keys().Missed(), NoteOf(kOther)});
  EXPECT_EQ(Take(), TakenHints::kEmpty);
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
  EXPECT_THAT(HintsIn(Taken()), ElementsAre("kk"));
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
  EXPECT_EQ(Take("2"), TakenHints::kTaken);  // A replay that broke off is begun again.
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
  EXPECT_TRUE(Finish("2"));
  EXPECT_EQ(Take("2"), TakenHints::kTaken);
  EXPECT_TRUE(Finish("2"));
  EXPECT_EQ(Take("2"), TakenHints::kEmpty);
}

// A job that stood still, and lost its lease, must not remove what it has not read.
TEST_F(HintScriptsTest, AJobRemovesOnlyWhatItTook) {
  Open();
  Write("k", At(5, "v"));
  Take("1");
  Take("2");
  EXPECT_TRUE(Finish("2"));
  Write("later", At(6, "v"));
  EXPECT_EQ(Take("2"), TakenHints::kTaken);
  EXPECT_FALSE(Finish("1"));
  EXPECT_THAT(HintsIn(Taken()), ElementsAre("klater"));
  EXPECT_TRUE(Finish("2"));
}

// On a connection that was made again, after one that was lost.
TEST_F(HintScriptsTest, WhatIsSentTwiceIsDoneOnce) {
  Open();
  Open();
  Write("k", At(5, "v"));
  Write("k", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_EQ(Take(), TakenHints::kTaken);
  Write("later", At(6, "v"));
  EXPECT_TRUE(Finish());
  EXPECT_TRUE(Finish());
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("klater"));
  Reset("70", "1");
  Reset("70", "1");
  EXPECT_TRUE(End("70", "1"));
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

// The key's name is no sign.
TEST_F(HintScriptsTest, AKeyMayHaveAnyName) {
  Open();
  Write("t", At(5, "v"));
  Write("a", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_THAT(HintsIn(Taken()), ElementsAre("ka", "kt"));
}

TEST_F(HintScriptsTest, ANoteThatWasLostTookTheHintsWithIt) {
  Open();
  Write("k", At(5, "v"));
  node_.Call(ReassertNote(), {Hints(), node_.keys().Missed()}, {kMe, NoteOf(kMe), "1 900"});
  EXPECT_EQ(node_.Run({"HGET", node_.keys().Missed(), NoteOf(kMe)}).text, "1 900");
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

TEST_F(HintScriptsTest, ANoteThatStandsIsNotRestored) {
  const auto restore = [&] {
    return node_.Call(RestoreNote(), {Hints(), node_.keys().Missed()}, {kMe, NoteOf(kMe), "1 900"});
  };
  Open();
  Write("k", At(5, "v"));
  restore();
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
  node_.Run({"DEL", node_.keys().Missed()});
  restore();
  EXPECT_EQ(node_.Run({"HGET", node_.keys().Missed(), NoteOf(kMe)}).text, "1 900");
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

TEST_F(HintScriptsTest, ALateHintIsLeftBehindItsWriteOnly) {
  Open();
  const Record record = At(5, "v");
  EXPECT_EQ(Leave("k", record), 0);  // The write did not arrive.
  EXPECT_THAT(HintsIn(Hints()), IsEmpty());
  node_.Call(SetIfNewer(), {Key("k")}, {EncodeRecord(record), EncodeTerms({})});
  EXPECT_EQ(Leave("k", record), 1);
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
  node_.Call(SetIfNewer(), {Key("other")}, {EncodeRecord(At(9, "newer")), EncodeTerms({})});
  EXPECT_EQ(Leave("other", record), 0);
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("kk"));
}

// Else a shortened life is undone by two nodes that are both merely behind.
TEST_F(HintScriptsTest, AHintKeepsItsRecord) {
  const int64_t now = node_.NowMs();
  const Record record = At(5, "v", now + kHour);
  node_.Call(SetIfNewer(), {Key("k")}, {EncodeRecord(record), EncodeTerms({now + kHour})});
  Leave("k", record, now + 2 * kHour);
  EXPECT_EQ(node_.Run({"PEXPIRETIME", Key("k")}).integer, now + 2 * kHour);
  Leave("k", record, now + kHour);
  EXPECT_EQ(node_.Run({"PEXPIRETIME", Key("k")}).integer, now + 2 * kHour);
  Write("other", record, now + kHour, 100, now + 3 * kHour);
  EXPECT_EQ(node_.Run({"PEXPIRETIME", Key("other")}).integer, now + 3 * kHour);
  Write("endless", At(5, "v"), 0, 100, now + kHour);
  EXPECT_EQ(node_.Run({"PEXPIRETIME", Key("endless")}).integer, -1);
}

// What was not stored is not acknowledged, however long it would be kept.
TEST_F(HintScriptsTest, ALifeThatIsOverIsNotStored) {
  const int64_t now = node_.NowMs();
  EXPECT_EQ(Write("k", At(5, "v", now - 1), now - 1, 100, now + kHour).integer, kLifeOverReply);
  EXPECT_EQ(node_.Run({"EXISTS", Key("k")}).integer, 0);
  EXPECT_THAT(Members(Hints()), IsEmpty());
}

// Redis refuses whatever would take memory as the first write of a script.
TEST_F(HintScriptsTest, AtTheMemoryLimitHintsAreLeftAllTheSame) {
  Open();
  for (const char* key : {"late", "again"}) {
    node_.Call(SetIfNewer(), {Key(key)}, {EncodeRecord(At(5, "v")), EncodeTerms({})});
  }
  node_.Run({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(Leave("late", At(5, "v")), 1);
  EXPECT_EQ(Write("again", At(5, "v")).integer, kStoredReply);  // A second attempt.
  Open(kOther);
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_TRUE(Finish());
  Reset("70", "1");
  EXPECT_TRUE(End("70", "1"));
  Leave("late", At(5, "v"));
  node_.Call(MarkOverflow(), {Hints("cache-c")}, {});
  node_.Run({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_THAT(HintsIn(Hints()), ElementsAre("klate"));
  EXPECT_EQ(node_.Run({"HGET", node_.keys().Missed(), NoteOf(kOther)}).text, "1 900");
  EXPECT_EQ(node_.Get(Hints("cache-c")), "overflow");
}

TEST_F(HintScriptsTest, ANoteAndItsSentinelAreOneStep) {
  Open();
  EXPECT_THAT(Members(Hints()), ElementsAre(Concat("n", kMe), "o"));
  EXPECT_EQ(node_.Run({"HGET", node_.keys().Missed(), NoteOf(kMe)}).text, "1 900");
  EXPECT_THAT(Members(Taken()), IsEmpty());
}

}  // namespace
}  // namespace kache
