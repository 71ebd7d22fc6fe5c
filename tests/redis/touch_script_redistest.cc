// The script touch, in a real redis-server.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "server/redis/reply.h"
#include "server/replication/touch.h"
#include "server/replication/touch_scripts.h"
#include "tests/testing/scripted_key.h"

namespace kache {
namespace {

using testing::IsAcknowledged;
using testing::ScriptedKey;

constexpr int64_t kHour = 3'600'000;
constexpr uint64_t kClock = 0xABCDE00000000000;

class TouchScriptTest : public ::testing::Test {
 protected:
  TouchScriptTest() {
    EXPECT_EQ(key_.Run({"SCRIPT", "LOAD", TouchScript().source}).text, TouchScript().sha1);
    now_ = key_.NowMs();
  }

  static uint64_t TimestampAt(int64_t ms) { return static_cast<uint64_t>(ms) << 16; }
  // A value that was stamped `age_ms` ago.
  Record Value(int64_t age_ms, int64_t expires_at_ms = 0, std::string_view value = "value") const {
    return {{TimestampAt(now_ - age_ms), kClock | 0x1234}, expires_at_ms, false, value};
  }
  // Of a touch that is stamped `from_now_ms` from now.
  TouchTerms Terms(const Record& seen, int64_t expires_at_ms, int64_t from_now_ms = 0) const {
    TouchTerms terms;
    terms.seen = seen;
    terms.timestamp = TimestampAt(now_ + from_now_ms);
    terms.expires_at_ms = expires_at_ms;
    terms.ends_ms = expires_at_ms;
    terms.limit_ms = expires_at_ms == 0 ? 0 : expires_at_ms + kHour;
    terms.latest_ms = now_ + kHour;
    terms.stand_in_ms = kHour;
    return terms;
  }
  TouchAnswer Touch(const TouchTerms& terms) {
    const redis::Reply reply =
        key_.Run({"EVALSHA", TouchScript().sha1, "1", ScriptedKey::kKey, EncodeTouchTerms(terms)});
    EXPECT_FALSE(reply.IsError()) << reply.text;
    return DecodeTouchAnswer(reply.text);
  }
  // Beside a hint, for which the key is kept for three hours.
  redis::Reply TouchWithHint(const TouchTerms& terms) {
    return key_.Run({"EVALSHA", TouchScript().sha1, "2", ScriptedKey::kKey, "hints",
                     EncodeTouchTerms(terms), std::to_string(now_ + 3 * kHour), "k", "100", "0"});
  }
  Record Held() {
    text_ = key_.Value();
    const DecodedRecord decoded = DecodeRecord(text_);
    EXPECT_EQ(decoded.kind, RecordKind::kRecord);
    return decoded.record;
  }

