#include "server/bookkeeping/inspection.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

using redis::Reply;

Reply Array(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::kArray;
  reply.elements = std::move(elements);
  return reply;
}

Reply Texts(const std::vector<std::string>& texts) {
  std::vector<Reply> elements;
  for (const std::string& text : texts) elements.push_back(Reply::String(text));
  return Array(std::move(elements));
}

Reply InspectionReply() {
  return Array({Reply::String("run-1"),
                Reply::String("100000"),
                Reply::String("kache1 whole 00000000000000ff run-1 cache-a 12 1000 0 arcs"),
                Reply::String(""),
                Texts({"00000000000000aa", "99000 3000 12", "00000000000000bb", "80000 3000 0",
                       "no id", "99000 3000 12"}),
                Texts({"cache-b 00000000000000bb", "3 90000", "nonsense", "3 90000"}),
                Reply::String("00000000000000aa"),
                Texts({"done", "10", "left", "20", "per_second", "5", "from:cache-b", "run-2"}),
                Texts({"cache-c", "95000"}),
                Reply::String(""),
                Texts({"swept", "70000", "due", "80000", "cursor", "77"}),
                Reply::Integer(42),
                Texts({"cache-a", "cache-b"}),
                Texts({"00000000000000aa", "1 99000 3000 12 00000000000000ff run-1,-"}),
                Reply::Integer(1),
                Reply::String("17"),
                Reply::String("2"),
                Texts({"00000000000000bb", "1 98000 lost", "00000000000000cc", "1 97000 closing",
                       "no id", "1 98000 lost"}),
                Reply::String("1048576"),
                Array({Reply::Integer(7), Reply::Integer(-1)})});
}

TEST(Inspection, IsParsed) {
  const auto inspection = ParseInspection(InspectionReply());
  ASSERT_TRUE(inspection.has_value());
  EXPECT_EQ(inspection->run_id, "run-1");
  EXPECT_EQ(inspection->now_ms, 100000);
  ASSERT_TRUE(inspection->marker.has_value());
  EXPECT_TRUE(inspection->marker->whole);
  ASSERT_EQ(inspection->heartbeats.size(), 2u);
  EXPECT_EQ(inspection->heartbeats[0].coordinator, 0xAAu);
  EXPECT_EQ(inspection->heartbeats[0].at_ms, 99000);
  EXPECT_EQ(inspection->heartbeats[0].drained, FenceNumber{12});
  EXPECT_EQ(inspection->heartbeats[0].ring, 0xFFu);
  // One of the release before, which writes only the other form.
  EXPECT_EQ(inspection->heartbeats[1].coordinator, 0xBBu);
  EXPECT_EQ(inspection->heartbeats[1].ring, 0u);
  ASSERT_EQ(inspection->missed.size(), 1u);
  EXPECT_EQ(inspection->missed[0].about.node, "cache-b");
  EXPECT_EQ(inspection->missed[0].note.number, 3u);
  EXPECT_EQ(inspection->resync_holder, 0xAAu);
  EXPECT_EQ(ProgressNumber(*inspection, "left"), 20);
  EXPECT_EQ(ProgressNumber(*inspection, "nothing"), 0);
  EXPECT_TRUE(HasBroughtFrom(*inspection, "cache-b", "run-2"));
  EXPECT_FALSE(HasBroughtFrom(*inspection, "cache-b", "run-3"));
  EXPECT_FALSE(HasBroughtFrom(*inspection, "cache-c", "run-2"));
  EXPECT_EQ(inspection->members, (std::vector<std::string>{"cache-a", "cache-b"}));
  ASSERT_EQ(inspection->lost.size(), 1u);
  EXPECT_EQ(inspection->lost[0].name, "cache-c");
  EXPECT_EQ(inspection->lost[0].at_ms, 95000);
  EXPECT_FALSE(inspection->sweep_holder.has_value());
  EXPECT_EQ(inspection->swept_ms, 70000);
  EXPECT_EQ(inspection->sweep_due_ms, 80000);
  EXPECT_EQ(inspection->sweep_cursor, "77");
  EXPECT_EQ(inspection->keys, 42u);
  EXPECT_EQ(inspection->marker_text, "kache1 whole 00000000000000ff run-1 cache-a 12 1000 0 arcs");
  EXPECT_TRUE(inspection->evicts);
  EXPECT_EQ(inspection->evicted_keys, 17u);
  EXPECT_EQ(inspection->emptied, 2u);
  EXPECT_EQ(inspection->maxmemory, 1048576u);
  EXPECT_EQ(inspection->hints, (std::vector<int64_t>{7, -1}));
  EXPECT_EQ(inspection->lost_coordinators.size(), 2u);
  EXPECT_TRUE(IsDeclaredLost(*inspection, 0xBB));
  EXPECT_TRUE(IsCutOff(*inspection, 0xBB));
  EXPECT_TRUE(IsDeclaredLost(*inspection, 0xCC));
  EXPECT_FALSE(IsCutOff(*inspection, 0xCC));
  EXPECT_FALSE(IsDeclaredLost(*inspection, 0xAA));
}

