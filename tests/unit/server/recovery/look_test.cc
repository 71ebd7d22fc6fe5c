#include "server/recovery/look.h"

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

Reply LookReply() {
  return Array({Reply::String("run-1"), Reply::String("100000"),
                Reply::String("kache1 whole 00000000000000ff run-1 cache-a 12 1000 0 arcs"),
                Reply::String(""),
                Texts({"00000000000000aa", "99000 3000 12", "00000000000000bb", "80000 3000 0",
                       "no id", "99000 3000 12"}),
                Texts({"cache-b 00000000000000bb", "3 90000", "nonsense", "3 90000"}),
                Reply::String("00000000000000aa"),
                Texts({"done", "10", "left", "20", "per_second", "5", "from:cache-b", "run-2"}),
                Texts({"cache-c"}), Reply::String(""),
                Texts({"swept", "70000", "due", "1", "cursor", "77"}), Reply::Integer(42),
                Texts({"cache-a", "cache-b"})});
}

TEST(Look, IsParsed) {
  const auto look = ParseLook(LookReply());
  ASSERT_TRUE(look.has_value());
  EXPECT_EQ(look->run_id, "run-1");
  EXPECT_EQ(look->now_ms, 100000);
  ASSERT_TRUE(look->marker.has_value());
  EXPECT_TRUE(look->marker->whole);
  ASSERT_EQ(look->coordinators.size(), 2u);
  EXPECT_EQ(look->coordinators[0].coordinator, 0xAAu);
  EXPECT_EQ(look->coordinators[0].age, absl::Seconds(1));
  EXPECT_EQ(look->coordinators[0].settled, 12u);
  EXPECT_FALSE(look->coordinators[0].Silent());
  EXPECT_TRUE(look->coordinators[1].Silent());
  ASSERT_EQ(look->missed.size(), 1u);
  EXPECT_EQ(look->missed[0].about.node, "cache-b");
  EXPECT_EQ(look->missed[0].note.number, 3u);
  EXPECT_EQ(look->resync_holder, 0xAAu);
  EXPECT_EQ(ProgressNumber(*look, "left"), 20);
  EXPECT_EQ(ProgressNumber(*look, "nothing"), 0);
  EXPECT_TRUE(HasBroughtFrom(*look, "cache-b", "run-2"));
  EXPECT_FALSE(HasBroughtFrom(*look, "cache-b", "run-3"));
  EXPECT_FALSE(HasBroughtFrom(*look, "cache-c", "run-2"));
  EXPECT_EQ(look->members, (std::vector<std::string>{"cache-a", "cache-b"}));
  EXPECT_EQ(look->forsaken, std::vector<std::string>{"cache-c"});
  EXPECT_FALSE(look->sweep_holder.has_value());
  EXPECT_EQ(look->swept_ms, 70000);
  EXPECT_TRUE(look->sweep_due);
  EXPECT_EQ(look->sweep_cursor, "77");
  EXPECT_EQ(look->keys, 42u);
}

TEST(Look, ToleratesForeignContent) {
  Reply reply = LookReply();
  reply.elements[2] = Reply::String("something else");
  const auto look = ParseLook(reply);
  ASSERT_TRUE(look.has_value());
  EXPECT_TRUE(look->has_marker);
  EXPECT_FALSE(look->marker.has_value());
}

TEST(Look, RefusesOtherAnswers) {
  EXPECT_FALSE(ParseLook(Reply::Error("ERR no")).has_value());
  EXPECT_FALSE(ParseLook(Reply::Nil()).has_value());
  Reply shorter = LookReply();
  shorter.elements.pop_back();
  EXPECT_FALSE(ParseLook(shorter).has_value());
}

}  // namespace
}  // namespace kache
