// The scripts of leases, in a real redis-server.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "server/replication/lease.h"
#include "server/replication/lease_scripts.h"
#include "tests/testing/scripted_key.h"

namespace kache {
namespace {

using testing::IsAcknowledged;
using testing::ScriptedKey;

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kSkew = 5000;
constexpr uint64_t kOther = 0xABCDE00000000000;
constexpr uint64_t kCoordinator = 0x1234560000000000;
constexpr uint32_t kNode = 7;

class LeaseScriptTest : public ::testing::Test {
 protected:
  LeaseScriptTest() {
    for (const redis::Script* script : {&LeaseScript(), &CheckLease()}) {
      EXPECT_EQ(key_.Run({"SCRIPT", "LOAD", script->source}).text, script->sha1);
    }
    now_ = key_.NowMs();
  }

  static uint64_t TimestampAt(int64_t ms) { return static_cast<uint64_t>(ms) << 16; }
  Record Value(int64_t age_ms, int64_t expires_at_ms = 0) const {
    return {{TimestampAt(now_ - age_ms), kOther | 0x1234}, expires_at_ms, false, "value"};
  }
  Record Tombstone(int64_t age_ms) const {
    return {{TimestampAt(now_ - age_ms), kOther | 0x1234}, now_ + kHour, true, {}};
  }
  LeaseTerms Terms(int64_t lease_ms = 10'000) {
    LeaseTerms terms;
    terms.floor = {TimestampAt(now_ - kSkew), kCoordinator};
    terms.lease_ms = lease_ms;
    terms.latest_ms = now_ + kHour;
    terms.node_id = kNode;
    terms.asker = ++askers_;
    return terms;
  }
  LeaseAnswer Ask(const LeaseTerms& terms) {
    reply_ =
        key_.Run({"EVALSHA", LeaseScript().sha1, "1", ScriptedKey::kKey, EncodeLeaseTerms(terms)});
    const std::optional<LeaseAnswer> answer = DecodeLeaseAnswer(reply_.text);
    EXPECT_TRUE(answer.has_value()) << reply_.text;
    return answer.value_or(LeaseAnswer());
  }
  LeaseAnswer Ask() { return Ask(Terms()); }
  redis::Reply Check(const Version& token, uint32_t node = kNode) {
    return key_.Run(
        {"EVALSHA", CheckLease().sha1, "1", ScriptedKey::kKey, EncodeLeaseCheck(token, node)});
  }
  // As a put with that stamp.
  redis::Reply Fill(const Version& token, int64_t expires_at_ms = 0) {
    Record fill{token, expires_at_ms, false, "filled"};
    return key_.Store(EncodeStamped(&fill), expires_at_ms, kHour);
  }