TEST(Inspection, KnowsADemandForASweepOfTheReleaseBefore) {
  Reply reply = InspectionReply();
  reply.elements[10] = Texts({"due", "1"});
  EXPECT_EQ(ParseInspection(reply)->sweep_due_ms, 1);
  reply.elements[10] = Texts({"swept", "7"});
  EXPECT_EQ(ParseInspection(reply)->sweep_due_ms, 0);
}

// A later release writes another form beside the one that this one reads.
TEST(Inspection, ReadsTheOldHeartbeatWhereItDoesNotKnowTheNewer) {
  Reply reply = InspectionReply();
  reply.elements[13] = Texts({"00000000000000aa", "2 something else"});
  const auto inspection = ParseInspection(reply);
  ASSERT_TRUE(inspection);
  ASSERT_EQ(inspection->heartbeats.size(), 2u);
  EXPECT_EQ(inspection->heartbeats[0].coordinator, 0xAAu);
  EXPECT_EQ(inspection->heartbeats[0].drained, FenceNumber{12});
  EXPECT_EQ(inspection->heartbeats[0].ring, 0u);
}

// Differences and sums of instants can be told, whatever stands in Redis.
TEST(Inspection, TakesANumberThatIsNoneForNotKnown) {
  for (const char* odd :
       {"-1", "9007199254740993", "9223372036854775807", "-9223372036854775808"}) {
    Reply reply = InspectionReply();
    reply.elements[1] = Reply::String(odd);
    reply.elements[7] = Texts({"done", odd});
    reply.elements[8] = Texts({"cache-c", odd});
    reply.elements[10] = Texts({"swept", odd});
    reply.elements[13] = Texts({"00000000000000aa", std::string("1 ") + odd + " 3000 12 ff run-1"});
    const auto inspection = ParseInspection(reply);
    ASSERT_TRUE(inspection) << odd;
    EXPECT_EQ(inspection->now_ms, 0) << odd;
    EXPECT_EQ(ProgressNumber(*inspection, "done"), 0) << odd;
    ASSERT_EQ(inspection->lost.size(), 1u);
    EXPECT_EQ(inspection->lost[0].at_ms, 0) << odd;
    EXPECT_EQ(inspection->swept_ms, 0) << odd;
    // The one of the release before stands, and another coordinator's.
    for (const Heartbeat& heartbeat : inspection->heartbeats) EXPECT_EQ(heartbeat.ring, 0u) << odd;
  }
}

// Its coordinator has gone: the sweep is as due as it was.
TEST(Inspection, ASweepThatNobodyGoesOnWithIsDue) {
  Reply reply = InspectionReply();
  reply.elements[10] = Texts({"begun_for", "60000"});
  EXPECT_EQ(ParseInspection(reply)->sweep_due_ms, 60000);
  reply.elements[9] = Reply::String("00000000000000aa");
  EXPECT_EQ(ParseInspection(reply)->sweep_due_ms, 0);
  reply.elements[10] = Texts({"begun_for", "60000", "due", "80000"});
  EXPECT_EQ(ParseInspection(reply)->sweep_due_ms, 80000);  // demanded again
  reply.elements[9] = Reply::String("");
  EXPECT_EQ(ParseInspection(reply)->sweep_due_ms, 60000);
}