  ScriptedKey key_;
  int64_t now_ = 0;
  std::string text_;  // Held's value points into it
};

TEST_F(TouchScriptTest, GivesAnotherLifeAndKeepsTheValue) {
  const Record value = Value(5000);
  key_.Store(value);
  const TouchAnswer answer = Touch(Terms(value, now_ + 2 * kHour));
  EXPECT_EQ(answer.said, TouchSaid::kTouched);
  const Record held = Held();
  EXPECT_EQ(held.value, "value");
  EXPECT_EQ(held.expires_at_ms, now_ + 2 * kHour);
  EXPECT_EQ(held.version, answer.record.version);
  EXPECT_TRUE(held.touched);
  EXPECT_TRUE(IsSameValue(held, value));
  EXPECT_GT(held.version, value.version);
  EXPECT_EQ(held.version.timestamp, value.version.timestamp);
  EXPECT_EQ(WrittenAtMs(held.version, true), now_);
  EXPECT_EQ(held.version.clock & 63, HashOfLife(now_ + 2 * kHour));
}

TEST_F(TouchScriptTest, ANewerValueBeatsTheTouchAndNoOlderOneDoes) {
  const Record value = Value(5000);
  key_.Store(value);
  Touch(Terms(value, now_ + kHour));
  const Version touched = Held().version;
  EXPECT_EQ(DecodeVersion(key_.Store(value).text), touched) << "a second attempt of the put";
  Record next = Value(5000);
  next.version = {value.version.timestamp + 1, 1 << 16};
  EXPECT_TRUE(IsAcknowledged(key_.Store(next)));
}

TEST_F(TouchScriptTest, ALifeWithoutEndEndsTheKeysExpiry) {
  const Record value = Value(5000, now_ + kHour);
  key_.Store(value, now_ + kHour);
  EXPECT_EQ(Touch(Terms(value, 0)).said, TouchSaid::kTouched);
  EXPECT_EQ(key_.End(), -1);
  EXPECT_EQ(Held().expires_at_ms, 0);
}

TEST_F(TouchScriptTest, ALongerLifeEndsTheKeyThen) {
  const Record value = Value(5000, now_ + kHour);
  key_.Store(value, now_ + kHour);
  Touch(Terms(value, now_ + 3 * kHour));
  EXPECT_EQ(key_.End(), now_ + 3 * kHour);
}

// So that it beats the copy of a replica that missed the touch.
TEST_F(TouchScriptTest, AShorterLifeIsRemembered) {
  const Record value = Value(5000);
  key_.Store(value);
  Touch(Terms(value, now_ + 1000));
  EXPECT_EQ(key_.End(), now_ + 1000 + kHour);
  key_.Run({"DEL", ScriptedKey::kKey});
  const Record ends = Value(4000, now_ + kHour / 2);
  key_.Store(ends, now_ + kHour / 2);
  Touch(Terms(ends, now_ + 1000));
  EXPECT_EQ(key_.End(), now_ + kHour / 2);
}

TEST_F(TouchScriptTest, TouchesAreInTheOrderOfTheirStamps) {
  const Record value = Value(5000);
  key_.Store(value);
  EXPECT_EQ(Touch(Terms(value, now_ + kHour, 20)).said, TouchSaid::kTouched);
  const std::string after_second = key_.Value();
  const TouchAnswer late = Touch(Terms(value, now_ + 2 * kHour, 10));
  EXPECT_EQ(late.said, TouchSaid::kNewer);
  EXPECT_EQ(MillisOf(StampToBeat(late.record).timestamp), now_ + 20);
  EXPECT_EQ(key_.Value(), after_second);
  EXPECT_EQ(Touch(Terms(value, now_ + 2 * kHour, 30)).said, TouchSaid::kTouched);
  EXPECT_EQ(Held().expires_at_ms, now_ + 2 * kHour);
}

TEST_F(TouchScriptTest, ASecondAttemptFindsItsOwnRecord) {
  const Record value = Value(5000);
  key_.Store(value);
  Touch(Terms(value, now_ + 1));
  const std::string first = key_.Value();
  EXPECT_EQ(Touch(Terms(value, now_ + 1)).said, TouchSaid::kTouched);
  EXPECT_EQ(key_.Value(), first);
}

TEST_F(TouchScriptTest, OfTwoLivesInOneMillisecondOneWins) {
  const Record value = Value(5000);
  for (const int64_t first : {kHour, 2 * kHour}) {
    key_.Run({"DEL", ScriptedKey::kKey});
    key_.Store(value);
    Touch(Terms(value, now_ + first));
    const TouchAnswer second = Touch(Terms(value, now_ + 3 * kHour - first));
    const bool higher = HashOfLife(now_ + 3 * kHour - first) > HashOfLife(now_ + first);
    EXPECT_EQ(second.said, higher ? TouchSaid::kTouched : TouchSaid::kNewer);
  }
}

TEST_F(TouchScriptTest, AMissIsSaid) {
  const Record value = Value(5000);
  EXPECT_EQ(Touch(Terms(value, 0)).said, TouchSaid::kAbsent);
  EXPECT_FALSE(key_.Exists());
  key_.Run({"SET", ScriptedKey::kKey, "foreign"});
  EXPECT_EQ(Touch(Terms(value, 0)).said, TouchSaid::kAbsent);
  key_.Run({"DEL", ScriptedKey::kKey});
  key_.Run({"RPUSH", ScriptedKey::kKey, "list"});
  EXPECT_EQ(Touch(Terms(value, 0)).said, TouchSaid::kAbsent);
}

TEST_F(TouchScriptTest, AnEndedLifeDoesNotReturn) {
  const Record value = Value(5000, now_ - 1);
  key_.Run({"SET", ScriptedKey::kKey, EncodeRecord(value)});  // kept, as it is remembered
  EXPECT_EQ(Touch(Terms(value, 0)).said, TouchSaid::kEnded);
  key_.Store(Record{{TimestampAt(now_ - 1000), kClock}, 0, true, {}});
  EXPECT_EQ(Touch(Terms(value, 0)).said, TouchSaid::kEnded);
}

// The node that missed the longer life has not heard that the value lives.
TEST_F(TouchScriptTest, AnOlderTouchOfTheValueIsReplacedThoughItIsOver) {
  const Record value = Value(5000, now_ - 1);
  key_.Store(Value(5000));
  const TouchAnswer longer = Touch(Terms(Value(5000), now_ + kHour, -100));
  key_.Run({"SET", ScriptedKey::kKey, EncodeRecord(value)});
  EXPECT_EQ(Touch(Terms(longer.record, now_ + kHour)).said, TouchSaid::kTouched);
  EXPECT_EQ(Held().expires_at_ms, now_ + kHour);
}

// The offset of the node's clock counts.
TEST_F(TouchScriptTest, ALifeIsOverInClusterTime) {
  const Record value = Value(5000, now_ - 60'000);
  key_.Run({"SET", ScriptedKey::kKey, EncodeRecord(value)});
  TouchTerms terms = Terms(value, now_ + kHour);
  terms.clock_offset_ms = 120'000;  // the node is ahead
  EXPECT_EQ(Touch(terms).said, TouchSaid::kTouched);
  key_.Run({"SET", ScriptedKey::kKey, EncodeRecord(Value(4000, now_ + 60'000))});
  terms.seen = Value(4000, now_ + 60'000);
  terms.clock_offset_ms = -120'000;
  EXPECT_EQ(Touch(terms).said, TouchSaid::kEnded);
}

TEST_F(TouchScriptTest, OtherValuesAreLeftAlone) {
  const Record seen = Value(5000);
  key_.Store(Value(6000));
  EXPECT_EQ(Touch(Terms(seen, 0)).said, TouchSaid::kOlder);
  key_.Store(Value(4000));
  EXPECT_EQ(Touch(Terms(seen, 0)).said, TouchSaid::kChanged);
  key_.Store(Value(-1000));
  EXPECT_EQ(Touch(Terms(seen, 0)).said, TouchSaid::kNewer);
  EXPECT_FALSE(Held().touched);
}

TEST_F(TouchScriptTest, IsRefusedWhenItComesTooLate) {
  const Record value = Value(5000);
  key_.Store(value);
  TouchTerms terms = Terms(value, 0);
  terms.latest_ms = now_ - 1;
  EXPECT_EQ(Touch(terms).said, TouchSaid::kTooLate);
  EXPECT_FALSE(Held().touched);
}

TEST_F(TouchScriptTest, AClockOfOnesCarries) {
  Record value = Value(5000);
  value.version.clock = UINT64_MAX;
  key_.Store(value);
  EXPECT_EQ(Touch(Terms(value, now_ + kHour)).said, TouchSaid::kTouched);
  const Record held = Held();
  EXPECT_EQ(held.version.timestamp, value.version.timestamp + 1);
  EXPECT_EQ(WrittenAtMs(held.version, true), now_);
  EXPECT_TRUE(IsSameValue(held, value));
  EXPECT_EQ(Touch(Terms(held, now_ + kHour, 5)).said, TouchSaid::kTouched);
}

TEST_F(TouchScriptTest, TheHighestTimestampAndAVeryOldValueCannotBeTouched) {
  Record value = Value(5000);
  value.version = {UINT64_MAX, UINT64_MAX};
  key_.Store(value);
  TouchTerms terms = Terms(value, 0);
  terms.timestamp = UINT64_MAX;
  EXPECT_EQ(Touch(terms).said, TouchSaid::kUntouched);
  key_.Run({"DEL", ScriptedKey::kKey});
  const Record old = Value(int64_t{1} << kTouchAgeBits);
  key_.Store(old);
  EXPECT_EQ(Touch(Terms(old, 0)).said, TouchSaid::kUntouched);
  key_.Run({"DEL", ScriptedKey::kKey});
  const Record young = Value((int64_t{1} << kTouchAgeBits) - 1);
  key_.Store(young);
  EXPECT_EQ(Touch(Terms(young, 0)).said, TouchSaid::kTouched);
  EXPECT_EQ(WrittenAtMs(Held().version, true), now_);
}

TEST_F(TouchScriptTest, AStandInTouchesItsCopiesAlone) {
  const Record value = Value(5000);
  key_.Store(value);
  TouchTerms terms = Terms(value, now_ + kHour);
  terms.home = false;
  EXPECT_EQ(Touch(terms).said, TouchSaid::kAbsent);
  const std::string copy = WithStandInFlag(EncodeRecord(value), true);
  key_.Run({"SET", ScriptedKey::kKey, copy, "PXAT", std::to_string(now_ + kHour / 2)});
  EXPECT_EQ(Touch(terms).said, TouchSaid::kTouched);
  EXPECT_TRUE(Held().stand_in);
  EXPECT_EQ(key_.End(), now_ - 5000 + kHour) << "the value's stamp counts";
}

TEST_F(TouchScriptTest, AStandInRemembersAShorterLife) {
  const Record value = Value(5000);
  const std::string copy = WithStandInFlag(EncodeRecord(value), true);
  key_.Run({"SET", ScriptedKey::kKey, copy, "PXAT", std::to_string(now_ + kHour / 2)});
  TouchTerms terms = Terms(value, now_ + 1000);
  terms.home = false;
  EXPECT_EQ(Touch(terms).said, TouchSaid::kTouched);
  EXPECT_EQ(key_.End(), now_ + 1000 + kHour);
}

TEST_F(TouchScriptTest, ALargeValueStaysAsItIs) {
  const std::string large(1 << 20, '\xFF');
  const Record value = Value(5000, 0, large);
  key_.Store(value);
  EXPECT_EQ(Touch(Terms(value, now_ + kHour)).said, TouchSaid::kTouched);
  EXPECT_EQ(Held().value, large);
}

// A node that is not whole, say: what it holds may be younger than the life that the touch ends.
TEST_F(TouchScriptTest, IsRememberedUpToTheLimitWhereTheNodeMayNotKnowTheLife) {
  const Record value = Value(5000, now_ + 2000);
  TouchTerms terms = Terms(value, now_ + 1000);
  terms.ends_unknown = true;
  key_.Store(value, now_ + 2000);
  Touch(terms);
  EXPECT_EQ(key_.End(), now_ + 1000 + kHour);
}

TEST_F(TouchScriptTest, IsRememberedUpToTheLimitWhereTheNodeMissedALongerLife) {
  const Record value = Value(5000, now_ + 60'000);
  key_.Store(value, now_ + 60'000);
  const Record longer = Touch(Terms(value, now_ + 2 * kHour, -100)).record;
  key_.Run({"DEL", ScriptedKey::kKey});
  key_.Store(value, now_ + 60'000);
  Touch(Terms(longer, now_ + 1000));
  EXPECT_EQ(key_.End(), now_ + 1000 + kHour);
}

// So that a hint finds it.
TEST_F(TouchScriptTest, IsKeptForAWhileHoweverShortTheLife) {
  const Record value = Value(5000, now_ + 500);
  key_.Store(value, now_ + 60'000);
  key_.Run({"PEXPIREAT", ScriptedKey::kKey, std::to_string(now_ + 5000)});
  TouchTerms terms = Terms(value, now_ + 1000);
  terms.least_ms = 20'000;
  Touch(terms);
  EXPECT_GE(key_.End(), now_ + 20'000);
}

TEST_F(TouchScriptTest, LeavesHintsWhereItWasTaken) {
  const auto touch = [this](const TouchTerms& terms) {
    return DecodeTouchAnswer(TouchWithHint(terms).text).said;
  };
  const Record value = Value(5000);
  EXPECT_EQ(touch(Terms(value, now_ + kHour)), TouchSaid::kAbsent);
  EXPECT_EQ(key_.Run({"EXISTS", "hints"}).integer, 0);
  key_.Store(value, now_ + kHour);
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(touch(Terms(value, now_ + kHour)), TouchSaid::kTouched);
    EXPECT_EQ(key_.Run({"SISMEMBER", "hints", "kk"}).integer, 1);
    EXPECT_EQ(key_.End(), now_ + 3 * kHour);
    key_.Run({"DEL", "hints"});
  }
}

// As set-with-hints has it: the touch is done, so no error ends the script.
TEST_F(TouchScriptTest, IsDoneThoughItsHintIsRefused) {
  const Record value = Value(5000);
  for (const char* command : {"sadd", "scard", "pexpireat"}) {
    key_.Store(value);
    Touch(Terms(value, now_ + kHour));
    key_.Run({"ACL", "SETUSER", "default", std::string("-") + command});
    const redis::Reply reply = TouchWithHint(Terms(value, now_ + kHour));
    key_.Run({"ACL", "SETUSER", "default", "allcommands"});
    ASSERT_EQ(reply.elements.size(), 2u) << command << reply.text;
    EXPECT_EQ(DecodeTouchAnswer(reply.elements[0].text).said, TouchSaid::kTouched);
    EXPECT_EQ(redis::ClassifyError(reply.elements[1].text), redis::ErrorKind::kNoPerm) << command;
    EXPECT_EQ(Held().expires_at_ms, now_ + kHour);
    key_.Run({"DEL", ScriptedKey::kKey, "hints"});
  }
}

TEST_F(TouchScriptTest, AValueOfAnotherClockThatBeginsAlikeIsLeftAlone) {
  Record other = Value(5000);
  other.version.clock += 1 << 16;
  key_.Store(other);
  EXPECT_EQ(Touch(Terms(Value(5000), 0)).said, TouchSaid::kChanged);
  EXPECT_FALSE(Held().touched);
}

TEST_F(TouchScriptTest, OfTwoLivesWithOneHashTheLaterEndWins) {
  const int64_t first = now_ + kHour;
  int64_t second = first + 1;
  while (HashOfLife(second) != HashOfLife(first)) ++second;
  const Record value = Value(5000);
  key_.Store(value);
  EXPECT_EQ(Touch(Terms(value, first)).said, TouchSaid::kTouched);
  EXPECT_EQ(Touch(Terms(value, second)).said, TouchSaid::kTouched);
  EXPECT_EQ(Touch(Terms(value, first)).said, TouchSaid::kNewer);
  EXPECT_EQ(Held().expires_at_ms, second);
}

}  // namespace
}  // namespace kache