  ScriptedKey key_;
  int64_t now_ = 0;
  uint64_t askers_ = 0;
  redis::Reply reply_;  // LeaseAnswer::record points into it
};

TEST_F(LeaseScriptTest, AValueIsAHit) {
  const std::string value = EncodeRecord(Value(1000, now_ + kHour));
  key_.Store(value, now_ + kHour);
  EXPECT_EQ(Ask().said, LeaseSaid::kLive);
  EXPECT_EQ(Ask().record, value);
  EXPECT_EQ(key_.Value(), value);
}

TEST_F(LeaseScriptTest, TheFirstWhoMissesHasTheLeaseAndTheOthersWait) {
  const LeaseAnswer first = Ask();
  ASSERT_EQ(first.said, LeaseSaid::kGiven);
  EXPECT_EQ(first.token, (Version{TimestampAt(now_ - kSkew), kCoordinator}));
  EXPECT_TRUE(first.held.IsZero());
  const LeaseAnswer second = Ask();
  EXPECT_EQ(second.said, LeaseSaid::kHeld);
  EXPECT_GT(second.left_ms, 9000);
  EXPECT_LE(second.left_ms, 10'000);
  EXPECT_TRUE(Check(first.token).IsInteger(1));
  EXPECT_TRUE(IsAcknowledged(Fill(first.token)));
  EXPECT_EQ(Ask().said, LeaseSaid::kLive);
}

// A command whose reply was lost is sent again.
TEST_F(LeaseScriptTest, WhoAsksTwiceFindsHisOwnLease) {
  const LeaseTerms terms = Terms();
  const Version token = Ask(terms).token;
  EXPECT_EQ(Ask(terms).said, LeaseSaid::kGiven);
  EXPECT_EQ(Ask(terms).token, token);
}

TEST_F(LeaseScriptTest, ALeaseEndsByItself) {
  const Version first = Ask(Terms(1)).token;
  while (key_.Exists()) {
  }
  EXPECT_TRUE(Check(first).IsInteger(0)) << "nothing is held";
  EXPECT_EQ(Ask().said, LeaseSaid::kGiven);
}

TEST_F(LeaseScriptTest, TheNextHolderOfAnEndedLeaseIsAnotherOne) {
  key_.Store(Tombstone(kHour), now_ + kHour);
  const Version first = Ask(Terms(0)).token;
  LeaseTerms later = Terms();
  later.floor.timestamp += 1 << 16;
  const LeaseAnswer second = Ask(later);
  ASSERT_EQ(second.said, LeaseSaid::kGiven);
  EXPECT_EQ(DecodeVersion(Check(first).text), Tombstone(kHour).version);
  EXPECT_TRUE(Check(second.token).IsInteger(1));
}

TEST_F(LeaseScriptTest, TheTokenIsAboveARecentDeleteAndBelowEveryLaterStamp) {
  key_.Store(Tombstone(1000), now_ + kHour);
  const LeaseAnswer lease = Ask();
  ASSERT_EQ(lease.said, LeaseSaid::kGiven);
  EXPECT_EQ(lease.held, Tombstone(1000).version);
  EXPECT_GT(lease.token, lease.held);
  EXPECT_EQ(lease.token.timestamp, lease.held.timestamp);
  EXPECT_EQ(lease.token.clock, kOther | 0x10000);
}

TEST_F(LeaseScriptTest, AMarkReadsAsWhatItStandsOn) {
  key_.Store(Tombstone(1000), now_ + kHour);
  Ask();
  Record held = DecodeRecord(key_.Value()).record;
  EXPECT_TRUE(held.tombstone);
  EXPECT_EQ(held.version, Tombstone(1000).version);
  EXPECT_EQ(held.expires_at_ms, now_ + kHour);
  EXPECT_EQ(key_.End(), now_ + kHour) << "the delete is remembered as before";
  EXPECT_EQ(DecodeVersion(key_.Store(Value(2000)).text), held.version) << "and beats older values";
}

TEST_F(LeaseScriptTest, AMarkOnNothingBeatsNothing) {
  Ask();
  EXPECT_TRUE(IsAcknowledged(key_.Store(Value(kHour))));
}

TEST_F(LeaseScriptTest, AnEndedValueMayBeFilled) {
  const Record value = Value(kHour, now_ - 1);
  key_.Run({"SET", ScriptedKey::kKey, EncodeRecord(value), "PXAT", std::to_string(now_ + 20'000)});
  const LeaseAnswer lease = Ask(Terms(5000));
  ASSERT_EQ(lease.said, LeaseSaid::kGiven);
  EXPECT_EQ(lease.held, value.version);
  EXPECT_TRUE(DecodeRecord(key_.Value()).record.tombstone);
  EXPECT_EQ(key_.End(), now_ + 20'000);
  EXPECT_TRUE(IsAcknowledged(Fill(lease.token)));
}

TEST_F(LeaseScriptTest, EveryWriteEndsTheLease) {
  const Version token = Ask().token;
  ASSERT_TRUE(IsAcknowledged(key_.Store(Value(3000))));  // of a host that is 3 s behind
  EXPECT_EQ(DecodeVersion(Check(token).text), Value(3000).version);
  EXPECT_FALSE(IsAcknowledged(Fill(token)));
  key_.Run({"DEL", ScriptedKey::kKey});
  const Version second = Ask().token;
  ASSERT_TRUE(IsAcknowledged(key_.Store(Tombstone(0), now_ + kHour)));
  EXPECT_EQ(DecodeVersion(Check(second).text), Tombstone(0).version);
  EXPECT_FALSE(IsAcknowledged(Fill(second)));
}

// A value that came and went meanwhile must not be followed by what was read before it.
TEST_F(LeaseScriptTest, AValueThatEndsBeforeTheFillIsRemembered) {
  const Version token = Ask(Terms(60'000)).token;
  const Record value = Value(0, now_ + 20);
  ASSERT_TRUE(IsAcknowledged(key_.Store(EncodeRecord(value), value.expires_at_ms, kHour)));
  EXPECT_GE(key_.End(), now_ + 60'000);
  while (key_.NowMs() < now_ + 30) {
  }
  EXPECT_EQ(DecodeVersion(Check(token).text), value.version);
  EXPECT_FALSE(IsAcknowledged(Fill(token)));
  // Who misses it may fill it anew.
  const LeaseAnswer next = Ask();
  EXPECT_EQ(next.said, LeaseSaid::kGiven);
  EXPECT_GT(next.token, value.version);
  EXPECT_EQ(DecodeVersion(Check(token).text), value.version) << "not the old one";
}

TEST_F(LeaseScriptTest, ASecondAttemptOfAFillIsTheSame) {
  const Version token = Ask().token;
  Fill(token);
  EXPECT_TRUE(Check(token).IsInteger(1));
  EXPECT_TRUE(IsAcknowledged(Fill(token)));
}

TEST_F(LeaseScriptTest, ACopiedMarkIsNoLease) {
  key_.Store(Tombstone(1000), now_ + kHour);
  const Version token = Ask().token;
  EXPECT_EQ(DecodeVersion(Check(token, kNode + 1).text), Tombstone(1000).version);
  LeaseTerms elsewhere = Terms();
  elsewhere.node_id = kNode + 1;
  EXPECT_EQ(Ask(elsewhere).said, LeaseSaid::kGiven);
}

TEST_F(LeaseScriptTest, NoLeaseIsGivenTooLate) {
  LeaseTerms terms = Terms();
  terms.latest_ms = now_ - 1;
  EXPECT_EQ(Ask(terms).said, LeaseSaid::kTooLate);
  EXPECT_FALSE(key_.Exists());
}

TEST_F(LeaseScriptTest, ALifeIsOverInClusterTime) {
  const Record value = Value(kHour, now_ + 60'000);
  key_.Store(EncodeRecord(value), now_ + kHour);
  LeaseTerms terms = Terms();
  terms.clock_offset_ms = -120'000;  // the node is behind
  EXPECT_EQ(Ask(terms).said, LeaseSaid::kGiven);
}

TEST_F(LeaseScriptTest, ForeignValuesAreReplacedAndNewerFormatsAreNot) {
  key_.Run({"RPUSH", ScriptedKey::kKey, "list"});
  EXPECT_EQ(Ask().said, LeaseSaid::kGiven);
  std::string newer = EncodeRecord(Value(1000));
  newer[2] = 2;
  key_.Run({"SET", ScriptedKey::kKey, newer});
  EXPECT_EQ(Ask().said, LeaseSaid::kLive);
  EXPECT_EQ(key_.Value(), newer);
}

// As where nothing is held: a mark on nothing knows of no delete.
TEST_F(LeaseScriptTest, AWriteThatComesTooLateDoesNotReplaceAMarkOnNothing) {
  Ask();
  const redis::Reply late = key_.Store(Value(kHour), 0, 0, now_ - 1);
  EXPECT_TRUE(late.IsInteger(kTooLateReply));
}

}  // namespace
}  // namespace kache
