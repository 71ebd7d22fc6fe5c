// The script set-if-newer, in a real redis-server.
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/scripted_key.h"

namespace kache {
namespace {

using testing::IsAcknowledged;
using testing::IsLifeOver;
using testing::IsTooLate;
using testing::ScriptedKey;

constexpr int64_t kHour = 3'600'000;

Record At(uint64_t timestamp, std::string_view value, uint64_t coordinator = 7) {
  return {{timestamp, coordinator}, 0, false, value};
}

TEST(SetIfNewer, StoresWhereNothingIs) {
  ScriptedKey key;
  EXPECT_TRUE(IsAcknowledged(key.Store(At(5, "v"))));
  EXPECT_EQ(key.Value(), EncodeRecord(At(5, "v")));
  EXPECT_EQ(key.End(), -1);
}

TEST(SetIfNewer, ReplacesAnOlderRecord) {
  ScriptedKey key;
  key.Store(At(5, "old"));
  EXPECT_TRUE(IsAcknowledged(key.Store(At(6, "new"))));
  EXPECT_EQ(key.Value(), EncodeRecord(At(6, "new")));
}

TEST(SetIfNewer, RefusesAnOlderRecordWithTheHeldVersion) {
  ScriptedKey key;
  const Version held{0xFF00FF0080008000, 0x8000000000000001};
  key.Store({held, 0, false, "new"});
  const redis::Reply reply = key.Store(At(5, "old"));
  EXPECT_EQ(DecodeVersion(reply.text), held);
  EXPECT_EQ(key.Value(), EncodeRecord({held, 0, false, "new"}));
}

TEST(SetIfNewer, AcknowledgesTheVeryVersionAndKeepsWhatIsHeld) {
  ScriptedKey key;
  const int64_t end = key.NowMs() + kHour;
  key.Store(At(5, "first"), end);
  EXPECT_TRUE(IsAcknowledged(key.Store(At(5, "second"))));
  EXPECT_EQ(key.Value(), EncodeRecord(At(5, "first")));
  EXPECT_EQ(key.End(), end);
}

TEST(SetIfNewer, KeepsAKeyThatEndsForAWhile) {
  ScriptedKey key;
  const auto store = [&](const Record& record, int64_t ends_ms) {
    return key.Run({"EVALSHA", SetIfNewer().sha1, "1", ScriptedKey::kKey, EncodeRecord(record),
                    EncodeTerms({.ends_ms = ends_ms, .least_ms = kHour})});
  };
  const int64_t now = key.NowMs();
  EXPECT_TRUE(IsAcknowledged(store(At(5, "short"), now + 60'000)));
  EXPECT_GE(key.End(), now + kHour);
  EXPECT_TRUE(IsAcknowledged(store(At(6, "long"), now + 2 * kHour)));
  EXPECT_EQ(key.End(), now + 2 * kHour);
  EXPECT_TRUE(IsAcknowledged(store(At(7, "for ever"), 0)));
  EXPECT_EQ(key.End(), -1);
  EXPECT_TRUE(IsLifeOver(store(At(8, "over"), now - 1)));
  EXPECT_FALSE(key.Exists());
}

TEST(SetIfNewer, KeepsAShortLifeWhereTheNodeHasLostItsMemory) {
  ScriptedKey key;
  const std::string marker = "kache:m:marker", whole = "kache1 whole 00000000000000ff ";
  const int64_t end = key.NowMs() + kHour;
  // How much longer than asked for the key is kept.
  const auto kept = [&](const Record& record) {
    const redis::Reply reply =
        key.Run({"EVALSHA", SetIfNewer().sha1, "2", ScriptedKey::kKey, marker, EncodeRecord(record),
                 EncodeTerms({end, end + kHour, 0, whole})});
    EXPECT_TRUE(IsAcknowledged(reply));
    return key.End() - end;
  };
  EXPECT_EQ(kept(At(5, "no marker")), kHour);
  key.Run({"DEL", ScriptedKey::kKey});
  key.Run({"SET", marker, "kache1 syncing 00000000000000ff run a 1 2 3 arcs"});
  EXPECT_EQ(kept(At(6, "not whole")), kHour);
  EXPECT_EQ(kept(At(7, "over what is kept for long")), kHour);
  key.Run({"DEL", ScriptedKey::kKey});
  const redis::Reply over =
      key.Run({"EVALSHA", SetIfNewer().sha1, "2", ScriptedKey::kKey, marker,
               EncodeRecord(At(8, "over")), EncodeTerms({key.NowMs() - 1, end + kHour, 0, whole})});
  EXPECT_TRUE(IsLifeOver(over));
  EXPECT_FALSE(key.Exists());
  key.Run({"SET", marker, whole + "run a 1 2 3 arcs"});
  EXPECT_EQ(kept(At(8, "whole")), 0);
  EXPECT_EQ(kept(At(9, "over one that ends")), 0);
  key.Run({"SET", ScriptedKey::kKey, EncodeRecord(At(10, "for ever"))});
  EXPECT_EQ(kept(At(11, "over that")), kHour);
}

// The one ends with the stand-in's time, the other with the record's.
TEST(SetIfNewer, AHomeReplicasCopyReplacesAStandInsOfTheSameVersion) {
  ScriptedKey key;
  const std::string home = EncodeRecord(At(5, "v"));
  const std::string stand_in = WithStandInFlag(home, true);
  key.Store(stand_in, key.NowMs() + kHour);
  EXPECT_TRUE(IsAcknowledged(key.Store(home)));
  EXPECT_EQ(key.Value(), home);
  EXPECT_EQ(key.End(), -1);
}

TEST(SetIfNewer, AStandInsCopyReplacesNoneOfTheSameVersion) {
  ScriptedKey key;
  const std::string home = EncodeRecord(At(5, "v"));
  const std::string stand_in = WithStandInFlag(home, true);
  key.Store(home);
  EXPECT_TRUE(IsAcknowledged(key.Store(stand_in, key.NowMs() + kHour)));
  EXPECT_EQ(key.Value(), home);
  EXPECT_EQ(key.End(), -1);
  // Nor does a second attempt on the stand-in.
  key.Run({"DEL", ScriptedKey::kKey});
  const int64_t end = key.NowMs() + kHour;
  key.Store(stand_in, end);
  EXPECT_TRUE(IsAcknowledged(key.Store(stand_in, end + kHour)));
  EXPECT_EQ(key.End(), end);
}

TEST(SetIfNewer, TheStandInsFlagCountsAtEqualVersionsOnly) {
  ScriptedKey key;
  key.Store(WithStandInFlag(EncodeRecord(At(6, "newer")), true), key.NowMs() + kHour);
  EXPECT_EQ(DecodeVersion(key.Store(At(5, "older")).text), (Version{6, 7}));
  const std::string newest = WithStandInFlag(EncodeRecord(At(7, "newest")), true);
  EXPECT_TRUE(IsAcknowledged(key.Store(newest, key.NowMs() + kHour)));
  EXPECT_EQ(key.Value(), newest);
}

// A tombstone is flagged, too, and keeps its other flag.
TEST(SetIfNewer, ReadsTheStandInsFlagBesideOthers) {
  ScriptedKey key;
  const std::string home = EncodeRecord({{5, 7}, 0, true, {}});
  const std::string stand_in = WithStandInFlag(home, true);
  key.Store(stand_in, key.NowMs() + kHour);
  EXPECT_TRUE(IsAcknowledged(key.Store(home, key.NowMs() + 2 * kHour)));
  EXPECT_EQ(key.Value(), home);
}

TEST(SetIfNewer, ComparesANewerFormatByVersion) {
  ScriptedKey key;
  std::string newer = EncodeRecord(At(10, "v"));
  newer[2] = 2;
  EXPECT_TRUE(IsAcknowledged(key.Store(newer)));
  EXPECT_EQ(DecodeVersion(key.Store(At(5, "old")).text), (Version{10, 7}));
  EXPECT_TRUE(IsAcknowledged(key.Store(At(11, "new"))));
  EXPECT_EQ(key.Value(), EncodeRecord(At(11, "new")));
}

TEST(SetIfNewer, ReplacesAForeignString) {
  ScriptedKey key;
  const std::string magic = EncodeRecord({{UINT64_MAX, UINT64_MAX}, 0, false, ""});
  for (const std::string& foreign :
       {std::string("x"), std::string(1000, 'x'), std::string("\x4B\xAC"), magic.substr(0, 20),
        magic.substr(0, 27)}) {  // too short for a record, though it begins like one
    key.Run({"SET", ScriptedKey::kKey, foreign});
    EXPECT_TRUE(IsAcknowledged(key.Store(At(5, "v"))));
    EXPECT_EQ(key.Value(), EncodeRecord(At(5, "v")));
    key.Run({"DEL", ScriptedKey::kKey});
  }
}

TEST(SetIfNewer, ReplacesAForeignTypeAndItsExpiry) {
  ScriptedKey key;
  for (const int64_t end : {int64_t{0}, key.NowMs() + kHour}) {
    key.Run({"RPUSH", ScriptedKey::kKey, "a", "b"});
    key.Run({"PEXPIRE", ScriptedKey::kKey, "50000000"});
    EXPECT_TRUE(IsAcknowledged(key.Store(At(5, "v"), end, kHour)));
    EXPECT_EQ(key.Value(), EncodeRecord(At(5, "v")));
    EXPECT_EQ(key.End(), end == 0 ? -1 : end);
    key.Run({"DEL", ScriptedKey::kKey});
  }
}

TEST(SetIfNewer, SetsTheExpiryToTheMillisecond) {
  ScriptedKey key;
  const int64_t end = key.NowMs() + 123'457;
  key.Store(At(5, "v"), end);
  EXPECT_EQ(key.End(), end);
  key.Store(At(6, "v"), end + 1, kHour);  // a longer life
  EXPECT_EQ(key.End(), end + 1);
  key.Store(At(7, "v"), 0, kHour);
  EXPECT_EQ(key.End(), -1);
}

TEST(SetIfNewer, TakesAnExpiryFarAway) {
  ScriptedKey key;
  const int64_t year_9999 = 253'402'300'799'999;
  EXPECT_TRUE(IsAcknowledged(key.Store(At(5, "v"), year_9999, kHour)));
  EXPECT_EQ(key.End(), year_9999);
}

TEST(SetIfNewer, KeepsAShortenedLifeForTheGrace) {
  ScriptedKey key;
  const int64_t end = key.NowMs() + 100'000;
  key.Store(At(5, "for ever"));
  key.Store(At(6, "short"), end, kHour);
  EXPECT_EQ(key.End(), end + kHour);
}

TEST(SetIfNewer, KeepsAShortenedLifeNoLongerThanTheOldOneWas) {
  ScriptedKey key;
  const int64_t end = key.NowMs() + 100'000;
  key.Store(At(5, "long"), end + 5'000);
  key.Store(At(6, "short"), end, kHour);
  EXPECT_EQ(key.End(), end + 5'000);
}

TEST(SetIfNewer, ShortensALifeAtOnceWithoutAGrace) {
  ScriptedKey key;
  const int64_t end = key.NowMs() + 100'000;
  key.Store(At(5, "for ever"));
  key.Store(At(6, "short"), end, 0);
  EXPECT_EQ(key.End(), end);
}

TEST(SetIfNewer, DoesNotStoreWhatHasExpired) {
  ScriptedKey key;
  EXPECT_TRUE(IsLifeOver(key.Store(At(5, "v"), key.NowMs() - 1)));
  EXPECT_FALSE(key.Exists());
  EXPECT_TRUE(IsLifeOver(key.Store(At(5, "v"), 1)));
  EXPECT_FALSE(key.Exists());
}

TEST(SetIfNewer, RemovesWhatAnExpiredRecordBeats) {
  ScriptedKey key;
  key.Store(At(5, "old"));
  EXPECT_TRUE(IsLifeOver(key.Store(At(6, "v"), key.NowMs() - 1)));
  EXPECT_FALSE(key.Exists());
  key.Run({"RPUSH", ScriptedKey::kKey, "foreign"});
  EXPECT_TRUE(IsLifeOver(key.Store(At(6, "v"), key.NowMs() - 1)));
  EXPECT_FALSE(key.Exists());
}

TEST(SetIfNewer, KeepsAnExpiredRecordForTheGraceToBeatOlderCopies) {
  ScriptedKey key;
  const int64_t end = key.NowMs() - 1000;
  key.Store(At(5, "for ever"));
  EXPECT_TRUE(IsAcknowledged(key.Store(At(6, "v"), end, kHour)));
  EXPECT_EQ(key.Value(), EncodeRecord(At(6, "v")));
  EXPECT_EQ(key.End(), end + kHour);
}

TEST(SetIfNewer, AnExpiredRecordThatIsOlderRemovesNothing) {
  ScriptedKey key;
  key.Store(At(5, "new"));
  EXPECT_EQ(DecodeVersion(key.Store(At(4, "v"), 1).text), (Version{5, 7}));
  EXPECT_TRUE(key.Exists());
}

// As on Redis 6.2, which lacks PEXPIRETIME.
TEST(SetIfNewer, KeepsAShortenedLifeWhereTheServerCannotTellTheExactEnd) {
  ScriptedKey key({"--rename-command", "PEXPIRETIME", "RENAMED"});
  const auto end_of_key = [&key] { return key.Run({"RENAMED", ScriptedKey::kKey}).integer; };
  const int64_t end = key.NowMs() + 100'000;
  key.Store(At(5, "for ever"));
  key.Store(At(6, "short"), end, kHour);
  EXPECT_EQ(end_of_key(), end + kHour);
  key.Store(At(7, "shorter"), end - 50'000, 2 * kHour);
  EXPECT_NEAR(static_cast<double>(end_of_key()), static_cast<double>(end + kHour), 1.0);
  key.Store(At(8, "longer"), end + 2 * kHour, kHour);
  EXPECT_EQ(end_of_key(), end + 2 * kHour);
}

// A write or a copy that was held up until the tombstone that beats it has ended.
TEST(SetIfNewer, StoresNothingTooLateWhereNothingIsHeld) {
  ScriptedKey key;
  EXPECT_TRUE(IsTooLate(key.Store(At(5, "v"), 0, 0, key.NowMs() - 1)));
  EXPECT_FALSE(key.Exists());
  EXPECT_TRUE(IsTooLate(key.Store(At(5, "v"), key.NowMs() + kHour, kHour, key.NowMs() - 1)));
  EXPECT_FALSE(key.Exists());
  EXPECT_TRUE(IsAcknowledged(key.Store(At(5, "v"), 0, 0, key.NowMs() + kHour)));
}

TEST(SetIfNewer, LeavesAForeignValueToAWriteThatIsNotTooLate) {
  ScriptedKey key;
  key.Run({"SET", ScriptedKey::kKey, "foreign"});
  EXPECT_TRUE(IsTooLate(key.Store(At(5, "v"), 0, 0, key.NowMs() - 1)));
  EXPECT_EQ(key.Value(), "foreign");
  EXPECT_TRUE(IsAcknowledged(key.Store(At(5, "v"))));
}

TEST(SetIfNewer, JudgesByVersionsHoweverLateWhereARecordIsHeld) {
  ScriptedKey key;
  key.Store(At(5, "older"));
  EXPECT_TRUE(IsAcknowledged(key.Store(At(6, "v"), 0, 0, 1)));
  EXPECT_TRUE(IsAcknowledged(key.Store(At(6, "v"), 0, 0, 1)));  // the second attempt
  EXPECT_EQ(DecodeVersion(key.Store(At(4, "oldest"), 0, 0, 1).text), (Version{6, 7}));
}

TEST(SetIfNewer, StoresAMegabyteOfAnyBytes) {
  ScriptedKey key;
  std::string value(1 << 20, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 31 >> 3);
  EXPECT_TRUE(IsAcknowledged(key.Store(At(5, value))));
  EXPECT_EQ(key.Value(), EncodeRecord(At(5, value)));
  EXPECT_EQ(DecodeVersion(key.Store(At(4, value)).text), (Version{5, 7}));
}

}  // namespace
}  // namespace kache