TEST(Inspection, PassesOverFieldsThatItDoesNotKnow) {
  Reply reply = InspectionReply();
  reply.elements[7] = Texts({"later", "x", "trusted", "77", "done", "not a number"});
  reply.elements[10] = Texts({"later", "x", "swept", "70000", "due", "soon"});
  const auto inspection = ParseInspection(reply);
  ASSERT_TRUE(inspection);
  EXPECT_EQ(ProgressNumber(*inspection, "trusted"), 77);
  EXPECT_EQ(ProgressNumber(*inspection, "done"), 0);
  EXPECT_EQ(inspection->swept_ms, 70000);
  EXPECT_EQ(inspection->sweep_due_ms, 1);  // It is due, whatever is meant.
}

TEST(Inspection, OfANodeThatHoldsNothingIsEmpty) {
  Reply reply = InspectionReply();
  for (size_t i = 2; i < reply.elements.size(); ++i) {
    const bool text = i == 2 || i == 3 || i == 6 || i == 9;
    reply.elements[i] = text ? Reply::String("") : i == 11 ? Reply::Integer(0) : Array({});
  }
  const auto inspection = ParseInspection(reply);
  ASSERT_TRUE(inspection);
  EXPECT_FALSE(inspection->has_marker);
  EXPECT_TRUE(inspection->heartbeats.empty());
  EXPECT_TRUE(inspection->missed.empty());
  EXPECT_FALSE(inspection->resync_holder);
  EXPECT_TRUE(inspection->lost.empty());
  EXPECT_EQ(inspection->sweep_due_ms, 0);
  EXPECT_EQ(inspection->keys, 0u);
}

// A hash that was replaced by something else, or ends within a pair.
TEST(Inspection, ToleratesHashesThatAreNone) {
  for (const size_t place : {4, 5, 7, 8, 10, 12, 13, 17}) {
    for (const Reply& odd :
         {Reply::Nil(), Reply::Integer(7), Texts({"alone"}), Array({Reply::Nil(), Reply::Nil()})}) {
      Reply reply = InspectionReply();
      reply.elements[place] = odd;
      const auto inspection = ParseInspection(reply);
      ASSERT_TRUE(inspection) << place;
      EXPECT_TRUE(inspection->marker) << place;
    }
  }
}

TEST(Inspection, AsksInTheCoordinatorsNameAndLeavesItsHeartbeat) {
  const KeySpace keys("kache:");
  const absl::Time as_of = absl::FromUnixSeconds(1000);
  const redis::Command command = InspectCommand(
      keys, {.coordinator = 0xC0,
             .heartbeat = {absl::Seconds(3), FenceNumber{12}, 0xFF, {{"0123456789"}, {}}, as_of},
             .not_whole = "cache-b cache-c"});
  const std::string wire(command.wire());
  for (const char* part :
       {"kache:m:marker", "kache:m:heartbeats", "kache:m:not-whole", "00000000000000c0",
        "\r\n4000\r\n", "cache-b cache-c", "3000 12 00000000000000ff 01234567,- 1000000 "}) {
    EXPECT_NE(wire.find(part), wire.npos) << part;
  }
}

TEST(Inspection, ToleratesForeignContent) {
  Reply reply = InspectionReply();
  reply.elements[2] = Reply::String("something else");
  const auto inspection = ParseInspection(reply);
  ASSERT_TRUE(inspection.has_value());
  EXPECT_TRUE(inspection->has_marker);
  EXPECT_FALSE(inspection->marker.has_value());
}

TEST(Inspection, RefusesOtherAnswers) {
  EXPECT_FALSE(ParseInspection(Reply::Error("ERR no")).has_value());
  EXPECT_FALSE(ParseInspection(Reply::Nil()).has_value());
  Reply shorter = InspectionReply();
  shorter.elements.pop_back();
  EXPECT_FALSE(ParseInspection(shorter).has_value());
}

}  // namespace
}  // namespace kache
